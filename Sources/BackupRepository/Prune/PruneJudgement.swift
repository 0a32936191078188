internal import ObjectStorage
internal import Platform
internal import Retention

/// The third step of a prune: the sets that retention keeps and drops, and the objects that the kept ones need.
struct PruneJudgement: Sendable {
    let facts: PruneFacts
    let plan: RetentionPlan
    let kept: Set<Timestamp>
    /// For each kept set, the time until which its objects are to be locked, in seconds since 1970; empty without
    /// locks.
    let lockEnds: [Timestamp: Int]
    /// Components of which no object may be removed, with the reason.
    let sealed: [String: String]
    /// Reasons for which this prune does not remove or announce any object.
    let frozen: [PruneReport.Refusal]
    /// Sets that are to stay and cannot be restored whole, newest first.
    let incomplete: [PruneReport.Incomplete]
    let sparse: SparsePacks
    let warnings: [String]

    var listing: PruneListing { facts.listing }

    /// Decides, reads the kept sets, and decides again while a set to be kept turns out not to be valid.
    init(_ facts: PruneFacts) async throws {
        let listing = facts.listing
        let prune = listing.prune
        let lastPrune = try await prune.pool.run { try Self.lastPrune(before: listing) }
        let circumstances = PruneCircumstances(
            now: listing.clock.now.seconds, lastPrune: lastPrune, failedRuns: prune.failedRuns,
            components: prune.components)
        prune.progress.update { $0.phase = "reading manifests" }

        let sparse = SparsePacks()
        var sets = facts.sets
        var kept: Set<Timestamp> = []
        var sealed: [String: String] = [:]
        var lockEnds: [Timestamp: Int] = [:]
        var lost: [Timestamp: ObjectKey] = [:]
        var defects = facts.unreadable.filter { $0.value.reason == .damaged && !$0.value.isOfOtherSigner }
            .mapValues { "its document cannot be read: \($0.detail)" }
        var plan = decide(sets, policy: prune.policy, circumstances: circumstances)
        while case let fresh = Set(plan.kept.map { Timestamp(seconds: $0.time) }).subtracting(kept), !fresh.isEmpty {
            kept.formUnion(fresh)
            lockEnds = Self.lockEnds(of: plan, in: listing)
            let readable = fresh.sorted(by: >).filter { facts.unreadable[$0] == nil }
            let terms = KeptProof.Terms(plan: plan, lockEnds: lockEnds, sparse: sparse)
            let proof = try await KeptProof(of: readable, as: terms, in: listing)
            for (name, failure) in proof.damaged {
                let first = failure.min { $0.key < $1.key }?.value.split(whereSeparator: \.isNewline).first
                defects[name] = first.map(String.init)
                sealed.merge(failure) { _, new in new }
                if let number = sets.firstIndex(where: { $0.time == name.seconds }) { sets[number].isDamaged = true }
            }
            lost.merge(proof.lost) { first, _ in first }
            for (name, key) in proof.lost {
                defects[name] = defects[name] ?? "'\(key)' is gone from the store"
                if let number = sets.firstIndex(where: { $0.time == name.seconds }) { sets[number].isDamaged = true }
            }
            kept.subtract(proof.dead)
            for name in proof.dead {
                if let number = sets.firstIndex(where: { $0.time == name.seconds }) { sets[number].isAbandoned = true }
            }
            plan = decide(sets, policy: prune.policy, circumstances: circumstances)
        }

        self.facts = facts
        (self.plan, self.kept, self.lockEnds, self.sparse) = (plan, kept, lockEnds, sparse)
        self.sealed = sealed
        // No policy keeps a set whose document cannot be read, and no prune removes it.
        incomplete = defects.filter { kept.contains($0.key) || facts.unreadable[$0.key] != nil }
            .sorted { $0.key > $1.key }
            .map { PruneReport.Incomplete(set: $0.key, reason: $0.value) }
        let marks = listing.marks
        frozen =
            facts.refusals + plan.freezes.map { .init(reason: $0.text, remedy: $0.remedy) }
            + Self.intrusion(listing.untrusted, inCopy: listing.prune.copyName)
            + marks.lostPins.prefix(1).map {
                .init(
                    reason: "a mark that pins a set cannot be read: \($0.object)",
                    remedy: "restore or remove that object")
            }
        warnings =
            facts.warnings + Self.futureWarning(plan, in: listing)
            + Self.warnings(of: lost, inCopy: listing.prune.copyName)
            + RepositoryError.warnings(aboutMarks: marks.unreadable.filter { $0.reason != .untrusted })
    }

