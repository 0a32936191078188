internal import ObjectStorage

/// `prune`: the objects that a prune will delete, written before it deletes any, removed when all are deleted.
package struct PruneIntent: Mark {
    package static let kind: String = "prune"
    package static let roles: Set<SignerRole> = [.prune]
    package var format: Int = RepositoryFormat.version
    package var kind: String = PruneIntent.kind
    package var takesAway: Bool { true }
    package static var isPrivate: Bool { true }
    package var at: Timestamp
    package var tool: String
    package var sets: [DroppedSet]
    /// Manifests that belong to no set, by component.
    package var orphans: [String: [OrphanManifest]]
    /// Packs that no kept manifest names, by component. Their indexes go with them.
    package var packs: [String: [String]]

    package struct DroppedSet: Codable, Equatable, Sendable {
        package var name: Timestamp
        package var reasons: [String]
        package var manifests: [DroppedManifest]
    }

    package struct DroppedManifest: Codable, Equatable, Sendable {
        package var component: String
        package var name: Timestamp
        package var source: String
        /// For ``ComponentSource/forget(_:)``; empty if the manifest could not be read.
        package var facts: [String: String]
    }

    package struct OrphanManifest: Codable, Equatable, Sendable {
        package var name: Timestamp
        /// The run of the backup that wrote it; absent in manifests of early versions and in unreadable ones.
        package var run: String?
    }

    var isEmpty: Bool {
        sets.isEmpty && orphans.values.allSatisfy(\.isEmpty) && packs.values.allSatisfy(\.isEmpty)
    }
}

/// `pruned`: the sets that prunes have removed, if an existing set names one of them as its previous set.
package struct PrunedMark: Mark {
    package static let kind: String = "pruned"
    package static let roles: Set<SignerRole> = [.prune]
    package var format: Int = RepositoryFormat.version
    package var kind: String = PrunedMark.kind
    package var takesAway: Bool { true }
    package var at: Timestamp
    package var tool: String
    package var sets: [Timestamp]

    /// Returns the sets that prunes have removed, or are about to: the absence of such a set is not damage.
    static func names(in repository: Repository, unreadable: (RepositoryError) -> Void) throws -> Set<Timestamp> {
        let marks = Marks(repository)
        var names: Set<Timestamp> = []
        // Intents first: one that is carried out meanwhile is then in a mark.
        try marks.forEach(PruneIntent.self, unreadable: unreadable) { _, intent in
            names.formUnion(intent.sets.map(\.name))
        }
        try marks.forEach(PrunedMark.self, unreadable: unreadable) { _, mark in names.formUnion(mark.sets) }
        return names
    }
}

/// `unwanted`: packs of which only a little is needed, or which are damaged or gone, so that the next backup stores that
/// part again and no longer needs the pack. It costs space, so each trusted signer may write it.
struct UnwantedMark: Mark {
    static let kind: String = "unwanted"
    var format: Int = RepositoryFormat.version
    var kind: String = UnwantedMark.kind
    var takesAway: Bool { true }
    var at: Timestamp
    var tool: String
    /// By component, in order.
    var packs: [String: [String]]
}

extension Marks {
    /// Makes the next backup store the content of damaged packs again, as far as the source still has it.
    /// - Parameters:
    ///   - objects: keys of packs, indexes and other objects, from a verification.
    /// - Returns: notes for the user.
    package func replace(_ objects: some Sequence<String>, tool: String, at now: Timestamp) throws -> [String] {
        var packs: [String: Set<String>] = [:]
        for key in objects.lazy.compactMap(ObjectKey.init) {
            let parts = key.text.split(separator: "/")
            guard parts.count == 3, parts[1] == "packs", let id = Layout.packID(of: key) ?? Layout.indexID(of: key)
            else { continue }
            packs[String(parts[0]), default: []].insert(id)
        }
        guard !packs.isEmpty else { return [] }
        if let reason = refusalToSign(as: UnwantedMark.roles, at: now) {
            return [
                "the next backup still builds upon the damaged packs: the note for it must be signed, and \(reason)"
            ]
        }
        try put(UnwantedMark(at: now, tool: tool, packs: packs.mapValues { $0.sorted() }))
        return []
    }
}
