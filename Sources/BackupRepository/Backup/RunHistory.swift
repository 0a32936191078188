internal import Cryptography
internal import ObjectStorage
internal import Platform

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
    /// The time of the other tool's backup that the run imports; nil for a backup.
    private let importing: Timestamp?
    /// The SHA-256 of ``newest`` as it is stored; nil if it cannot be read.
    let newestDigest: Digest?
    /// The number of the set of this run.
    let nextNumber: Int
    /// The manifests that this machine made, by component; empty if sets are signed, which proves more.
    private let state: StateFolder
    private let references: [String: (set: Timestamp, part: BackupSet.Component)]

    init(
        _ repository: Repository, started: Timestamp, components: [String], state: StateFolder,
        importing: Timestamp? = nil
    ) throws {
        self.repository = repository
        self.importing = importing
        self.state = state
        now = started
        let scope = repository.scope
        // A set from the future would become the base and the predecessor of all sets until that time.
        let all = try repository.setNames()
        let names = all.filter { !scope.isFuture($0, at: started) }
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
                // Another tool's backup says nothing about the normal size of a component.
                for (component, part) in set.components
                where sought.contains(component) && part.isWhole && set.imported == nil {
                    references[component] = (name, part)
                    sought.remove(component)
                }
            } catch let error as RepositoryError where error.isUnreadable {
                if latest == nil { warnings.append("skipped set \(name): \(error)") }
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue  // a prune removed it after the listing
            }
        }
        if let lastSet = state.lastSet(), !all.contains(lastSet),
            try !PrunedMark.names(in: repository, unreadable: { _ in }).contains(lastSet)
        {
            try? state.recordMissing(lastSet)
            warnings.append(
                "set \(lastSet), which this machine committed, is gone, and no prune removed it\n"
                    + "hint: `dr repair` brings it back if a copy has it; `dr status` repeats this until "
                    + "`dr init --adopt` accepts it")
        }
        if let other, latest != nil {
            warnings.append("the repository also holds sets of stack '\(other)': restores and prunes ignore them")
        }
        let predecessor = try Predecessor(of: names, in: repository, at: started)
        (newest, newestDigest) = (predecessor.name, predecessor.digest)
        // A forged number must not make this set unreadable.
        nextNumber = (predecessor.number.flatMap { $0 < 1 << 40 ? $0 : nil } ?? names.count).addingClamped(1)
        if let before = latest?.recipients, let now = repository.encryption.fingerprints, before != now,
            let name = latest?.name, !state.hasRecipients(now)
        {
            warnings.append(
                "the recipients changed since set \(name): "
                    + Self.difference(from: Set(before), to: Set(now))
                    + "\nhint: keep the keys of the old recipients as well: the packs that this run does not write anew are "
                    + "encrypted to them only"
            )
        }
        warnings += Self.changes(of: repository.encryption.fingerprints, since: latest)
        self.latest = latest
        self.references = references
        self.warnings = warnings
        onlyOtherStack = latest == nil ? other : nil
    }

    /// Encryption that was turned on or off since the set before.
    private static func changes(of recipients: [String]?, since latest: BackupSet?) -> [String] {
        guard let latest else { return [] }
        if recipients == nil, latest.recipients != nil {
            return [
                "set \(latest.name) is encrypted, and this run is not: dr.yaml has no recipients\n"
                    + "hint: any user who can read the store can read what this run stores; add `store: recipients:` again"
            ]
        }
        return []
    }

    private static func difference(from before: Set<String>, to now: Set<String>) -> String {
        let added = now.subtracting(before).sorted().map { "added \($0)" }
        return (added + before.subtracting(now).sorted().map { "removed \($0)" }).joined(separator: ", ")
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

    /// The manifest to build upon, and why it is not the newest.
    struct Base: Sendable {
        /// Nil to read and store all files again.
        var manifest: StoredManifest?
        /// True if every pack of it is known to be encrypted.
        var isEncrypted = false
        /// The recipients of every pack of it; nil if they are not known.
        var recipients: [String]?
        var warning: String?
    }

    /// Returns the base of an incremental backup of a component. There is none for a first backup, and none if the newest
    /// manifest cannot be read: the backup does not build upon damaged data.
    ///
    /// Without signatures, a user with write access to the store can add a set, and its index could give another
    /// content for a file that did not change. So the base is then a manifest that this machine made.
    func base(of component: String) throws -> Base {
        var set = try importing.flatMap { try nearest(to: $0, with: component) } ?? latest
        if set?.components[component] == nil {
            do {
                set = try repository.newestReadableSet {
                    $0.components[component] != nil && repository.scope.owns($0)
                        && !repository.scope.isFuture($0, at: now)
                }
            } catch let error as RepositoryError where error.reason == .encrypted { return Base() }
        }
        guard let newest = set, let part = newest.components[component] else { return Base() }
        var base = Base()
        var (chosen, found) = (part, newest)
        if !repository.signing.isRequired {
            let own = state.ownManifests(of: component)
            if !own.contains(part.sha256.hex) {
                let known =
                    own.isEmpty
                    ? nil
                    : try repository.newestReadableSet {
                        $0.components[component].map { own.contains($0.sha256.hex) } == true
                    }
                base.warning =
                    "\(component): this machine did not make the backup in set \(newest.name), and sets are not signed: "
                    + (known.map { "it builds upon set \($0.name) instead" } ?? "all files are read and stored again")
                guard let known, let part = known.components[component] else { return base }
                (chosen, found) = (part, known)
            }
        }
        // Without a signature any user can claim that the packs are encrypted.
        base.isEncrypted = repository.signing.isRequired && found.recipients != nil
        base.recipients = found.recipients
        do {
            let manifest = try repository.manifest(component, chosen.manifest, sha256: chosen.sha256)
            base.manifest = StoredManifest(manifest: manifest, digest: chosen.sha256)
        } catch let error as RepositoryError where error.isUnreadable {}
        return base
    }
}