    private static func warnings(of lost: [Timestamp: ObjectKey], inCopy copy: String?) -> [String] {
        guard let newest = lost.max(by: { $0.key < $1.key }) else { return [] }
        let more = lost.count > 1 ? ", and \(lost.count - 1) older sets lack objects too" : ""
        let (repair, verify) = (
            StoreCommand.text("repair", inCopy: copy), StoreCommand.text("verify", inCopy: copy)
        )
        let remedy =
            copy == nil
            ? "`\(repair)` puts it back if a copy has it, and the next backup stores the content of the newest set again"
            : "`\(repair)` puts it back if another store has it"
        return [
            "set \(newest.key) is damaged: '\(newest.value)' is gone from the store, and no prune removed it\(more)\n"
                + "hint: \(remedy); `\(verify)` lists all damage, and versions of the bucket may still have the object"
        ]
    }

    /// Stops the prune if the store holds such marks. A user who writes them may also have added sets that retention would
    /// keep in place of good ones, so an operator looks first.
    private static func intrusion(_ marks: [RepositoryError], inCopy copy: String?) -> [PruneReport.Refusal] {
        guard let first = marks.first else { return [] }
        let number = marks.count == 1 ? "1 mark has" : "\(marks.count) marks have"
        return [
            .init(
                reason:
                    "\(number) no trusted signature and would hide or remove backups, such as '\(first.object.printable)'",
                remedy:
                    "dr did not write them: change the store's credentials, run "
                    + "`\(StoreCommand.text("verify", inCopy: copy))`, then remove these objects; "
                    + "if signing was turned on later in this repository, remove those from before")
        ]
    }

    /// Returns the reasons for a decision, as texts.
    func reasons(of decision: RetentionDecision) -> [String] {
        guard let error = facts.unreadable[Timestamp(seconds: decision.set.time)] else {
            return decision.reasons.map(\.text)
        }
        return ["its document cannot be read: \(error.detail)"]
    }

    /// Locks each set for as long as it is certain to be kept, and at least for the margin from now.
    private static func lockEnds(of plan: RetentionPlan, in listing: PruneListing) -> [Timestamp: Int] {
        guard let lock = listing.prune.repository.lock else { return [:] }
        let storeNow = listing.clock.storeNow
        let settled = SettledPeriods(listing.prune.policy, now: storeNow)
        let ahead = lock.ahead(of: storeNow).until
        var ends: [Timestamp: Int] = [:]
        for decision in plan.decisions where decision.verdict == .keep {
            ends[Timestamp(seconds: decision.set.time)] = max(ahead, settled.end(of: decision) ?? 0)
        }
        return ends
    }

    /// A prune after the present time does not count: a clock was wrong then, or is slow now. Neither makes an object
    /// look too old.
    private static func lastPrune(before listing: PruneListing) throws -> Int? {
        let marks = Marks(listing.prune.repository)
        let times = try (marks.list(PrunedMark.kind) + marks.list(PruneIntent.kind)).compactMap {
            $0.key.text.split(separator: "/").last.flatMap { Timestamp(String($0.prefix(16))) }
        }
        return (times + [listing.prune.state?.lastPrune()].compactMap { $0 }).filter { $0 <= listing.clock.now }
            .max()?.seconds
    }

    /// A set from the future does not stop a prune, but the policy never drops it.
    private static func futureWarning(_ plan: RetentionPlan, in listing: PruneListing) -> [String] {
        let names = plan.decisions.filter { $0.verdict == .keep }.map { Timestamp(seconds: $0.set.time) }
            .filter { listing.prune.repository.scope.isFuture($0, at: listing.clock.now) }
        guard let last = names.last else { return [] }
        let drop = DropAdvice.command(for: last, inCopy: listing.prune.copyName, reason: "wrong clock")
        let these =
            names.count == 1
            ? "set \(last) is named after a time in the future and kept"
            : "\(names.count) sets, up to \(last), are named after times in the future and kept"
        return [
            "\(these): a clock was wrong then, or this one is now\n"
                + "hint: if this clock is right, `\(drop)` removes it"
        ]
    }
}
