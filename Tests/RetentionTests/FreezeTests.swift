import Testing

@testable import Retention

@Suite struct FreezeTests {
    private let hours = sets(from: "2026-11-01 00", to: "2026-11-24 12")

    private func freezes(
        _ history: [SetFacts], now: String, lastPrune: String? = nil, failedRuns: Int = 0,
        policy: RetentionPolicy = RetentionPolicy(hourly: .weeks(20))
    ) -> [Freeze] {
        decide(
            history, policy: policy,
            circumstances: PruneCircumstances(now: at(now), lastPrune: lastPrune.map(at), failedRuns: failedRuns)
        ).freezes
    }

    @Test func `in quiet times nothing stands against a prune`() {
        #expect(freezes(hours, now: "2026-11-24 12:10", lastPrune: "2026-11-24 11:10", failedRuns: 2) == [])
    }

    @Test func `a run of failed backups stops it`() {
        let found = freezes(hours, now: "2026-11-24 12:10", failedRuns: 3)
        #expect(found == [.failedRuns(3)])
        #expect(found.first?.text == "the last 3 backup runs failed")
        var policy = RetentionPolicy(hourly: .weeks(10))
        policy.limits.failedRuns = 0
        #expect(freezes(hours, now: "2026-11-24 12:10", failedRuns: 99, policy: policy) == [])
    }

    /// Every set looks younger then, so more sets are kept.
    @Test func `a clock that fell behind sets or prunes stops nothing`() {
        #expect(freezes(hours, now: "2026-11-24 08:00") == [])
        #expect(freezes(hours, now: "2026-11-24 12:30", lastPrune: "2036-11-24 13:31") == [])
    }

    @Test func `a set from the future stops nothing, and is kept`() {
        let wrong = hours + [SetFacts(time: at("2036-11-24 13"))]
        #expect(freezes(wrong, now: "2026-11-24 12:10", lastPrune: "2026-11-24 11:10") == [])
        #expect(plan(wrong, RetentionPolicy(keepLast: 1), now: "2026-11-24 12:10").keptNames.last == "2036-11-24 13:00")
    }

    /// The clock jumped ten years ahead, a backup ran with the wrong date, and a prune follows.
    @Test func `a clock that leapt forward stops it, although the newest set looks fresh`() {
        let leapt = hours + [SetFacts(time: at("2036-11-24 13"))]
        let found = freezes(leapt, now: "2036-11-24 13:10", lastPrune: "2026-11-24 12:10", policy: .proposed)
        #expect(found.first == .gap(from: at("2026-11-24 12:10"), to: at("2036-11-24 13")))
        #expect(found.first?.remedy.contains("clock") == true)
        // The large drop that the prune would cause is another reason.
        #expect(found.contains { if case .largeDrop = $0 { true } else { false } })
    }

    @Test func `prunes that are rare are no gap while sets show that time went by`() {
        let year = sets(from: "2026-01-01", to: "2026-11-24", every: 86_400)
        #expect(
            freezes(
                year, now: "2026-11-24 01", lastPrune: "2026-01-02", policy: RetentionPolicy(daily: .days(400))) == [])
    }

    @Test func `backups that ended unnoticed stop it`() {
        // Prunes run every day, so there is no gap. Partial sets do not count as backups.
        let history = hours + [SetFacts(time: at("2027-01-20"), isComplete: false)]
        #expect(freezes(history, now: "2027-01-23 12:00", lastPrune: "2027-01-23") == [])
        #expect(
            freezes(history, now: "2027-01-23 12:00:01", lastPrune: "2027-01-23")
                == [.noBackups(since: at("2026-11-24 12"), now: at("2027-01-23 12:00:01"))])
    }

    @Test func `a drop of more than a share stops it, and is shown all the same`() {
        let policy = RetentionPolicy(keepLast: 12)
        let half = Array(hours.suffix(24)), more = Array(hours.suffix(25))
        #expect(freezes(half, now: "2026-11-24 12:10", policy: policy) == [])
        let plan = plan(more, policy, now: "2026-11-24 12:10")
        #expect(plan.freezes == [.largeDrop(dropped: 13, of: 25, allowed: 0.5)])
        #expect(plan.freezes.first?.text == "13 of 25 sets would be dropped, more than 50% at once")
        #expect(plan.dropped.count == 13 && plan.isFrozen)
        var generous = policy
        generous.limits.largestDrop = 0.525
        #expect(freezes(more, now: "2026-11-24 12:10", policy: generous) == [])
    }

    @Test func `a handful of sets is not judged by shares`() {
        let policy = RetentionPolicy(keepLast: 1)
        #expect(freezes(Array(hours.suffix(11)), now: "2026-11-24 12:10", policy: policy) == [])
        #expect(freezes(Array(hours.suffix(12)), now: "2026-11-24 12:10", policy: policy).count == 1)
    }
}
