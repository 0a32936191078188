import Testing

@testable import Retention

/// Sets that outlive the policy, because those that would remain may not be usable.
@Suite struct ProtectionTests {
    private static let day = 86_400
    private static let now = "2026-11-24 12:00"

    private static func policy(_ protection: Protection = .usual) -> RetentionPolicy {
        var policy = RetentionPolicy(daily: .days(3))
        policy.protection = protection
        return policy
    }

    /// Twenty sets, one a day, up to today.
    private static func history(_ change: (inout SetFacts, Int) -> Void = { _, _ in }) -> [SetFacts] {
        (0..<20).map { number in
            var set = SetFacts(
                time: at("2026-11-05") + number * day, components: ["a": true, "b": true])
            set.sizes = ["a": 1 << 30, "b": 1 << 20]
            change(&set, number)
            return set
        }
    }

    private func kept(_ history: [SetFacts], _ protection: Protection = .usual) -> RetentionPlan {
        plan(history, Self.policy(protection), now: Self.now)
    }

    @Test func `a healthy history is dropped by the policy alone`() {
        let history = Self.history()
        #expect(kept(history).keptNames == kept(history, .none).keptNames)
        #expect(kept(history).dropped.count > 10)
    }

    // MARK: Damage

    /// The first of the given sets and all later ones are damaged.
    @Test(arguments: [(0, 20, true), (1, 4, false), (10, 4, false)])
    func `no set is dropped while none that remains is undamaged`(first: Int, kept count: Int, protects: Bool) {
        let history = Self.history { set, number in set.isDamaged = number >= first }
        let plan = kept(history)
        #expect(plan.decisions.contains { $0.reasons.contains(.onlyDamagedRemains) } == protects)
        if protects {
            #expect(plan.kept.count == count)
            #expect(plan.texts("2026-11-06") == ["protected: no undamaged whole backup would remain"])
            #expect(kept(history, .none).dropped.count > 10)
        } else {
            // The newest undamaged set stays by the rules, so something usable remains.
            #expect(plan.kept.contains { !$0.isDamaged } && plan.dropped.count > 0)
        }
    }

    @Test func `a component that is damaged alone protects the sets that hold it`() {
        var history = Self.history()
        for index in history.indices {
            history[index].isComplete = false
            history[index].components = ["a": true, "b": false]
        }
        let plan = kept(history)
        #expect(plan.dropped.isEmpty)
        #expect(plan.texts("2026-11-06") == ["protected: no undamaged whole backup would remain, for b"])
    }

    // MARK: Verification

    /// Days before now at which the newest verified set was verified; nil for never.
    @Test(arguments: [(nil, false), (0, false), (89, false), (91, true), (400, true)] as [(Int?, Bool)])
    func `no set is dropped while the last verification is too old, if there ever was one`(days: Int?, protects: Bool) {
        let history = Self.history { set, number in
            if number == 1 { set.verified = days.map { at(Self.now) - $0 * Self.day } }
        }
        let plan = kept(history)
        let reasons = plan.decision("2026-11-07")?.reasons ?? []
        #expect((plan.dropped.isEmpty && !reasons.isEmpty) == protects)
        #expect(
            reasons.contains(.onlyUnverifiedRemains(since: days.map { at(Self.now) - $0 * Self.day })) == protects)
        var never = Protection.usual
        never.longestUnverified = nil
        #expect(kept(history, never).dropped.count > 10)
    }

    @Test func `only a verified set that is damaged since protects all others`() {
        let history = Self.history { set, number in
            guard number == 1 else { return }
            set.verified = at("2026-11-20")
            set.isDamaged = true
        }
        let plan = kept(history)
        #expect(plan.dropped.isEmpty)
        #expect(plan.texts("2026-11-07") == ["protected: no verified backup would remain"])
    }

    @Test func `a verification ends the protection`() {
        var history = Self.history { set, number in
            if number == 1 { set.verified = at("2026-01-01") }
        }
        #expect(kept(history).dropped.isEmpty)
        history[19].verified = at("2026-11-24")
        #expect(kept(history).dropped.count > 10)
    }

    // MARK: Size

    @Test(arguments: [(0.5, 49, true), (0.5, 50, false), (0.2, 19, true), (0.2, 21, false), (0, 1, false)])
    func `a set is kept while those that remain have less than the share of it`(
        share: Double, percent: Int, protects: Bool
    ) {
        let history = Self.history { set, number in
            if number >= 12 { set.sizes?["a"] = (1 << 30) * percent / 100 }
        }
        var protection = Protection.usual
        protection.smallestShare = share
        // The policy keeps sets of the last days, and the oldest for the tier until it is full.
        let plan = kept(history, protection)
        let found = plan.decisions.filter { decision in
            decision.reasons.contains { if case .onlySmallerRemains = $0.base { true } else { false } }
        }
        #expect(found.map(\.set.time) == (protects ? [at("2026-11-05") + 11 * Self.day] : []))
        guard protects else { return }
        let text = found[0].reasons.map(\.text)
        #expect(text.count == 1 && text[0].hasPrefix("protected: the remaining backups have at most "))
        #expect(text[0].hasSuffix("this one 1.00 GiB, for a") || text[0].hasSuffix("this one 1.00 GiB"))
    }

    /// Each kept set is twice as large as the next newer one, so that slow shrinking keeps few.
    @Test func `of sets that shrank step by step few are kept`() {
        let history = Self.history { set, number in
            set.sizes = ["a": 1 << (40 - number)]
        }
        let plan = kept(history)
        let sizes = plan.kept.compactMap { $0.sizes?["a"] }
        #expect((sizes.max() ?? 0) >= 1 << 39 && plan.kept.count > 4 && plan.kept.count <= 14)
        // Deciding again drops nothing.
        #expect(kept(plan.kept).dropped.isEmpty)
    }

    @Test func `small components are not compared`() {
        let history = Self.history { set, number in set.sizes = ["a": number >= 12 ? 1 : 60_000] }
        #expect(kept(history).dropped.count > 10)
    }

    // MARK: Limits of the protection

    @Test func `a component that is no longer configured ages out`() {
        let history = Self.history { set, _ in set.isDamaged = true }
        let plan = decide(
            history, policy: Self.policy(), circumstances: PruneCircumstances(now: at(Self.now), components: ["other"]))
        #expect(plan.dropped.count > 10)
    }

    @Test func `an operator still drops a protected set`() {
        var history = Self.history { set, _ in set.isDamaged = true }
        history[3].dropReason = "no use"
        #expect(kept(history).dropped.map(\.time) == [history[3].time])
    }
}
