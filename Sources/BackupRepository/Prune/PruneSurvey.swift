internal import Cryptography
internal import ObjectStorage
internal import Platform
internal import Retention
internal import Synchronization

/// All that a prune must know before it deletes or announces anything, gathered in the order that makes it safe:
/// intents first, then everything that exists.
struct PruneSurvey: Sendable {
    let prune: Prune
    let ledger: PruneLedger
    /// By this machine's clock.
    let now: Timestamp
    /// Seconds since 1970: the earlier of this machine's clock and the store's, so that neither can make things look
    /// older than they are.
    let storeNow: Int
    private(set) var pending: [PendingIntent] = []
    /// Outlived marks of runs.
    private(set) var oldLeases: [ObjectKey] = []
    /// When the oldest run began that may still be on its way; what is younger may be its.
    private(set) var protectedSince = Int.max
    private var liveRuns: Set<String> = []

    private(set) var setBytes: [Timestamp: Int] = [:]
    private(set) var marks: SetMarks
    private(set) var plan: RetentionPlan
    private(set) var kept: Set<Timestamp> = []
    /// By kept set, until when what it needs is to be locked, in seconds since 1970; empty where nothing is.
    private(set) var lockEnds: [Timestamp: Int] = [:]
    /// Sets of runs that were given up: no sets at all.
    private(set) var deadSets: [Timestamp] = []
    /// Runs that can commit nothing any more, and those of them that never did.
    private(set) var settled: Set<String> = []
    private(set) var void: Set<String> = []
    var sealed: [String: String] = [:]
    private(set) var frozen: [PruneReport.Refusal] = []
    private(set) var warnings: [String] = []
    /// Manifests without a set whose runs seem to be dead; not announced yet or announced, but not settled.
    var orphans: [(component: String, manifest: PruneIntent.OrphanManifest)] = []
    /// Of dropped sets that no intent names yet.
    var dropped: [PruneIntent.DroppedSet] = []
    private(set) var sparse: SparsePacks

    struct PendingIntent: Sendable {
        var key: ObjectKey
        var modified: Int
        var isDue: Bool
        var intent: PruneIntent
    }

    var repository: Repository { prune.repository }
    private var store: any ObjectStore { repository.store }
    private var reserve: SpaceReserve { SpaceReserve(store: store) }

    init(_ prune: Prune) async throws {
        self.prune = prune
        let ledger = try PruneLedger()
        self.ledger = ledger
        let now = prune.now()
        self.now = now
        let store = prune.repository.store
        let isDryRun = prune.isDryRun
        storeNow = try await prune.pool.run {
            guard !isDryRun else { return now.seconds }
            return min(now.seconds, try SpaceReserve(store: store).spending { try Self.storeClock(store, now) })
        }
        marks = try await prune.pool.run { try SetMarks(Marks(store)) }
        plan = decide([], policy: prune.policy, circumstances: PruneCircumstances(now: now.seconds))
        sparse = SparsePacks()

        try await gather()
        if marks.lostPins.isEmpty == false {
            refuse(
                "a mark that pins a set cannot be read: \(marks.lostPins[0].object)", "restore or remove that object")
        }
        warnings += marks.unreadable.map { "passed over a mark: \($0)" }
    }

    /// The time of the store's clock, read from an object that is written: an empty one, which a full disk still takes.
    private static func storeClock(_ store: any ObjectStore, _ now: Timestamp) throws -> Int {
        let key = ObjectKey(trusted: "marks/probe/\(RandomID.make())")  // checked: digits
        let modified = try store.put(key, [], PutOptions(.ifAbsent)).modified
        if let refused = try store.delete([key]).first { throw refused }
        return modified ?? now.seconds
    }

    private mutating func refuse(_ reason: String, _ remedy: String) {
        frozen.append(.init(reason: reason, remedy: remedy))
    }

    /// Whether the manifest with this hash is one that a set names.
    func isInUse(_ component: String, manifest digest: String) throws -> Bool {
        guard let digest = Digest(hex: digest) else { return false }
        return try ledger.isNamed(component, digest: digest.bytes)
    }

