internal import BackupRepository
internal import Documents
internal import Platform
internal import Synchronization

/// Records the content of a snapshot, and the objects that it lacks, as documents. The cluster's data stay in its
/// repository.
struct ClusterDocuments: Sendable {
    let api: ElasticsearchAPI
    let cluster: ClusterIdentity
    let tree: DocumentTree
    let pool: BlockingPool

    /// Settings that an index and its restored copy do not share, or that no restore can set.
    private static let passing: Set = [
        "index.uuid", "index.creation_date", "index.provided_name", "index.history.uuid",
    ]
    private static let passingPrefixes = [
        "index.version.", "index.resize.", "index.routing.allocation.initial_recovery",
    ]

    /// The definition of an index: everything except its documents.
    static func essence(_ index: JSONValue) -> JSONValue {
        let settings = (index["settings"]?.object ?? [:]).filter { key, _ in
            !passing.contains(key) && !passingPrefixes.contains { key.hasPrefix($0) }
        }
        return [
            "aliases": index["aliases"] ?? [:], "mappings": index["mappings"] ?? [:], "settings": .object(settings),
        ]
    }

    static func path(ofIndex name: String) -> String { "indices/\(DocumentTree.name(for: name)).json" }

    /// - Returns: names of the lifecycle policies that the indices have, and of indices that were deleted meanwhile.
    func writeIndices(_ names: [String], closed: Set<String>) async throws -> (policies: Set<String>, gone: [String]) {
        let seen = Mutex((policies: Set<String>(), gone: [String]()))
        try await names.concurrentForEach(limit: 4) { name in
            guard let index = try await api.index(name) else {
                return seen.withLock { $0.gone.append(name) }
            }
            var document = Self.essence(index)
            document["name"] = .string(name)
            document["isClosed"] = .bool(closed.contains(name))
            let bytes = document.document
            try await pool.run { [tree] in try tree.write(Self.path(ofIndex: name), bytes) }
            if let policy = index["settings"]?["index.lifecycle.name"]?.text {
                seen.withLock { _ = $0.policies.insert(policy) }
            }
        }
        return seen.withLock { ($0.policies, $0.gone.sorted()) }
    }

    /// True if a template applies to one of the indices, or has a name like theirs.
    static func belongs(_ template: ClusterPiece, to indices: [String], matching pattern: IndexPattern) -> Bool {
        pattern.matches(template.name)
            || template.patterns.contains { each in
                // A template that applies to every index belongs to the cluster, not to Jaeger.
                each != "*" && indices.contains { IndexPattern.glob(each, $0) }
            }
    }

    /// Templates that apply to the indices or have a name like theirs, the objects that they refer to, and the
    /// policies.
    /// - Returns: warnings about objects that could not be read.
    func writePieces(of indices: [String], matching pattern: IndexPattern, policies: Set<String>) async throws
        -> [String]
    {
        func belongs(_ template: ClusterPiece) -> Bool { Self.belongs(template, to: indices, matching: pattern) }
        var pieces = try await api.templates(.legacyTemplate).filter(belongs)
        if cluster.hasIndexTemplates { pieces += try await api.templates(.indexTemplate).filter(belongs) }
        var warnings: [String] = []
        for name in Set(pieces.flatMap { ($0.body["composed_of"]?.array ?? []).compactMap(\.text) }).sorted() {
            if let piece = try await api.piece(.componentTemplate, name) { pieces.append(piece) }
        }
        let kind: ClusterPiece.Kind = cluster.product == .elasticsearch ? .ilmPolicy : .ismPolicy
        let named =
            kind == .ilmPolicy
            ? policies.union(pieces.compactMap(\.lifecycle)) : try await api.managedPolicies(of: pattern.text)
        for name in named.sorted() {
            if let piece = try await api.piece(kind, name) {
                pieces.append(piece)
            } else {
                warnings.append("an index or a template refers to \(kind.rawValue) '\(name)', which does not exist")
            }
        }
        try await pool.run { [pieces, tree] in
            for piece in pieces { try tree.write(piece.documentPath, piece.document.document) }
        }
        return warnings
    }
}
