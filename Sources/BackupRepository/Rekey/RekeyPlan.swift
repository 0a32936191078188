internal import Cryptography
internal import ObjectStorage
internal import Platform

/// The sets that are copied, with all that they refer to.
struct RekeyPlan: Sendable {
    struct Pack: Sendable {
        let component: String
        let use: Manifest.PackUse
    }

    /// Oldest first.
    private(set) var sets: [BackupSet] = []
    /// By the SHA-256 of the manifest in the source.
    private(set) var manifests: [Digest: Manifest] = [:]
    /// By pack id.
    private(set) var packs: [String: Pack] = [:]
    /// Bytes of the packs in the source.
    private(set) var bytes = 0
    private(set) var failed: [UncopiedSet] = []

    /// Blocks. Reads the sets and their manifests.
    init(of names: [Timestamp], in source: Repository) throws {
        for name in names.sorted() {
            try Task.checkCancellation()
            do { try add(try source.set(name), in: source) } catch let error as RepositoryError
                where error.reason == .damaged || error.reason == .encrypted && source.encryption.opensDocuments
            {
                failed.append(UncopiedSet(set: name, reason: error.detail))
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue  // a prune removed it after the listing
            }
        }
        for component in Set(packs.values.map(\.component)) {
            try source.store.list(prefix: Layout.packPrefix(component), after: nil) { object in
                if let id = Layout.packID(of: object.key), packs[id] != nil { bytes = bytes.addingClamped(object.size) }
                return .proceed
            }
        }
    }

    private mutating func add(_ set: BackupSet, in source: Repository) throws {
        var found: [Digest: Manifest] = [:]
        for (component, part) in set.components where manifests[part.sha256] == nil {
            let manifest = try source.manifest(component, of: set)
            for use in manifest.packs {
                if let known = packs[use.pack], known.component != component || known.use.index != use.index {
                    throw RepositoryError.damaged(
                        Layout.index(component, use.pack).text, "two manifests record different hashes of it")
                }
            }
            found[part.sha256] = manifest
        }
        for manifest in found.values {
            for use in manifest.packs where packs[use.pack] == nil {
                packs[use.pack] = Pack(component: manifest.component, use: use)
            }
        }
        manifests.merge(found) { first, _ in first }
        sets.append(set)
    }

    /// The packs, each with the newest set that needs it.
    var needs: PackNeeds {
        var needs = PackNeeds()
        for set in sets {
            for part in set.components.values {
                if let manifest = manifests[part.sha256] { needs.add(manifest, of: set.name) }
            }
        }
        return needs
    }

    /// The numbers of the copied sets: without gaps, and the newest keeps its own.
    var numbers: [Timestamp: Int] {
        guard let last = sets.last?.number, last >= sets.count else {
            return Dictionary(uniqueKeysWithValues: sets.enumerated().map { ($1.name, $0 + 1) })
        }
        return Dictionary(
            uniqueKeysWithValues: sets.enumerated().map { ($1.name, last - sets.count + 1 + $0) })
    }
}
