package import BackupRepository
internal import Documents
internal import HTTP
internal import Logging
package import Platform

/// Backs up Jaeger's indices with a snapshot that Elasticsearch or OpenSearch makes into its own repository: copies of
/// a running cluster's files cannot be restored. `dr` stores a description of the snapshot and of its gaps.
package struct ElasticsearchSource: ComponentSource {
    package static let kind = "elasticsearch"

    let api: ElasticsearchAPI
    let repository: SnapshotRepository
    let pattern: IndexPattern
    let patience: Duration
    let pool: BlockingPool
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - indices: a multi-index expression: "jaeger-*".
    ///   - patience: longest time that a snapshot may run without progress.
    ///   - now: milliseconds since 1970.
    package init(
        api: ElasticsearchAPI, repository: SnapshotRepository, indices: String, patience: Duration = .seconds(900),
        pool: BlockingPool, now: @escaping @Sendable () -> Int
    ) {
        self.api = api
        self.repository = repository
        pattern = IndexPattern(indices)
        self.patience = patience
        self.pool = pool
        self.now = now
    }

    var operation: String { "snapshot of '\(pattern.text)' of \(api.location)" }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        do {
            return try await captured(context)
        } catch let error as ElasticsearchAPIError { throw error.asComponentError(operation) }
    }

    /// Indices that hold documents and no span are not Jaeger's: the age of their data is not known.
    private static func newestDatum(_ newest: Int?, counts: [String: Int], began: Int) -> NewestDatum {
        if newest == nil, counts.values.contains(where: { $0 > 0 }) { return .ofCapture }
        return NewestDatum(newest, copiedFrom: began)
    }

    private func captured(_ context: CaptureContext) async throws -> any Capture {
        let cluster = try await api.cluster()
        try cluster.check(hasAPIKey: api.hasAPIKey, operation: operation)
        try await api.ensureWritable(repository, cluster, operation: operation)
        var warnings = await removeLeftovers(context)
        let listed = try await api.indices(matching: pattern.text)
        guard !listed.isEmpty else { throw nothingMatches }
        // Read before the snapshot begins: it holds everything that is visible now. A span from a clock that is ahead
        // must not make the backup look newer than it is.
        let began = now()
        let newest = try await api.newestSpan(in: pattern.text)
        let before = try await api.counts(of: listed.filter(\.isOpen).map(\.name))

        let stamp = "\(Timestamp(seconds: now() / 1000))".lowercased()
        let run = SnapshotRun(
            api: api, cluster: cluster, repository: repository.name, name: "dr-\(stamp)-\(context.run.prefix(8))",
            indices: pattern.text, context: context, patience: patience, pool: pool)
        let (snapshot, note) = try await run.make()
        do {
            let tree = try await pool.run { try DocumentTree(in: context.state, run: context.run) }
            do {
                let record = try await write(
                    snapshot, cluster: cluster, before: before, into: tree, warnings: &warnings)
                try Task.checkCancellation()
                return ElasticsearchCapture(
                    tree: tree, note: note, watermark: newest.map { min($0, began) },
                    newestDatum: Self.newestDatum(newest, counts: before, began: began),
                    facts: facts(snapshot, cluster: cluster, record: record, run: context.run), warnings: warnings,
                    missing: snapshot.damage, pool: pool)
            } catch {
                try? await pool.run { try tree.release() }
                throw error
            }
        } catch {
            await run.takeBack(note)
            throw error
        }
    }

    private var nothingMatches: ComponentError {
        ComponentError(
            .misconfigured, operation: operation, "no index matches '\(pattern.text)'",
            hint: "check `indices:`: with --es.index-prefix=prod Jaeger's are named prod-jaeger-*; "
                + "GET /_cat/indices lists the indices of the cluster")
    }

    // MARK: Documents

    private struct Record: Sendable {
        var indices: [String: JSONValue] = [:]
        /// The total of the indices that could be counted; nil if none could be, such as closed ones.
        var documents: Int?
        var counts: [String: DocumentCount] = [:]
    }

    private func write(
        _ snapshot: SnapshotInfo, cluster: ClusterIdentity, before: [String: Int], into tree: DocumentTree,
        warnings: inout [String]
    ) async throws -> Record {
        do {
            try await api.refresh(pattern.text)
        } catch let error as ElasticsearchAPIError where error.reason == .forbidden {
            warnings.append(
                "the newest documents may be missing in the counts of indices: \(error.hint ?? error.detail)")
        }
        let listed = try await api.indices(matching: pattern.text)
        let closed = Set(listed.filter { !$0.isOpen }.map(\.name))
        let sizes = Dictionary(listed.map { ($0.name, $0.size) }) { $1 }
        let after = try await api.counts(of: snapshot.indices.filter { !closed.contains($0) })
        var record = Record()
        for name in snapshot.indices {
            // An index that was created meanwhile had no documents before.
            let count = after[name].map { DocumentCount(least: before[name] ?? 0, most: $0) }
            if let count {
                record.documents = (record.documents ?? 0).plus(count.least)
                record.counts[name] = count
            }
            record.indices[name] = [
                "documents": count?.json ?? .null, "bytes": (sizes[name] ?? nil).map { JSONValue($0) } ?? .null,
            ]
        }
        let documents = ClusterDocuments(api: api, cluster: cluster, tree: tree, pool: pool)
        let (policies, gone) = try await documents.writeIndices(snapshot.indices, closed: closed)
        warnings += gone.map { "index '\($0)' was deleted after the snapshot: its settings were not recorded" }
        warnings += try await documents.writePieces(of: snapshot.indices, matching: pattern, policies: policies)
        if !snapshot.dataStreams.isEmpty {
            warnings.append(
                "the snapshot holds the data streams \(snapshot.dataStreams.joined(separator: ", ")): "
                    + "restore these by hand, see docs/elasticsearch.md")
        }
        let summary = snapshot.document(repository, cluster, indices: record.indices)
        try await pool.run {
            try tree.write("snapshot.json", summary.document)
            try tree.removeTheRest()
        }
        return record
    }

    private func facts(_ snapshot: SnapshotInfo, cluster: ClusterIdentity, record: Record, run: String)
        -> [String: String]
    {
        var facts = [
            "url": api.location, "cluster": cluster.name, "version": cluster.description,
            "repository": repository.name, "repository place": repository.description, "snapshot": snapshot.name,
            "uuid": snapshot.uuid, "run": run, "state": snapshot.state, "indices": "\(snapshot.indices.count)",
            "shards": "\(snapshot.successfulShards) of \(snapshot.shards)",
        ]
        facts["documents"] = record.documents.map { "\($0)" }
        facts["documents by index"] = DocumentCount.fact(record.counts)
        return facts
    }

    // MARK: Leftovers of earlier runs

    /// Removes the snapshots of runs that were killed before they wrote their set.
    /// - Returns: warnings about snapshots that could not be removed.
    private func removeLeftovers(_ context: CaptureContext) async -> [String] {
        let notes = await pool.run { SnapshotNote.abandoned(in: context.state) }
        var warnings: [String] = []
        for note in notes {
            do {
                if let left = try await api.snapshot(note.snapshot, in: note.repository), left.run == note.run {
                    try await api.deleteSnapshot(note.snapshot, in: note.repository)
                    context.logger.debug("removed the snapshot of a killed run", metadata: ["name": "\(note.snapshot)"])
                }
                await pool.run { note.remove() }
            } catch {
                warnings.append("snapshot '\(note.snapshot)' of a killed run could not be removed: \(error)")
            }
        }
        return warnings
    }

    package func forget(
        _ facts: [String: String], keeping: @Sendable () async throws -> [[String: String]]
    ) async throws {
        guard let name = facts["snapshot"], let place = facts["repository"], let run = facts["run"] else { return }
        let operation = "delete snapshot '\(place)/\(name)' of \(api.location)"
        do {
            if place == repository.name {
                try await api.ensureWritable(repository, try await api.cluster(), operation: operation)
            }
            guard let present = try await api.snapshot(name, in: place) else { return }
            guard try await !keeping().contains(where: { $0["snapshot"] == name && $0["repository"] == place }) else {
                throw ComponentError(
                    .refused, operation: operation, "a kept backup set needs it",
                    hint: "dr did not delete it; the announcement of its removal is wrong or forged")
            }
            guard present.run == run, facts["uuid"].map({ $0 == present.uuid }) ?? true else {
                throw ComponentError(
                    .refused, operation: operation, "another snapshot has that name, and dr did not make it",
                    hint: "dr did not delete it; find the other program that writes to this repository")
            }
            try await api.deleteSnapshot(name, in: place)
        } catch let error as ElasticsearchAPIError { throw error.asComponentError(operation) }
    }
}

