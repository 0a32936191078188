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
    /// The stack of the newest set, where there is no set of this run's.
    private let onlyOtherStack: String?
    private let now: Timestamp
    private let references: [String: (set: Timestamp, part: BackupSet.Component)]

    init(_ repository: Repository, started: Timestamp, components: [String]) throws {
        self.repository = repository
        now = started
        let scope = repository.scope
        // One from the future would be the base, and the one before, of all that are made until then.
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
                if latest == nil { warnings.append("passed over set \(name): \(error)") }
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue  // pruned since it was listed
            }
        }
        if let other, latest != nil {
            warnings.append("the repository also holds sets of stack '\(other)': restores and prunes leave them alone")
        }
        self.latest = latest
        self.references = references
        self.warnings = warnings
        onlyOtherStack = latest == nil ? other : nil
    }

    /// Sets that are looked at for a whole backup of each component.
    private static let mostReferences = 100

    /// The newest whole backup of a component, which a new one is compared with.
    func reference(of component: String) -> (set: Timestamp, part: BackupSet.Component)? { references[component] }

    /// - Throws: `RepositoryError` `.otherStack` if the repository holds sets of another stack alone.
    func refuseOtherStack() throws {
        guard let other = onlyOtherStack else { return }
        let name = repository.scope.stack ?? ""
        throw RepositoryError(
            .otherStack, object: repository.store.location,
            "it holds the backups of stack '\(other)', and none of '\(name)'",
            hint: "give each stack a store, or a prefix in it; if this is the stack that was called '\(other)', write "
                + "`former_stacks: [\(other)]` in dr.yaml; `dr backup --allow-other-stack` lets both share it")
    }

    /// The newest manifest of a component, which an incremental backup builds on; nil for a first backup, or when
    /// the newest cannot be read: then everything is read anew, and nothing that is damaged is built upon.
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

    /// The manifest as if these packs were not in use; the hash stays that of the whole.
    func without(_ packs: Set<String>) -> StoredManifest {
        var copy = self
        copy.manifest.packs.removeAll { packs.contains($0.pack) }
        return copy
    }
}
