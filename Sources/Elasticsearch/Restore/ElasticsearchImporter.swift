package import BackupRepository
internal import Documents
internal import HTTP
internal import Logging
package import Platform

/// Restores indices from the snapshot that a backup recorded, with the templates, policies and aliases that Jaeger's
/// next index needs, and verifies them by their document counts.
package struct ElasticsearchImporter: ComponentImporter {
    package static let kind = ElasticsearchSource.kind
    package static let destination = ImportDestination.server

    private let api: ElasticsearchAPI
    private let repository: SnapshotRepository
    private let patience: Duration
    private let pool: BlockingPool

    /// - Parameter patience: longest time that a restore may run without progress.
    package init(
        api: ElasticsearchAPI, repository: SnapshotRepository, patience: Duration = .seconds(900), pool: BlockingPool
    ) {
        self.api = api
        self.repository = repository
        self.patience = patience
        self.pool = pool
    }

    package func run(_ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void) async throws {
        let recorded = try await pool.run { try RecordedSnapshot(tree: request.tree) }
        let operation = "restore snapshot '\(repository.name)/\(recorded.name)' into \(api.location)"
        do {
            try Self.check(prefix: request.prefix, operation)
            let cluster = try await api.cluster()
            try cluster.check(hasAPIKey: api.hasAPIKey, operation: operation)
            try recorded.checkFits(cluster, operation: operation)
            let isRegistered = try await seeToRepository(
                recorded, cluster: cluster, request: request, operation: operation, report: report)
            if isRegistered { try await findSnapshot(recorded, operation) }
            try await importPieces(recorded, cluster: cluster, request: request, report: report)
            try await importIndices(recorded, cluster: cluster, request: request, report: report)
        } catch let error as ElasticsearchAPIError { throw error.asComponentError(operation) }
    }

    /// Index names are lower case and do not begin with `_`, `-` or `+`; `$` and `\` have a meaning in the replacement
    /// for the names.
    private static func check(prefix: String?, _ operation: String) throws {
        guard let prefix else { return }
        let allowed = prefix.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_.".utf8.contains(byte)
        }
        guard allowed, let first = prefix.first, !"-_.".contains(first) else {
            throw ComponentError(
                .misconfigured, operation: operation, "an index name cannot begin with '\(prefix)'",
                hint: "use a-z, 0-9, '-', '_' and '.', and a letter or a digit first: --prefix restored-")
        }
    }

    // MARK: The repository and the snapshot

    /// - Returns: true if the repository is registered now; false in a dry run that would register it.
    private func seeToRepository(
        _ recorded: RecordedSnapshot, cluster: ClusterIdentity, request: ImportRequest, operation: String,
        report: (ImportedObject) -> Void
    ) async throws -> Bool {
        if let present = try await api.repository(repository.name) {
            try repository.check(present, operation: operation)
            guard !repository.isOnlyRead || SnapshotRepository.isReadOnly(present) else {
                throw ComponentError(
                    .refused, operation: operation,
                    "repository '\(repository.name)' is registered for writing in this cluster",
                    hint: "a drill's cluster must not be able to write to the live cluster's snapshots: remove the "
                        + "registration (DELETE /_snapshot/\(repository.name): the data stay), or start the drill's "
                        + "cluster as an empty one")
            }
            report(ImportedObject("repository", "'\(repository.name)'", outcome: .same))
            return true
        }
        // The cluster that made the snapshots may still run and write: two writers destroy a repository.
        let isAnothers = cluster.uuid != recorded.clusterUUID
        let isReadOnly = repository.isOnlyRead || isAnothers
        let why = isAnothers ? "because another cluster made its snapshots" : "as in every drill"
        let detail = repository.description + (isReadOnly ? ", read-only, \(why)" : "")
        if !request.isDryRun {
            try await api.register(
                repository.name, body: repository.registration(isReadOnly: isReadOnly), cluster: cluster)
        }
        report(ImportedObject("repository", "'\(repository.name)'", outcome: .create, detail: detail))
        return !request.isDryRun
    }

    private func findSnapshot(_ recorded: RecordedSnapshot, _ operation: String) async throws {
        guard let present = try await api.snapshot(recorded.name, in: repository.name) else {
            throw ComponentError(
                .refused, operation: operation, "the repository no longer has this snapshot",
                hint: "choose another set with --at (dr list), and check that `repository:` in dr.yaml names the place "
                    + "that the backups went to: \(repository.description)")
        }
        guard present.uuid == recorded.uuid else {
            throw ComponentError(
                .damaged, operation: operation, "the repository has another snapshot of that name, with another uuid",
                hint: "choose another set with --at, and find the other program that writes to this repository")
        }
    }

    // MARK: Templates and policies

    private func importPieces(
        _ recorded: RecordedSnapshot, cluster: ClusterIdentity, request: ImportRequest,
        report: (ImportedObject) -> Void
    ) async throws {
        for piece in recorded.pieces {
            let outcome: (ImportedObject.Outcome, String?)
            do {
                outcome = try await importPiece(piece, cluster: cluster, request: request)
            } catch let error as ElasticsearchAPIError where error.reason == .refused || error.reason == .forbidden {
                outcome = (.failed, "\(error.detail)\(error.hint.map { "; \($0)" } ?? "")")
            }
            report(ImportedObject(piece.kind.rawValue, "'\(piece.name)'", outcome: outcome.0, detail: outcome.1))
        }
    }

    private func importPiece(_ piece: ClusterPiece, cluster: ClusterIdentity, request: ImportRequest) async throws
        -> (ImportedObject.Outcome, String?)
    {
        guard request.prefix == nil else { return (.skipped, "with a prefix, only indices are restored") }
        guard piece.kind.isKnown(to: cluster.product) else {
            return (
                .skipped, "\(cluster.product.rawValue) does not support it: the backup was made from the other product"
            )
        }
        guard let present = try await api.piece(piece.kind, piece.name) else {
            if !request.isDryRun { try await api.put(piece) }
            return (.create, nil)
        }
        if present.body == piece.body { return (.same, nil) }
        guard request.replaces else {
            return (
                .conflict, "the cluster has a different one of this name: --replace overwrites it with the backup's"
            )
        }
        if !request.isDryRun { try await api.put(piece) }
        return (.update, nil)
    }

    // MARK: Indices

    private func importIndices(
        _ recorded: RecordedSnapshot, cluster: ClusterIdentity, request: ImportRequest,
        report: (ImportedObject) -> Void
    ) async throws {
        var around = IndexPlan.Surroundings()
        around.indices = Dictionary(try await api.indices(matching: "*").map { ($0.name, $0) }) { $1 }
        let hasAliases = request.prefix == nil && recorded.indices.contains { !$0.aliases.isEmpty }
        around.aliases = hasAliases ? try await api.aliases() : [:]
        around.replaces = request.replaces
        around.prefix = request.prefix
        var items: [IndexRestore.Item] = []
        for index in recorded.indices {
            let target = (request.prefix ?? "") + index.name
            let action = IndexPlan.action(for: index, present: try await present(target, in: around), in: around)
            switch action {
            case .same: report(ImportedObject("index", "'\(target)'", outcome: .same))
            case .conflict(let obstacle):
                report(ImportedObject("index", "'\(target)'", outcome: .conflict, detail: obstacle))
            case .create, .replace:
                if request.isDryRun {
                    let details = [index.documents.map { "\($0.description) documents" }] + index.missingShards
                    report(
                        ImportedObject(
                            "index", "'\(target)'", outcome: action == .create ? .create : .update,
                            detail: details.compactMap { $0 }.joined(separator: "; ")))
                } else {
                    items.append(IndexRestore.Item(index: index, action: action))
                }
            }
        }
        request.progress.update { [count = items.count] in $0.totalFiles = count }
        try await IndexRestore(
            api: api, cluster: cluster, repository: repository.name, snapshot: recorded.name, prefix: request.prefix,
            patience: patience, progress: request.progress, logger: request.logger
        ).run(items, report: report)
        if request.prefix == nil { try await checkWriters(of: items.map(\.index), before: around.aliases, report) }
    }

    /// Checks after the restore that each alias still has a write index: a rollover may have moved one between the plan
    /// and the restore.
    private func checkWriters(
        of indices: [RecordedSnapshot.Index], before: [String: Alias], _ report: (ImportedObject) -> Void
    ) async throws {
        let names = Set(indices.flatMap(\.writeAliases))
        guard !names.isEmpty else { return }
        let present = try await api.aliases()
        for name in names.sorted() {
            var recorded = Alias([:])
            for index in indices { recorded.members[index.name] = index.aliases[name] }
            guard let alias = present[name], alias.members.count > 1, alias.writeIndex == nil,
                before[name]?.writeIndex != nil || recorded.writeIndex != nil
            else { continue }
            report(
                ImportedObject(
                    "alias", "'\(name)'", outcome: .failed,
                    detail:
                        "it leads to \(alias.members.keys.sorted().joined(separator: ", ")), and has no write index: "
                        + "writes through it are refused. Remove it from all but one of them (POST /_aliases)"))
        }
    }

    private func present(_ name: String, in around: IndexPlan.Surroundings) async throws -> IndexPlan.Present? {
        guard let listed = around.indices[name], let index = try await api.index(name) else { return nil }
        let documents = listed.isOpen ? try await api.count(name) : nil
        return IndexPlan.Present(essence: ClusterDocuments.essence(index), documents: documents)
    }
}
