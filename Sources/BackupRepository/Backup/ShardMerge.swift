internal import Cryptography
internal import ObjectStorage
internal import Platform
internal import Synchronization

/// Adds the entries that shards have stored to the catalog of a base: the comparison then finds these files unchanged.
///
/// A shard is another process, so its manifest is not trusted to be complete: the caller compares the whole tree with the
/// result. It speaks only for regular files of its share, in its own packs, if they are in the store with their size.
struct ShardMerge: Sendable {
    let repository: Repository
    let component: String
    /// The random id of the run that the shards belong to.
    let run: String
    /// The packs of the base. Entries in them are in the catalog.
    let base: Set<String>
    /// Packs not to build upon.
    let unwanted: Set<String>
    let pool: BlockingPool

    struct Result: Sendable {
        var packs: [Manifest.PackUse] = []
        /// First path components of the entries.
        var tops: Set<[UInt8]> = []
        /// The recipients of each pack; nil if they are not known.
        var recipients: Set<String>?
        var warnings: [String] = []
    }

    func merge(_ parts: [ComponentJob.Part], into catalog: Catalog) async throws -> Result {
        var result = Result()
        result.recipients = repository.encryption.fingerprints.map(Set.init)
        let stored = try await pool.run { try storedPacks() }
        for part in parts {
            let name = "part \(part.shard.index) of \(part.shard.count)"
            do {
                let (packs, tops) = try await add(part, to: catalog, taken: Set(result.packs.map(\.pack)), stored)
                guard !packs.isEmpty else { continue }
                result.packs += packs
                result.tops.formUnion(tops)
                result.recipients = part.recipients.flatMap { result.recipients?.intersection($0) }
            } catch let error as RepositoryError where error.isUnreadable {
                result.warnings.append("\(component): the files of \(name) are read again: \(error)")
            }
        }
        return result
    }

    /// The sizes of all packs of the component, by their ids.
    private func storedPacks() throws -> [String: Int] {
        var sizes: [String: Int] = [:]
        try repository.store.list(prefix: Layout.packPrefix(component), after: nil) { object in
            let isClear = Layout.name(of: object.key, suffix: Layout.packSuffixes[0]) != nil
            if let id = Layout.packID(of: object.key), !isClear || !repository.encryption.refusesClear {
                sizes[id] = object.size
            }
            return .proceed
        }
        return sizes
    }

    private func add(
        _ part: ComponentJob.Part, to catalog: Catalog, taken: Set<String>, _ stored: [String: Int]
    ) async throws -> (packs: [Manifest.PackUse], tops: Set<[UInt8]>) {
        let key = Layout.manifest(component, part.manifest).text
        let manifest = try await pool.run {
            try repository.manifest(component, part.manifest, sha256: part.sha256)
        }
        guard manifest.run == run, manifest.shard == part.shard else {
            throw RepositoryError.damaged(key, "it is not the manifest of this part")
        }
        let packs = manifest.packs.filter { !base.contains($0.pack) }
        guard packs.allSatisfy({ !taken.contains($0.pack) && !unwanted.contains($0.pack) }) else {
            throw RepositoryError.damaged(key, "it names a pack that is not its own")
        }
        let known = base.union(packs.map(\.pack))
        let tops = Mutex<Set<[UInt8]>>([])
        do {
            let filler = CatalogFiller(repository: repository, pool: pool)
            try await filler.add(packs, of: component, to: catalog) { index, entries in
                guard stored[index.pack] == index.object.size else {
                    throw RepositoryError.damaged(key, "the store does not have its pack \(index.pack) with its size")
                }
                guard entries.allSatisfy({ $0.record.kind == .file && part.shard.contains($0.record.path) }) else {
                    throw RepositoryError.damaged(key, "it has an entry that is not a file of this part")
                }
                guard index.members.allSatisfy({ $0.from.map { known.contains($0.pack) } ?? true }) else {
                    throw RepositoryError.damaged(key, "it refers to a pack that is not its own")
                }
                tops.withLock { $0.formUnion(entries.lazy.map { TreeChanges.top(of: $0.record.path) }) }
            }
        } catch {
            _ = try await pool.run { try catalog.forget(packs: packs.map(\.pack)) }
            throw error
        }
        return (packs, tops.withLock { $0 })
    }
}
