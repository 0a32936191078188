internal import ObjectStorage
package import Platform

extension SetCopy {
    /// Finds the sets that a copy would pass over, because the source has packs that the other store lacks in an archive
    /// class. It reads documents and no pack, and only lists the source if no pack there is archived.
    /// - Parameters:
    ///   - target: nil if the other store has no repository yet.
    ///   - isRepair: as ``isRepair``.
    ///   - sourceCopy: as ``sourceCopy``.
    /// - Returns: the sets with the reasons that ``run(_:)`` would give, in the order of `sets`.
    package static func passedOver(
        _ sets: [Timestamp], from source: Repository, to target: Repository?, isRepair: Bool = false,
        sourceCopy: String? = nil, pool: BlockingPool
    ) async throws -> [UncopiedSet] {
        guard !sets.isEmpty, source.store.tiering != nil,
            try await pool.run({ try ArchivedPacks.areListed(in: source.store) })
        else { return [] }
        let replacesDamaged = isRepair && source.signing.isRequired
        let (cold, presence) = (ColdSource(source.store), StoredSizes())
        var failed: [UncopiedSet] = []
        for name in sets {
            do {
                let packs = try await pool.run { () throws -> [String: [String]] in
                    let set = try source.set(name)
                    var packs: [String: [String]] = [:]
                    for component in set.components.keys.sorted() {
                        if let target { try presence.list(component, in: target.store) }
                        packs[component] = try source.manifest(component, of: set).packs.map(\.pack).filter {
                            replacesDamaged || !presence.isWhole($0, of: component)
                        }
                    }
                    return packs
                }
                let unreadable = try await cold.unreadable(packs, pool: pool) { object in
                    presence.has(object, replacingDamaged: replacesDamaged)
                }
                try ArchivedPacks(unreadable, of: name).requireReadable(
                    to: isRepair ? .repair : .copy, inCopy: sourceCopy)
            } catch let error as RepositoryError where !error.stopsCopy {
                failed.append(UncopiedSet(set: name, reason: error.reasonNotToCopy))
            }
        }
        return failed
    }
}
