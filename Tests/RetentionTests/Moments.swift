@testable import Retention

/// Parses `2026-12-31 23:59:59`, `2026-12-31 23` or `2026-12-31`, UTC, to seconds since 1970.
func at(_ text: String) -> Int {
    var parts = text.split { !$0.isNumber }.compactMap { Int($0) }
    while parts.count < 6 { parts.append(0) }
    let day = CivilDate(year: parts[0], month: parts[1], day: parts[2]).daysSince1970
    return day * 86_400 + parts[3] * 3600 + parts[4] * 60 + parts[5]
}

/// Returns complete sets at equal intervals, including both ends.
func sets(from start: String, to end: String, every seconds: Int = 3600) -> [SetFacts] {
    stride(from: at(start), through: at(end), by: seconds).map { SetFacts(time: $0) }
}

func plan(_ sets: [SetFacts], _ policy: RetentionPolicy, now: String) -> RetentionPlan {
    decide(sets, policy: policy, circumstances: PruneCircumstances(now: at(now)))
}

extension RetentionPlan {
    /// Names of the kept sets, readable: `2026-12-31 23:00`.
    var keptNames: [String] { kept.map { Moment.readable($0.time) } }

    func decision(_ time: String) -> RetentionDecision? { decisions.first { $0.set.time == at(time) } }

    func texts(_ time: String) -> [String] { decision(time)?.reasons.map(\.text) ?? [] }

    func tier(_ tier: Tier) -> RetentionStatistics.TierUse? { statistics.tiers.first { $0.tier == tier } }
}

/// Reproducible random numbers: SplitMix64, https://prng.di.unimi.it/splitmix64.c.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
