internal import BackupRepository
internal import Documents
internal import HTTP
internal import Logging

/// Restores indices from a snapshot, a few at a time, and then checks the content of each.
struct IndexRestore: Sendable {
    let api: ElasticsearchAPI
    let cluster: ClusterIdentity
    let repository: String
    let snapshot: String
    let prefix: String?
    /// Longest time without any progress.
    let patience: Duration
    let progress: WorkProgress
    let logger: Logger

    /// One index, to be restored under its name or over an existing one.
    struct Item: Sendable {
        var index: RecordedSnapshot.Index
        var action: IndexPlan.Action
    }

    /// The longest wait for replicas that no node takes; the data are complete without them.
    private static let replicaPatience = Duration.seconds(60)

    private func target(_ index: RecordedSnapshot.Index) -> String { (prefix ?? "") + index.name }

    /// True if an index keeps its lifecycle policy. A write index needs it to roll over, and is not deleted before
    /// that. Other indices keep their age, and the policy might delete them at once.
    private func keepsLifecycle(_ index: RecordedSnapshot.Index) -> Bool {
        prefix == nil && index.isWriteIndex
    }

    /// - Parameter report: called for every item.
    func run(_ items: [Item], report: (ImportedObject) -> Void) async throws {
        for keeps in [false, true] {
            for batch in Self.batches(items.filter { keepsLifecycle($0.index) == keeps }, name: { target($0.index) }) {
                try await restore(batch, report)
            }
        }
    }

    /// The names of the indices must fit into the request line: servers accept 4 KiB.
    static func batches(_ items: [Item], name: (Item) -> String) -> [[Item]] {
        var batches: [[Item]] = []
        var room = 0
        for item in items {
            let length = name(item).utf8.count * 3 + 3  // percent-encoded at worst
            if batches.isEmpty || room < length || batches[batches.count - 1].count == 20 {
                batches.append([])
                room = 3000
            }
            batches[batches.count - 1].append(item)
            room -= length
        }
        return batches
    }

    private func restore(_ batch: [Item], _ report: (ImportedObject) -> Void) async throws {
        do {
            try await start(batch)
        } catch let error as ElasticsearchAPIError {
            // One index that cannot be restored must not fail the others.
            if batch.count > 1, error.reason == .refused || error.reason == .missing {
                for item in batch { try await restore([item], report) }
                return
            }
            let text = "\(error.detail)\(error.hint.map { "; \($0)" } ?? "")"
            for item in batch { finish(.failed, item, details: [text], report: report) }
            return
        }
        let health = try await whole(batch)
        for item in batch { try await judge(item, health: health, report: report) }
    }

    private func finish(
        _ outcome: ImportedObject.Outcome, _ item: Item, details: [String], report: (ImportedObject) -> Void
    ) {
        progress.update { $0.files += 1 }
        report(
            ImportedObject(
                "index", "'\(target(item.index))'", outcome: outcome,
                detail: details.isEmpty ? nil : details.joined(separator: "; ")))
    }

    // MARK: The request

    private func body(_ batch: [Item]) -> JSONValue {
        var ignored = Set(batch.flatMap(\.index.allocationSettings))
        if batch.contains(where: { $0.index.lifecycle != nil && !keepsLifecycle($0.index) }) {
            ignored.insert("index.lifecycle.name")
        }
        var members: [String: JSONValue] = [
            "indices": .string(batch.map(\.index.name).joined(separator: ",")), "ignore_unavailable": false,
            "include_global_state": false,
            // Under another name, an alias would direct searches to both copies.
            "include_aliases": .bool(prefix == nil),
            "partial": .bool(batch.contains { !$0.index.missingShards.isEmpty }),
        ]
        if !ignored.isEmpty { members["ignore_index_settings"] = .array(ignored.sorted().map { .string($0) }) }
        if let prefix {
            members["rename_pattern"] = "(.+)"
            members["rename_replacement"] = .string("\(prefix)$1")
        }
        members.merge(cluster.withoutFeatures) { $1 }
        return .object(members)
    }

