internal import ObjectStorage
package import Platform

/// The protocol that keeps a concurrent backup and prune from harming each other; `docs/repository-format.md`, "Prune",
/// documents it and shows that it is safe.
///
/// A prune announces the objects that it will delete, then reads all manifests, then deletes. A backup writes its
/// manifest, then reads the announcements. In any order, one of the two sees the other. Calls block.
struct RunGuard: Sendable {
    let store: any ObjectStore
    let run: String
    private let marks: Marks
    /// Seconds since 1970: the earlier of this machine's clock and the store's.
    let began: Int
    private let lease: ObjectKey
    /// The prunes that had finished when this run began.
    private let prunesBefore: Set<ObjectKey>
    /// For each component, the packs not to build upon: announced for removal, hardly used, or damaged.
    private let unwanted: [String: Set<String>]
    let warnings: [String]

    /// Announces the run, then reads the marks. Call it before reading anything that the run builds upon.
    init(_ repository: Repository, run: String, now: Timestamp) throws {
        store = repository.store
        self.run = run
        let marks = Marks(repository)
        self.marks = marks
        let mark = try marks.begin(RunMark(at: now, run: run))
        lease = mark.key
        began = min(now.seconds, mark.modified ?? now.seconds)
        prunesBefore = Set(try marks.list(PrunedMark.kind).map(\.key))
        var unwanted: [String: Set<String>] = [:]
        var unusable: [RepositoryError] = []
        func note(_ error: RepositoryError) { unusable.append(error) }
        try marks.forEach(PruneIntent.self, unreadable: note) { _, intent in
            for (component, packs) in intent.packs { unwanted[component, default: []].formUnion(packs) }
        }
        try marks.forEach(UnwantedMark.self, unreadable: note) { _, mark in
            for (component, packs) in mark.packs { unwanted[component, default: []].formUnion(packs) }
        }
        // Damaged content is stored again while the source still has it.
        for (component, packs) in try SampledMark.newest(in: marks, unreadable: note).state?.damaged ?? [:] {
            unwanted[component, default: []].formUnion(packs)
        }
        self.unwanted = unwanted
        warnings = RepositoryError.warnings(aboutMarks: unusable)
    }

    func unwanted(_ component: String) -> Set<String> { unwanted[component] ?? [] }

    /// Returns the packs of a manifest that are gone or may be removed at any time. Call it when the manifest is in the
    /// store.
    func doomed(of manifest: Manifest) throws -> Set<String> {
        try doomed(Set(manifest.packs.map(\.pack)), of: manifest.component)
    }

    /// Returns those of `used` that are gone or may be removed at any time.
    func doomed(_ used: Set<String>, of component: String) throws -> Set<String> {
        var doomed: Set<String> = []
        try marks.forEach(PruneIntent.self, unreadable: { _ in }) { _, intent in
            doomed.formUnion(used.intersection(intent.packs[component] ?? []))
        }
        // In this order: an intent that no longer exists was carried out, and its prune wrote a mark before that.
        let prunes = try marks.list(PrunedMark.kind)
        if prunes.contains(where: { !prunesBefore.contains($0.key) }) {
            doomed.formUnion(try missing(used.subtracting(doomed), of: component))
        }
        return doomed
    }

    private func missing(_ used: Set<String>, of component: String) throws -> Set<String> {
        var packs = used, indexes = used
        try store.list(prefix: Layout.packPrefix(component), after: nil) { object in
            if let pack = Layout.packID(of: object.key) {
                packs.remove(pack)
            } else if let pack = Layout.indexID(of: object.key) {
                indexes.remove(pack)
            }
            return .proceed
        }
        return packs.union(indexes)
    }

    /// Makes the newly written set final.
    /// - Throws: ``RunGivenUp`` if a prune took this run for dead; the set is then removed.
    func settle(_ set: BackupSet, now: Timestamp) throws {
        guard try OutcomeMark.settle(run, as: .committed, at: now, in: marks) == .void else { return }
        if let refused = try store.delete([Layout.set(set.name)]).first { throw refused }
        throw RunGivenUp(run: run)
    }

    /// Records the end of the run, successful or not. A later prune removes the mark if this cannot.
    func end() throws {
        if let refused = try store.delete([lease]).first { throw refused }
    }
}

/// The run took so long that a prune abandoned it and removed its objects.
package struct RunGivenUp: OperationError {
    var run: String

    package var reasonCode: String { "run_given_up" }
    package var place: ErrorPlace { ErrorPlace(object: run, text: "") }

    package var detail: String {
        "run \(run) took longer than \(RunMark.life / 86_400) days, so a prune abandoned it: no set was written"
    }

    package var hint: String? {
        "run `dr backup` again; if runs take this long, back up some components at a time with --component"
    }
}

/// Prunes kept removing packs that a backup was about to use.
struct PacksPruned: OperationError {
    var packs: Set<String>

    var reasonCode: String { "backup_failed" }
    var place: ErrorPlace { ErrorPlace() }
    var detail: String { "\(packs.count) packs that it builds upon are being pruned, repeatedly" }
    var hint: String? { "run `dr backup` again when no prune is running" }
}
