internal import ObjectStorage
internal import Platform

/// The copies beside a store that has a damaged set: a restore takes the objects that the store lacks from them.
///
/// Manifests and indexes are read and their SHA-256 compared. Of a pack only the size is: its SHA-256 covers all of it, so
/// that look would take as long as the restore, which verifies every byte. A verification or a repair that reads packs finds
/// damage that keeps the size.
struct OtherStores: Sendable {
    private let repository: Repository
    private let stores: FallbackStore
    /// The copies that can be used, the nearest first.
    private let copies: [Copy]
    /// By component: the packs of the stores that answer. Many sets may be damaged, and a listing costs minutes.
    private var sizes: [String: [StoredSizes]] = [:]

    private struct Copy: Sendable {
        let sets: Set<Timestamp>
        let marks: SetMarks
    }

    /// Reads the names and the marks of the sets in the copies. Blocks.
    /// - Returns: nil if the repository is read from one store.
    init?(of repository: Repository) {
        guard let stores = repository.store.with(FallbackStore.self) else { return nil }
        (self.repository, self.stores) = (repository, stores)
        copies = stores.answers(skippingFirst: true) { store in
            let copy = repository.on(store)
            return Copy(sets: Set(try copy.setNames()), marks: try SetMarks(Marks(copy)))
        }
    }

    /// Returns why the stores together may not have a component of a set whole that a verification found damaged in the
    /// first one; nil if they have it, as far as the verifications of the copies, the hashes of documents and the sizes of
    /// packs show. Blocks.
    mutating func defect(of component: String, in set: BackupSet) throws -> String? {
        let holders = copies.filter { $0.sets.contains(set.name) }
        guard !holders.isEmpty else { return "a verification found it damaged" }
        // Sizes do not show the damage that a verification found by reading the packs.
        guard holders.contains(where: { ($0.marks[set.name].damage ?? .structure) == .structure }) else {
            return "verifications found it damaged in every store that has it; try `dr repair --read-data`"
        }
        return try lostObject(of: component, in: set).map {
            "a verification found it damaged, and no store that answers has '\($0)' whole"
        }
    }

    private func list(_ component: String) -> [StoredSizes] {
        stores.answers { store in
            let sizes = StoredSizes()
            try sizes.list(component, in: store)
            return sizes
        }
    }

    /// Returns the first object of a component that no store has: a document with the recorded hash, or a pack with the
    /// right size.
    private mutating func lostObject(of component: String, in set: BackupSet) throws -> ObjectKey? {
        let listed = sizes[component] ?? list(component)
        sizes[component] = listed
        do {
            let manifest = try repository.manifest(component, of: set)
            let lost = try SideBySide.map(manifest.packs) { [repository] use -> ObjectKey? in
                do {
                    let index = try repository.index(component, use)
                    return listed.contains { $0.size(of: index.key) == index.object.size } ? nil : index.key
                } catch let error as RepositoryError where error.reason == .damaged {
                    return Layout.index(component, use.pack)
                }
            }
            return lost.compactMap { $0 }.first
        } catch let error as RepositoryError where error.reason == .damaged {
            return set.components[component].map { Layout.manifest(component, $0.manifest) }
        }
    }
}
