internal import ObjectStorage

/// The first step of a prune: the intents of earlier prunes, and then every object of the repository.
///
/// The steps are values, each created from the previous one: ``PruneListing``, ``PruneFacts``, ``PruneJudgement``,
/// ``PruneDoomed``, ``PrunePermit``. So no object is doomed without a judgement, and no judgement uses data that were
/// read too early. All steps share the ledger, in which the objects are listed once and then marked as needed.
struct PruneListing: Sendable {
    let prune: Prune
    let clock: PruneClock
    let marks: SetMarks
    let leases: RunLeases
    let intents: [PendingIntent]
    /// The sets by name, with the bytes of their documents.
    let sets: [Timestamp: Int]
    /// Runs with a settled outcome.
    let outcomes: Set<String>
    let ledger: PruneLedger
    let untrusted: [RepositoryError]
    let warnings: [String]

    /// Calls block.
    init(for prune: Prune) throws {
        let store = prune.repository.store
        // Pins and announcements of other machines, up to this moment.
        store.refresh()
        self.prune = prune
        let ledger = try PruneLedger()
        self.ledger = ledger
        untrusted = try UntrustedMarks(in: prune.repository).errors
        marks = try SetMarks(Marks(prune.repository))
        // After a listing, which shows the clock of the store.
        clock = try PruneClock(for: prune)
        leases = try RunLeases(in: Marks(prune.repository), at: clock)
        let announced = try Self.intents(of: prune, at: clock, into: ledger)
        intents = announced.pending
        warnings =
            announced.unusable.filter { $0.isUnreadable }.map {
                "'\($0.object)' cannot be read: this prune does not remove the objects that it announces"
            }
        // After the intents: a backup that finds none of them has its manifest in this listing.
        (sets, outcomes) = try Self.objects(of: store, into: ledger)
    }

    /// Returns the time at which a dropped set may be removed; nil if no intent names it, or the store does not report
    /// times.
    func due(_ set: Timestamp) -> Timestamp? {
        intents.first { $0.intent.sets.contains { $0.name == set } }
            .flatMap { $0.modified == .max ? nil : Timestamp(seconds: $0.modified + prune.grace) }
    }

    /// The intents whose grace period is over.
    var due: [PendingIntent] { intents.filter(\.isDue) }

    /// Returns true if an object is older than the grace period and than every run that may still be in progress.
    func seemsAbandoned(_ modified: Int) -> Bool {
        modified != .max && clock.age(of: modified) >= prune.grace && modified < leases.since
    }

    private static func intents(
        of prune: Prune, at clock: PruneClock, into ledger: PruneLedger
    ) throws -> (pending: [PendingIntent], unusable: [RepositoryError]) {
        var pending: [PendingIntent] = []
        var unusable: [RepositoryError] = []
        let marks = Marks(prune.repository)
        try marks.forEach(PruneIntent.self, unreadable: { unusable.append($0) }) { info, intent in
            let modified = info.modified ?? .max
            pending.append(
                PendingIntent(
                    key: info.key, modified: modified,
                    isDue: modified != .max && clock.age(of: modified) >= prune.grace, intent: intent))
            for (component, packs) in intent.packs {
                for pack in packs { try ledger.announce(component, pack) }
            }
        }
        return (pending, unusable)
    }

    /// Lists every object once; manifests and packs go to the ledger.
    private static func objects(
        of store: any ObjectStore, into ledger: PruneLedger
    ) throws -> (sets: [Timestamp: Int], outcomes: Set<String>) {
        var sets: [Timestamp: Int] = [:]
        var outcomes: Set<String> = []
        try store.enumerate(prefix: "", skipping: Marks.prefix(LedgerEntry.kind)) { object in
            try Task.checkCancellation()
            let parts = object.key.text.split(separator: "/")
            if parts.count == 2, parts[0] == "sets" {
                if let name = Layout.name(of: object.key, suffix: ".json").flatMap({ Timestamp($0) }) {
                    sets[name] = object.size
                }
            } else if parts.count == 3, parts[0] == "marks" {
                if parts[1] == OutcomeMark.kind, let run = Layout.name(of: object.key, suffix: ".json") {
                    outcomes.insert(run)
                }
            } else if parts.count == 3, parts[1] == "backups" {
                if let name = Layout.name(of: object.key, suffix: ".json").flatMap({ Timestamp($0) }) {
                    try ledger.addManifest(
                        String(parts[0]), name.seconds, bytes: object.size, modified: object.modified)
                }
            } else if parts.count == 3, parts[1] == "packs" {
                if let pack = Layout.packID(of: object.key) {
                    try ledger.addPack(
                        String(parts[0]), pack, as: .content, bytes: object.size, modified: object.modified)
                } else if let pack = Layout.indexID(of: object.key) {
                    try ledger.addPack(
                        String(parts[0]), pack, as: .index, bytes: object.size, modified: object.modified)
                }
            }
        }
        return (sets, outcomes)
    }
}

/// An intent that an earlier prune announced.
struct PendingIntent: Sendable {
    let key: ObjectKey
    /// By the store's clock, in seconds since 1970; `Int.max` if the store does not report it.
    let modified: Int
    /// True if its grace period is over.
    let isDue: Bool
    let intent: PruneIntent
}

/// The marks of running backups.
struct RunLeases: Sendable {
    /// Marks older than any run.
    let outlived: [ObjectKey]
    /// Runs that may still be in progress.
    let live: Set<String>
    /// The start of the oldest of them: newer objects may be theirs. `Int.max` without such a run.
    let since: Int

    init(in marks: Marks, at clock: PruneClock) throws {
        var outlived: [ObjectKey] = []
        var live: Set<String> = []
        var since = Int.max
        for lease in try marks.list(RunMark.kind) {
            // A mark without a time of the store's clock never counts as old.
            if clock.age(of: lease.modified ?? .max) > RunMark.life {
                outlived.append(lease.key)
            } else {
                since = min(since, lease.modified ?? 0)
                if let mark = try? marks.read(lease.key, as: RunMark.self) { live.insert(mark.run) }
            }
        }
        (self.outlived, self.live, self.since) = (outlived, live, since)
    }
}