    private func start(_ batch: [Item]) async throws {
        let open = batch.filter { $0.action == .replace(isOpen: true) }.map { target($0.index) }
        if !open.isEmpty { try await api.close(open) }
        var pause = Pause()
        let deadline = ContinuousClock.now + patience
        while true {
            do {
                return try await api.restore(snapshot, from: repository, body: body(batch), cluster: cluster)
            } catch let error as ElasticsearchAPIError {
                switch error.reason {
                case .busy where ContinuousClock.now < deadline: try await pause.wait()
                case .answerLost:
                    // If the request arrived, all of them exist and are open.
                    let listed = try await api.indices(matching: batch.map { target($0.index) }.joined(separator: ","))
                    guard listed.count == batch.count, listed.allSatisfy(\.isOpen) else { throw error }
                    return
                default: throw error
                }
            }
        }
    }

    // MARK: Waiting

    /// Waits until the indices are green, or as green as possible with the nodes of this cluster.
    private func whole(_ batch: [Item]) async throws -> ElasticsearchAPI.Health {
        let names = batch.map { target($0.index) }
        var pause = Pause()
        var deadline = ContinuousClock.now + patience
        var yellowSince: ContinuousClock.Instant?
        var seen: (ElasticsearchAPI.Health, Int)?
        let begun = progress.state.bytes
        while true {
            do {
                let health = try await api.health(of: names)
                let recovery = try await api.recovery(of: names)
                progress.update { state in
                    state.bytes = max(state.bytes, begun.plus(recovery.done))
                    state.totalBytes = max(state.totalBytes, state.bytes)
                }
                if seen.map({ $0 != (health, recovery.done) }) ?? true { deadline = .now + patience }
                seen = (health, recovery.done)
                let states = batch.map { health.status[target($0.index)] ?? "red" }
                if states.allSatisfy({ $0 == "green" }) { return health }
                if states.allSatisfy({ $0 != "red" }) {
                    let since = yellowSince ?? .now
                    yellowSince = since
                    let canBeGreen = batch.contains { item in
                        health.status[target(item.index)] == "yellow" && item.index.replicas < health.dataNodes
                    }
                    if !canBeGreen || .now - since > min(Self.replicaPatience, patience) { return health }
                }
            } catch let error as ElasticsearchAPIError {
                guard [.unreachable, .answerLost, .busy].contains(error.reason), ContinuousClock.now < deadline else {
                    throw error
                }
                logger.debug("the cluster does not respond", metadata: ["error": "\(error.detail)"])
            }
            if ContinuousClock.now >= deadline { return seen?.0 ?? ElasticsearchAPI.Health(dataNodes: 0, status: [:]) }
            try await pause.wait()
        }
    }

    // MARK: Checking

    private func judge(_ item: Item, health: ElasticsearchAPI.Health, report: (ImportedObject) -> Void) async throws {
        let index = item.index, name = target(index)
        let status = health.status[name] ?? "red"
        guard status != "red" else {
            return finish(
                .failed, item,
                details: ["its primary shards do not start: GET /_cluster/allocation/explain shows the reason"],
                report: report)
        }
        var details: [String] = []
        var isWhole = true
        let count = try await api.count(name)
        switch (count, index.documents) {
        case (let count?, let recorded?) where !recorded.contains(count):
            isWhole = false
            details.append("it holds \(count) documents, the backup has \(recorded.description)")
        case (nil, _): (isWhole, details) = (false, ["its documents cannot be counted"])
        case (let count?, nil): details.append("\(count) documents; none were counted when it was backed up")
        default: break
        }
        if !index.missingShards.isEmpty {
            isWhole = false
            details.append("the snapshot lacks \(index.missingShards.joined(separator: ", "))")
        }
        if status == "yellow" {
            details.append(
                "yellow: all data are present, \(index.replicas) replicas need more data nodes than "
                    + "\(health.dataNodes)")
        }
        if let lifecycle = index.lifecycle, !keepsLifecycle(index) {
            details.append("without its lifecycle policy '\(lifecycle)', which might delete it at once")
        }
        let allocation = index.allocationSettings
        if !allocation.isEmpty { details.append("without \(allocation.joined(separator: ", "))") }
        let outcome: ImportedObject.Outcome = item.action == .create ? .create : .update
        finish(isWhole ? outcome : .failed, item, details: details, report: report)
    }
}
