/// The packs that a restore or a verification reads. For each, the newest of the sets that need it: a thaw of that set
/// makes it readable.
///
/// Memory: about a hundred bytes for each pack.
package struct PackNeeds: Sendable {
    /// For each component, the sets by the ids of their packs.
    private(set) var sets: [String: [String: Timestamp]] = [:]

    package init() {}

    /// The needs of a restore of whole components of a set.
    package init(_ manifests: [Manifest], of set: Timestamp) {
        for manifest in manifests { add(manifest, of: set) }
    }

    package mutating func add(_ manifest: Manifest, of set: Timestamp) {
        for use in manifest.packs {
            let known = sets[manifest.component]?[use.pack] ?? set
            sets[manifest.component, default: [:]][use.pack] = max(known, set)
        }
    }

    /// Forgets packs.
    /// - Parameter isForgotten: called with the id of a pack and its component.
    mutating func remove(where isForgotten: (_ pack: String, _ component: String) -> Bool) {
        for (component, packs) in sets {
            let kept = packs.filter { !isForgotten($0.key, component) }
            sets[component] = kept.isEmpty ? nil : kept
        }
    }
}
