import Testing

@testable import Retention

/// Each component is judged separately.
@Suite struct ComponentRetentionTests {
    private func set(_ time: String, _ components: [String: Bool], isComplete: Bool = true) -> SetFacts {
        SetFacts(time: at(time), isComplete: isComplete, components: components)
    }

    private func decided(
        _ sets: [SetFacts], _ policy: RetentionPolicy, now: String, configured: Set<String>? = nil
    ) -> RetentionPlan {
        decide(sets, policy: policy, circumstances: PruneCircumstances(now: at(now), components: configured))
    }

    @Test func `a set of one component does not take the place of a set that holds others`() {
        let both = ["files": true, "b": true]
        let history = [
            set("2026-11-24 01", both), set("2026-11-25 01", both), set("2026-11-25 02", ["b": true]),
            set("2026-11-26 01", both), set("2026-11-26 02", ["b": true]),
        ]
        let plan = decided(history, RetentionPolicy(daily: .days(7)), now: "2026-11-27")
        #expect(plan.dropped.isEmpty)
        #expect(
            plan.texts("2026-11-25 01") == [
                "daily: newest of 2026-11-25, until 2026-12-02 01:00, for files"
            ])
        #expect(plan.texts("2026-11-25 02") == ["daily: newest of 2026-11-25, until 2026-12-02 02:00"])
        #expect(plan.texts("2026-11-26 01").first == "newest whole backup, for files")
    }

    @Test func `a set that failed for one component represents its day for the others`() {
        let history = [
            set("2026-11-25 01", ["a": true, "b": true]), set("2026-11-25 02", ["a": true], isComplete: false),
            set("2026-11-25 03", ["a": true, "b": false], isComplete: false),
            set("2026-11-26 01", ["a": true, "b": true]),
        ]
        let plan = decided(history, RetentionPolicy(daily: .days(7)), now: "2026-11-27")
        #expect(plan.keptNames == ["2026-11-25 01:00", "2026-11-25 03:00", "2026-11-26 01:00"])
        #expect(plan.decision("2026-11-25 01")?.reasons.contains { $0.text.hasSuffix("for b") } == true)
        #expect(plan.decision("2026-11-25 03")?.reasons.allSatisfy { $0.text.hasSuffix("for a") } == true)
    }

    @Test func `backups of a component that is no longer configured expire by the policy`() {
        let old = (1...3).map { set("2026-11-0\($0)", ["gone": true, "stays": true]) }
        let new = (4...9).map { set("2026-11-0\($0)", ["stays": true]) }
        let policy = RetentionPolicy(daily: .days(4))
        let young = decided(old + new, policy, now: "2026-11-06 12:00", configured: ["stays"])
        #expect(young.keptNames.first == "2026-11-03 00:00")
        let aged = decided(old + new, policy, now: "2026-11-09 12:00", configured: ["stays"])
        #expect(aged.keptNames.first == "2026-11-06 00:00")
        // While the component is configured, its last whole backup stays.
        let kept = decided(old + new, policy, now: "2026-11-09 12:00", configured: ["stays", "gone"])
        #expect(kept.keptNames.first == "2026-11-03 00:00")
        #expect(kept.texts("2026-11-03") == ["newest whole backup, for gone"])
    }

    @Test func `a backup set that an operator dropped is deleted and replaces no other set`() {
        var history = sets(from: "2026-11-24 00", to: "2026-11-24 03")
        history[3].dropReason = "wrong clock"
        history[3].verified = at("2026-11-24 03")
        let plan = plan(history, RetentionPolicy(keepLast: 1), now: "2026-11-24 04")
        #expect(plan.keptNames == ["2026-11-24 02:00"])
        #expect(plan.texts("2026-11-24 03") == ["dropped by an operator: wrong clock"])
        history[3].time = at("2036-01-01")
        #expect(
            Retention.decide(history, policy: RetentionPolicy(), circumstances: .init(now: at("2026-11-24 04")))
                .dropped.map(\.time) == [at("2036-01-01")])
    }

    @Test func `another stack's sets are kept, and displace nothing`() {
        var history = sets(from: "2026-11-24 00", to: "2026-11-24 03")
        history[3].otherStack = "other"
        let plan = plan(history, RetentionPolicy(keepLast: 1), now: "2026-11-24 04")
        #expect(plan.keptNames == ["2026-11-24 02:00", "2026-11-24 03:00"])
        #expect(plan.texts("2026-11-24 03") == ["belongs to stack 'other'"])
    }

    @Test func `a component without a whole backup for a long time freezes the prune`() {
        let policy = RetentionPolicy(keepLast: 1)
        let history =
            [set("2026-01-01", ["a": true, "b": true])]
            + stride(from: 0, to: 90, by: 1).map {
                SetFacts(time: at("2026-01-02") + $0 * 86_400, isComplete: false, components: ["a": true, "b": false])
            }
        let frozen = decided(history, policy, now: "2026-04-02", configured: ["a", "b"])
        #expect(frozen.freezes.contains(.noBackups(since: at("2026-01-01"), now: at("2026-04-02"))))
        #expect(
            !decided(history, policy, now: "2026-04-02", configured: ["a"]).freezes.contains {
                if case .noBackups = $0 { true } else { false }
            })
    }

    /// For random histories: the newest whole backup of a configured component survives every policy.
    @Test func `prune never drops the last whole backup of a component for a set that lacks it`() {
        for seed in 0..<200 {
            let random = RandomCase(seed: seed)
            var source = Seeded(seed)
            let names = ["a", "b", "c"]
            let sets = random.sets.map { set in
                var set = set
                set.components = Dictionary(
                    uniqueKeysWithValues: names.compactMap { name in
                        Int.random(in: 0..<3, using: &source) == 0 ? nil : (name, Bool.random(using: &source))
                    })
                set.isComplete = set.components?.count == 3 && set.components?.values.allSatisfy { $0 } == true
                return set
            }
            let shortest = RetentionPolicy(keepWithin: CalendarLength(seconds: 1))
            for policy in [random.policy, shortest] {
                let plan = decide(sets, policy: policy, circumstances: PruneCircumstances(now: random.now))
                let kept = Set(plan.kept)
                #expect(plan.decisions.map(\.set) == sets.sorted { $0.time < $1.time }, "seed \(seed)")
                #expect(
                    plan.decisions.allSatisfy { decision in
                        !decision.reasons.isEmpty
                            && decision.reasons.allSatisfy { $0.keeps == (decision.verdict == .keep) }
                    }, "seed \(seed)")
                for name in names {
                    let newest = sets.filter { $0.time <= random.now && $0.components?[name] == true }
                        .max { $0.time < $1.time }
                    #expect(newest.map(kept.contains) ?? true, "seed \(seed) \(name)")
                }
                let again = decide(plan.kept, policy: policy, circumstances: PruneCircumstances(now: random.now))
                #expect(again.dropped.isEmpty, "seed \(seed)")
            }
        }
    }
}
