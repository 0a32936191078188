import Testing

@testable import Retention

/// Properties that hold for every history, policy and time, tested with some hundred generated ones.
@Suite struct PropertyTests {
    private static let seeds = Array(0..<200)

    private static func kept(_ plan: RetentionPlan) -> Set<SetFacts> { Set(plan.kept) }

    @Test func `every set has one decision, and every decision a reason that speaks for it`() {
        for seed in Self.seeds {
            let random = RandomCase(seed: seed)
            let plan = random.decided()
            #expect(plan.decisions.map(\.set) == random.sets.sorted { $0.time < $1.time }, "seed \(seed)")
            for decision in plan.decisions {
                #expect(!decision.reasons.isEmpty, "seed \(seed)")
                #expect(
                    decision.reasons.allSatisfy { $0.keeps == (decision.verdict == .keep) },
                    "seed \(seed): \(decision.reasons.map(\.text))")
                // The texts are derived from the same dates, but not from the same marks as the verdict.
                #expect(decision.reasons.allSatisfy { ($0.until ?? .max) > random.now }, "seed \(seed)")
            }
            #expect(plan.statistics.kept == plan.kept.count, "seed \(seed)")
            #expect(plan.statistics.dropped == plan.dropped.count, "seed \(seed)")
        }
    }

    @Test func `a longer policy keeps all that a shorter one does`() {
        for seed in Self.seeds {
            let random = RandomCase(seed: seed)
            guard !random.policy.isEmpty else { continue }
            let more = random.decided(nil, random.longerPolicy(seed: seed))
            #expect(Self.kept(random.decided()).isSubset(of: Self.kept(more)), "seed \(seed)")
        }
    }

    @Test func `deciding again over the kept sets drops nothing`() {
        for seed in Self.seeds {
            let random = RandomCase(seed: seed)
            #expect(random.decided(random.decided().kept).dropped.isEmpty, "seed \(seed)")
        }
    }

    @Test func `a prune in between loses nothing that a single one would keep`() {
        for seed in Self.seeds {
            let random = RandomCase(seed: seed)
            let once = Self.kept(random.decided())
            let earlier = random.now - 20 * 86_400 / (1 + seed % 40)
            let first = random.decided(random.sets.filter { $0.time <= earlier }, now: earlier)
            // Only a pin that ended in between can change the result.
            let twice = random.decided(first.kept + random.sets.filter { $0.time > earlier })
            #expect(once.isSubset(of: Self.kept(twice)), "seed \(seed)")
        }
    }

    @Test func `floors, pins and the future are never dropped`() {
        for seed in Self.seeds {
            let random = RandomCase(seed: seed)
            let shortest = RetentionPolicy(keepWithin: CalendarLength(seconds: 1))
            for policy in [random.policy, shortest] {
                let kept = Self.kept(random.decided(nil, policy))
                let past = random.sets.filter { $0.time <= random.now }
                func newest(_ belongs: (SetFacts) -> Bool) -> SetFacts? {
                    past.filter(belongs).max { $0.time < $1.time }
                }
                let floors = [
                    newest { $0.isComplete }, newest { $0.isComplete && !$0.isDamaged },
                    newest { $0.isComplete && !$0.isDamaged && $0.verified != nil },
                ].compactMap { $0 }
                #expect(kept.isSuperset(of: floors), "seed \(seed)")
                #expect(past.isEmpty || past.contains { kept.contains($0) }, "seed \(seed)")
                #expect(kept.isSuperset(of: random.sets.filter { $0.time > random.now }), "seed \(seed)")
                #expect(
                    kept.isSuperset(of: random.sets.filter { ($0.pinnedUntil ?? 0) > random.now }), "seed \(seed)")
            }
        }
    }

    @Test func `sets that are not sound decide nothing about those that are`() {
        for seed in Self.seeds {
            let random = RandomCase(seed: seed)
            let sound = random.sets.filter(\.isSound)
            guard !sound.filter({ $0.time <= random.now }).isEmpty else { continue }
            #expect(
                Self.kept(random.decided(sound)) == Self.kept(random.decided()).filter(\.isSound), "seed \(seed)")
        }
    }

    @Test func `every period that a tier reaches back to has its set`() {
        for seed in Self.seeds {
            let random = RandomCase(seed: seed)
            let plan = random.decided()
            let zone = ZoneCalendar(random.policy.timeZone)
            for (tier, length) in random.policy.tiers {
                func number(_ set: SetFacts) -> Int {
                    let offset = zone.offset(at: set.time)
                    return CalendarPeriod.number(tier, local: set.time + offset, offset: offset)
                }
                let past = plan.decisions.filter { $0.set.time <= random.now }
                for (_, period) in Dictionary(grouping: past, by: { number($0.set) }) {
                    // If all sets have the same quality, the newest is kept, unless it is too old.
                    let alike = period.allSatisfy { $0.set.isSound && $0.set.verified == nil }
                    guard alike, let newest = period.max(by: { $0.set.time < $1.set.time }) else { continue }
                    let reached = zone.adding(length, to: newest.set.time) > random.now
                    #expect(!reached || newest.verdict == .keep, "seed \(seed) \(tier)")
                }
            }
        }
    }
}