extension RunHistory {
    /// The set with the component whose data are nearest to a time, of the next newer and the next older set: another
    /// tool's backups of one series share most of their content.
    private func nearest(to time: Timestamp, with component: String) throws -> BackupSet? {
        let names = try repository.setNames().filter { !repository.scope.isFuture($0, at: now) }
        let newer = names.filter { $0 >= time }.prefix(Self.mostNeighbours)
        let older = names.filter { $0 < time }.suffix(Self.mostNeighbours).reversed()
        let own = repository.signing.isRequired ? nil : Set(state.ownManifests(of: component))
        let found = try [Array(newer), Array(older)].compactMap { names in
            try names.lazy.compactMap { try self.readable($0) }.first { set in
                set.components[component].map { own?.contains($0.sha256.hex) ?? true } == true
            }
        }
        return found.min { abs($0.name.seconds - time.seconds) < abs($1.name.seconds - time.seconds) }
    }

    private static var mostNeighbours: Int { 10 }

    private func readable(_ name: Timestamp) throws -> BackupSet? {
        do {
            let set = try repository.set(name)
            return repository.scope.owns(set) ? set : nil
        } catch let error as RepositoryError where error.isUnreadable || error.reason == .noSuchSet { return nil }
    }
}

/// The set before a run, of any stack.
private struct Predecessor {
    /// The newest set, also one that cannot be read, but not an object that dr did not write.
    private(set) var name: Timestamp?
    /// The SHA-256 of its document; nil if it cannot be read.
    private(set) var digest: Digest?
    /// The number of the newest set that can be read: an unreadable one must not set the count back.
    private(set) var number: Int?

    init(of names: [Timestamp], in repository: Repository, at now: Timestamp) throws {
        for candidate in names.reversed().prefix(Self.most) {
            do {
                let (set, digest) = try repository.document(ofSet: candidate)
                if name == nil { (name, self.digest) = (candidate, digest) }
                guard set.imported == nil else { continue }  // it has no number
                number = set.number
                return
            } catch let error as RepositoryError where error.isUnreadable {
                if name == nil, try !repository.isForeign(candidate, at: now) { name = candidate }
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue  // a prune removed it after the listing
            }
        }
    }

    /// The number of sets that are tried.
    private static let most = 100
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