    /// When a dropped set may be removed, where an intent names it.
    func due(_ set: Timestamp) -> Timestamp? {
        pending.first { $0.intent.sets.contains { $0.name == set } }
            .map { Timestamp(seconds: $0.modified + prune.grace) }
    }

    func reasons(of decision: RetentionDecision) -> [String] {
        let name = Timestamp(seconds: decision.set.time)
        if unreadable[name] != nil { return ["its document cannot be read: \(unreadable[name] ?? "")"] }
        return decision.reasons.map(\.text)
    }

    private var unreadable: [Timestamp: String] = [:]
    private var outcomes: Set<String> = []

    // MARK: Gathering

    private mutating func gather() async throws {
        let listed = try await prune.pool.run { [self] in
            var survey = self
            try survey.readIntents()
            let names = try survey.list()
            return (names, survey)
        }
        self = listed.1
        var facts = try await readSets(listed.0)
        let late = try await prune.pool.run { [self] in
            var survey = self
            return (try survey.settleOrphans(), survey)
        }
        self = late.1
        facts += try await readSets(late.0)
        try await judge(facts)
        self = try await prune.pool.run { [self] in
            var survey = self
            try survey.sortOrphans()
            return survey
        }
        try await holdDropped()
    }

    private mutating func readIntents() throws {
        let marks = Marks(store)
        for lease in try marks.list(RunMark.kind) {
            // Without a time of the store's it cannot be told to be old.
            if storeNow - (lease.modified ?? storeNow) > RunMark.life {
                oldLeases.append(lease.key)
            } else {
                protectedSince = min(protectedSince, lease.modified ?? 0)
                if let mark = try? marks.read(lease.key, as: RunMark.self) { liveRuns.insert(mark.run) }
            }
        }
        var damaged: [String] = []
        var found: [PendingIntent] = []
        try marks.forEach(PruneIntent.self, unreadable: { damaged.append($0.object) }) { info, intent in
            let modified = info.modified ?? .max
            found.append(
                PendingIntent(
                    key: info.key, modified: modified,
                    isDue: modified != .max && storeNow - modified >= prune.grace, intent: intent))
            for (component, packs) in intent.packs {
                for pack in packs { try ledger.announce(component, pack) }
            }
        }
        pending = found
        warnings += damaged.map { "'\($0)' cannot be read: what it announces is not removed by it" }
    }