extension SnapshotInfo {
    /// The missing parts, shard by shard. Their paths are not those of documents, which stay in the backup.
    var damage: [Damage] {
        guard state == "PARTIAL" else { return [] }
        let named = failures.map { Damage(path: "shards/\($0.index)/\($0.shard)", reason: $0.reason) }
        let unnamed = shards - successfulShards - failures.count
        guard unnamed > 0 else { return named }
        return named + [Damage(path: "shards", reason: "\(unnamed) shards are missing from the snapshot")]
    }

    /// Everything that a restore or an operator needs to know about the snapshot.
    func document(_ repository: SnapshotRepository, _ cluster: ClusterIdentity, indices: [String: JSONValue])
        -> JSONValue
    {
        var registration = repository.registration(isReadOnly: false)
        registration["name"] = .string(repository.name)
        return [
            "repository": registration, "snapshot": .string(name), "uuid": .string(uuid), "state": .string(state),
            "run": run.map { .string($0) } ?? .null,
            "cluster": [
                "name": .string(cluster.name), "uuid": .string(cluster.uuid),
                "product": .string(cluster.product.rawValue), "version": .string(cluster.version),
            ],
            "indices": .object(indices), "dataStreams": .array(dataStreams.map { .string($0) }),
            "shards": ["total": JSONValue(shards), "successful": JSONValue(successfulShards)],
            "failures": .array(
                failures.map {
                    ["index": .string($0.index), "shard": JSONValue($0.shard), "reason": .string($0.reason)]
                }),
            "started": started.map { JSONValue($0) } ?? .null, "finished": finished.map { JSONValue($0) } ?? .null,
        ]
    }
}
