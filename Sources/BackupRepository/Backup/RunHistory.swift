internal import Cryptography
internal import ObjectStorage

/// The sets before this run, read once.
struct RunHistory: Sendable {
    private let repository: Repository
    /// The newest set of this run's stack.
    private let latest: BackupSet?
    let warnings: [String]
    /// The newest set, of any stack, that is not from the future.
    let newest: Timestamp?
    /// The stack of the newest set, if there is no set of this run's stack.
    private let onlyOtherStack: String?
    private let now: Timestamp
    private let references: [String: (set: Timestamp, part: BackupSet.Component)]

    init(_ repository: Repository, started: Timestamp, components: [String]) throws {
        self.repository = repository
        now = started
        let scope = repository.scope
        // A set from the future would become the base and the predecessor of all sets until that time.
        let names = try repository.setNames().filter { !scope.isFuture($0, at: started) }
        newest = names.last
        var warnings: [String] = []
        var latest: BackupSet?
        var other: String?
        var references: [String: (set: Timestamp, part: BackupSet.Component)] = [:]
        var sought = Set(components)
        var visited = 0
        for name in names.reversed() {
            guard latest == nil || (!sought.isEmpty && visited < Self.mostReferences) else { break }
            do {
                let set = try repository.set(name)
                guard scope.owns(set) else {
                    other = other ?? set.stack
                    continue
                }
                latest = latest ?? set
                visited += 1
                for (component, part) in set.components where sought.contains(component) && part.isWhole {
                    references[component] = (name, part)
                    sought.remove(component)
                }
            } catch let error as RepositoryError where error.reason == .damaged {
                if latest == nil { warnings.append("skipped set \(name): \(error)") }
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue  // a prune removed it after the listing
            }
        }
        if let other, latest != nil {
            warnings.append("the repository also holds sets of stack '\(other)': restores and prunes ignore them")
        }
        self.latest = latest
        self.references = references
        self.warnings = warnings
        onlyOtherStack = latest == nil ? other : nil
    }

    /// The number of sets that are searched for a whole backup of each component.
    private static let mostReferences = 100

    /// Returns the newest whole backup of a component, the reference for a new one.
    func reference(of component: String) -> (set: Timestamp, part: BackupSet.Component)? { references[component] }

    /// - Throws: `RepositoryError` `.otherStack` if the repository holds only sets of another stack.
    func refuseOtherStack() throws {
        guard let other = onlyOtherStack else { return }
        let name = repository.scope.stack ?? ""
        throw RepositoryError(
            .otherStack, object: repository.store.location,
            "it holds the backups of stack '\(other)', and none of '\(name)'",
            hint: "give each stack a store, or a prefix in it; if this stack was named '\(other)' before, set "
                + "`former_stacks: [\(other)]` in dr.yaml; `dr backup --allow-other-stack` lets both share it")
    }

    /// Returns the newest manifest of a component, the base of an incremental backup. Nil for a first backup, or if the
    /// newest cannot be read: then all files are read again, and the backup does not build upon damaged data.
    func manifest(of component: String) throws -> StoredManifest? {
        var set = latest
        if set?.components[component] == nil {
            set = try repository.newestReadableSet {
                $0.components[component] != nil && repository.scope.owns($0)
                    && !repository.scope.isFuture($0, at: now)
            }
        }
        guard let part = set?.components[component] else { return nil }
        do {
            let manifest = try repository.manifest(component, part.manifest, sha256: part.sha256)
            return StoredManifest(manifest: manifest, digest: part.sha256)
        } catch let error as RepositoryError where error.reason == .damaged {
            return nil
        }
    }
}

/// A manifest with the SHA-256 of its object.
struct StoredManifest: Sendable {
    var manifest: Manifest
    let digest: Digest

    /// Returns the manifest without these packs; the hash stays that of the complete manifest.
    func without(_ packs: Set<String>) -> StoredManifest {
        var copy = self
        copy.manifest.packs.removeAll { packs.contains($0.pack) }
        return copy
    }
}