    /// Everything that is there, in one listing, after the intents were read.
    private mutating func list() throws -> [Timestamp] {
        var names: [Timestamp] = []
        var sizes: [Timestamp: Int] = [:]
        var outcomes: Set<String> = []
        try store.list(prefix: "", after: nil) { object in
            try Task.checkCancellation()
            let parts = object.key.text.split(separator: "/")
            if parts.count == 2, parts[0] == "sets" {
                if let name = Layout.name(of: object.key, suffix: ".json").flatMap({ Timestamp($0) }) {
                    names.append(name)
                    sizes[name] = object.size
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
                let pack = Layout.packID(of: object.key) ?? Layout.indexID(of: object.key)
                if let pack {
                    try ledger.addPack(String(parts[0]), pack, bytes: object.size, modified: object.modified)
                }
            }
            return .proceed
        }
        setBytes = sizes
        self.outcomes = outcomes
        return names
    }

    // MARK: Sets

    private mutating func readSets(_ names: [Timestamp]) async throws -> [SetFacts] {
        guard !names.isEmpty else { return [] }
        prune.progress.update { $0.phase = "reading sets" }
        let (repository, ledger, marks, now, pool) = (repository, ledger, marks, now, prune.pool)
        let void = try await prune.pool.run { try VoidMark.runs(in: repository.store) }
        self.void.formUnion(void)
        let found = Mutex((facts: [SetFacts](), unreadable: [Timestamp: String](), dead: [Timestamp]()))
        try await names.concurrentForEach(limit: prune.lanes) { name in
            try await pool.run {
                do {
                    let set = try repository.set(name, void: [])
                    guard !void.contains(set.run) else { return found.withLock { $0.dead.append(name) } }
                    try ledger.addSet(
                        name.seconds, run: set.run, previous: set.previous?.seconds,
                        uses: set.components.map { component, part in
                            .init(
                                component: component, manifest: part.manifest.seconds, digest: part.sha256.bytes,
                                source: part.source)
                        })
                    let facts = marks.retentionFacts(of: set, at: now, in: repository.scope)
                    found.withLock { $0.facts.append(facts) }
                } catch let error as RepositoryError where error.reason == .damaged {
                    found.withLock { $0.unreadable[name] = error.detail }
                } catch let error as RepositoryError where error.reason == .noSuchSet {
                    return  // another prune was faster
                }
            }
        }
        var (facts, unreadable, dead) = found.withLock { $0 }
        for (name, reason) in unreadable.sorted(by: { $0.key < $1.key }) {
            if let dropped = marks[name].dropReason(at: now) {
                // What it needs becomes what no set needs, and goes as such.
                try await pool.run { try ledger.addSet(name.seconds, run: "", previous: nil, uses: []) }
                var fact = SetFacts(time: name.seconds, isComplete: false, isDamaged: true)
                fact.dropReason = dropped
                facts.append(fact)
                continue
            }
            refuse(
                "'\(Layout.set(name))' cannot be read, so what it needs is not known: \(reason)",
                "restore that object from a copy, or drop the set: `dr drop \(name)`; nothing is pruned before")
            facts.append(SetFacts(time: name.seconds, isComplete: false, isDamaged: true))
        }
        self.unreadable.merge(unreadable.filter { marks[$0.key].dropReason(at: now) == nil }) { first, _ in first }
        deadSets += dead
        return facts
    }

    /// Puts an end to the runs of the orphans that are due, so that they can commit nothing any more.
    /// - Returns: the names of sets that have come since the listing.
    private mutating func settleOrphans() throws -> [Timestamp] {
        var isAnyGivenUp = false
        for intent in pending where intent.isDue {
            for orphan in intent.intent.orphans.values.joined() {
                guard let run = orphan.run, !liveRuns.contains(run), !settled.contains(run) else { continue }
                if prune.isDryRun {
                    settled.insert(run)
                    continue
                }
                // A run that has its set is never given up; a set that comes after this is none.
                let wish: OutcomeMark.Outcome = try ledger.hasSet(ofRun: run) ? .committed : .void
                do {
                    let outcome = try reserve.spending { try OutcomeMark.settle(run, as: wish, at: now, in: store) }
                    if outcome == .void {
                        try reserve.spending { try VoidMark.write(run, at: now, in: store) }
                        void.insert(run)
                    }
                } catch let error as RepositoryError where error.reason == .damaged {
                    // Whether the run came to something is not known, so what it left stays.
                    warnings.append("passed over a mark: \(error)")
                    continue
                }
                isAnyGivenUp = true
                settled.insert(run)
            }
        }
        guard isAnyGivenUp else { return [] }
        return try repository.setNames().filter { try !ledger.hasSet($0.seconds) && unreadable[$0] == nil }
            .filter { !deadSets.contains($0) }
    }

    // MARK: Judging

    /// Decides, proves what is kept, and decides again while a set that was to be kept turns out to be none.
    private mutating func judge(_ facts: [SetFacts]) async throws {
        var facts = facts
        let circumstances = PruneCircumstances(
            now: now.seconds, lastPrune: try await lastPrune(), failedRuns: prune.failedRuns,
            components: prune.components)
        prune.progress.update { $0.phase = "reading manifests" }
        while true {
            plan = decide(facts, policy: prune.policy, circumstances: circumstances)
            let fresh = plan.kept.map { Timestamp(seconds: $0.time) }.filter { !kept.contains($0) }
            guard !fresh.isEmpty else { break }
            kept.formUnion(fresh)
            planLocks()
            let failures = try await proveKept(fresh.sorted(by: >).filter { unreadable[$0] == nil })
            for (name, failure) in failures.damaged {
                for (component, reason) in failure { sealed[component] = reason }
                if let number = facts.firstIndex(where: { $0.time == name.seconds }) { facts[number].isDamaged = true }
            }
            for name in failures.dead {
                kept.remove(name)
                deadSets.append(name)
                facts.removeAll { $0.time == name.seconds }
            }
        }
        for freeze in plan.freezes { refuse(freeze.text, freeze.remedy) }
        noteFuture()
    }

    /// A set from the future stands in the way of nothing, but is never dropped by itself.
    private mutating func noteFuture() {
        let names = plan.decisions.filter { $0.verdict == .keep }.map { Timestamp(seconds: $0.set.time) }
            .filter { repository.scope.isFuture($0, at: now) }
        guard let last = names.last else { return }
        let these = names.count == 1 ? "set \(last) is" : "\(names.count) sets are, up to \(last),"
        warnings.append(
            "\(these) named after a time in the future and kept: a clock was wrong then, or this machine's is now\n"
                + "hint: if this clock is right, `dr drop \(last) --reason \"wrong clock\"` removes it")
    }

    /// Each set for as long as it is sure to be kept, and at least for the margin from now.
    private mutating func planLocks() {
        guard let lock = repository.lock else { return }
        lockEnds = [:]
        let settled = SettledPeriods(prune.policy, now: storeNow)
        let ahead = lock.ahead(of: storeNow).until
        for decision in plan.decisions where decision.verdict == .keep {
            lockEnds[Timestamp(seconds: decision.set.time)] = max(ahead, settled.end(of: decision) ?? 0)
        }
    }

    /// One after now says nothing: a clock was wrong then, or is behind now, which makes nothing look older than it is.
    private func lastPrune() async throws -> Int? {
        let marks = Marks(store)
        let times = try await prune.pool.run {
            try (marks.list(PrunedMark.kind) + marks.list(PruneIntent.kind)).compactMap {
                $0.key.text.split(separator: "/").last.flatMap { Timestamp(String($0.prefix(16))) }
            }
        }
        return (times + [prune.state?.lastPrune()].compactMap { $0 }).filter { $0 <= now }.max()?.seconds
    }

    /// Reads the manifests of kept sets, and notes what they need.
    /// - Returns: the sets that need what cannot be read, by component, and those that are none.
    private mutating func proveKept(_ names: [Timestamp]) async throws -> (
        damaged: [Timestamp: [String: String]], dead: [Timestamp]
    ) {
        let found = Mutex((damaged: [Timestamp: [String: String]](), dead: [Timestamp]()))
        let (repository, ledger, outcomes, sparse, pool) = (repository, ledger, outcomes, sparse, prune.pool)
        let (now, lockEnds, reserve) = (now, lockEnds, reserve)
        let newest = plan.kept.last { $0.time <= now.seconds }.map { Timestamp(seconds: $0.time) }
        let isDryRun = prune.isDryRun
        // The newest alone and first: the others are compared with it.
        let first = names.filter { $0 == newest }, rest = names.filter { $0 != newest }
        for names in [first, rest] {
            try await names.concurrentForEach(limit: prune.lanes) { name in
                try await pool.run {
                    try Task.checkCancellation()
                    var hasRun = false
                    let lockEnd = lockEnds[name] ?? 0
                    for use in try ledger.uses(ofSet: name.seconds) {
                        try ledger.need(.kept, manifest: use.manifest, of: use.component, lockEnd: lockEnd)
                        do {
                            let manifest = try repository.manifest(
                                use.component, Timestamp(seconds: use.manifest), sha256: Digest(bytes: use.digest))
                            try ledger.need(
                                .kept, packs: manifest.packs.map(\.pack), of: use.component, lockEnd: lockEnd)
                            if name == newest { sparse.seed(manifest) } else { sparse.add(manifest) }
                            hasRun = hasRun || manifest.run != nil
                        } catch let error as RepositoryError where error.reason == .damaged {
                            found.withLock { $0.damaged[name, default: [:]][use.component] = "\(error)" }
                        }
                    }
                    // A run that was killed right after its set: its end is settled before anything rests on the set.
                    guard hasRun, !isDryRun, let run = try ledger.run(ofSet: name.seconds), !outcomes.contains(run)
                    else {
                        return
                    }
                    let outcome = try reserve.spending {
                        try OutcomeMark.settle(run, as: .committed, at: now, in: repository.store)
                    }
                    if outcome == .void {
                        found.withLock { $0.dead.append(name) }
                    }
                }
            }
        }
        return found.withLock { $0 }
    }
}
