internal import BackupRepository
internal import Documents
internal import FoundationEssentials

/// A backup's description of its snapshot.
struct RecordedSnapshot: Sendable {
    struct Index: Sendable {
        var name: String
        /// Aliases, mappings and settings; nil if the index was deleted before they were read.
        var essence: JSONValue?
        /// Nil if the documents could not be counted, as those of a closed index.
        var documents: DocumentCount?
        /// Shards that the snapshot lacks, each with the reason.
        var missingShards: [String] = []
        /// Aliases of this index through which programs write, into this index or another one of the snapshot.
        fileprivate(set) var writeAliases: [String] = []
        /// Those of them that lead to this index alone, and do not have the flag `is_write_index`.
        fileprivate(set) var soleAliases: Set<String> = []

        init(name: String, essence: JSONValue?, documents: DocumentCount?, missingShards: [String] = []) {
            self.name = name
            self.essence = essence
            self.documents = documents
            self.missingShards = missingShards
        }

        private func setting(_ name: String) -> String? { essence?["settings"]?[name]?.text }

        var primaries: Int? { setting("index.number_of_shards").flatMap { Int($0) } }
        var replicas: Int { setting("index.number_of_replicas").flatMap { Int($0) } ?? 0 }
        var lifecycle: String? { setting("index.lifecycle.name") }
        var aliases: [String: JSONValue] { essence?["aliases"]?.object ?? [:] }
        /// True if an alias by which the index rolls over writes into it.
        var isWriteIndex: Bool {
            let rollover = setting("index.lifecycle.rollover_alias")
            return aliases.contains { Alias.flag($0.value) == true } || rollover.map(soleAliases.contains) ?? false
        }
        /// Settings that bind the index to nodes that another cluster may not have.
        var allocationSettings: [String] {
            (essence?["settings"]?.object ?? [:]).keys.filter { $0.hasPrefix("index.routing.allocation.") }.sorted()
        }
    }

    var name: String
    var uuid: String
    var clusterUUID: String
    var product: String
    var version: String
    var indices: [Index]
    var pieces: [ClusterPiece]

    /// Reads a restored tree. Blocks.
    /// - Throws: `ComponentError` if it does not have the form that a backup of this kind writes.
    init(tree: String) throws {
        guard let summary = try Self.document("\(tree)/snapshot.json"), let name = summary["snapshot"]?.text,
            let recorded = summary["indices"]?.object
        else {
            throw ComponentError(
                .damaged, operation: "read '\(tree)/snapshot.json'", "it does not describe a snapshot",
                hint: "run dr verify --read-data to check the set, or choose another one with --at")
        }
        self.name = name
        uuid = summary["uuid"]?.text ?? ""
        clusterUUID = summary["cluster"]?["uuid"]?.text ?? ""
        product = summary["cluster"]?["product"]?.text ?? ""
        version = summary["cluster"]?["version"]?.text ?? ""
        var missing: [String: [String]] = [:]
        for failure in summary["failures"]?.array ?? [] {
            let shard = failure["shard"]?.integer ?? 0
            missing[failure["index"]?.text ?? "", default: []].append(
                "shard \(shard): \(failure["reason"]?.text ?? "no reason given")")
        }
        let all = try recorded.keys.sorted().map { name in
            Index(
                name: name, essence: try Self.document("\(tree)/\(ClusterDocuments.path(ofIndex: name))"),
                documents: DocumentCount(recorded[name]?["documents"]), missingShards: missing[name] ?? [])
        }
        indices = Self.findingWriteAliases(of: all)
        pieces = try ClusterPiece.Kind.allCases.flatMap { kind in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(tree)/\(kind.folder)")) ?? []
            return try names.sorted().compactMap { name in
                try Self.document("\(tree)/\(kind.folder)/\(name)").flatMap { ClusterPiece(kind, document: $0) }
            }
        }
    }

    /// Distinguishes aliases for writing from those for reading only. An alias is for writing if one of its indices has
    /// the flag `is_write_index`, or if it leads to one index and Jaeger does not use it for reading.
    static func findingWriteAliases(of indices: [Index]) -> [Index] {
        var aliases: [String: Alias] = [:]
        for index in indices {
            for (name, properties) in index.aliases {
                aliases[name, default: Alias([:])].members[index.name] = properties
            }
        }
        return indices.map { index in
            var index = index
            index.writeAliases = index.aliases.keys.sorted().filter { name in
                guard let alias = aliases[name] else { return false }
                let isSole = alias.members.count == 1 && alias.writeIndex == index.name && !Alias.isForReading(name)
                if isSole, alias.members.values.allSatisfy({ Alias.flag($0) == nil }) { index.soleAliases.insert(name) }
                return isSole || alias.members.values.contains { Alias.flag($0) != nil }
            }
            return index
        }
    }

    /// Nil if the file does not exist.
    private static func document(_ path: String) throws -> JSONValue? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONValue(parsing: [UInt8](bytes))
        } catch { throw ComponentError(.damaged, operation: "read '\(path)'", "\(error)") }
    }

    /// Refuses a cluster that cannot read the snapshot, with a clearer message than the cluster's.
    func checkFits(_ cluster: ClusterIdentity, operation: String) throws {
        let made = ClusterIdentity(
            product: .init(rawValue: product) ?? .elasticsearch, version: version, name: "", uuid: "")
        let reason: String? =
            switch (made.product, cluster.product) {
            case (.opensearch, .elasticsearch): "Elasticsearch cannot read snapshots of OpenSearch"
            case (.elasticsearch, .opensearch) where made.release > (7, 10) || cluster.release.0 > 2:
                "OpenSearch reads Elasticsearch's snapshots up to 7.10 only, and only before OpenSearch 3"
            case (.elasticsearch, .opensearch): nil
            case _ where made.release > cluster.release: "a snapshot cannot be restored by an older version"
            case _ where cluster.release.0 > made.release.0 + 1:
                "a snapshot can be restored by the next major version at most"
            default: nil
            }
        guard let reason else { return }
        throw ComponentError(
            .misconfigured, operation: operation,
            "\(made.description) made it, this is \(cluster.description): \(reason)",
            hint: "restore into a cluster of the version that made it, and upgrade that cluster")
    }
}
