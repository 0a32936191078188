@testable import Retention

/// A random history, policy and time, reproducible by its seed.
struct RandomCase {
    var sets: [SetFacts] = []
    var policy = RetentionPolicy()
    var now: Int

    private static let zones = [
        "UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu",
    ]

    init(seed: Int) {
        var random = Seeded(seed)
        now = at("2020-01-01") + Int.random(in: 0..<5 * 365 * 86_400, using: &random)
        // From minutes to months between sets.
        let step = [900, 3600, 3600, 20_000, 86_400, 2_000_000].randomElement(using: &random) ?? 3600
        let quality = Int.random(in: 1...4, using: &random)
        var time = now + Int.random(in: 0...3 * step, using: &random)
        for _ in 0..<Int.random(in: 0...160, using: &random) {
            var set = SetFacts(time: time)
            set.isComplete = Int.random(in: 0..<4, using: &random) < quality
            set.isDamaged = Int.random(in: 0..<12, using: &random) == 0
            if Int.random(in: 0..<6, using: &random) == 0 { set.verified = time + 60 }
            if Int.random(in: 0..<30, using: &random) == 0 {
                set.pinnedUntil = now + Int.random(in: -86_400...86_400, using: &random)
            }
            sets.append(set)
            let isOutage = Int.random(in: 0..<25, using: &random) == 0
            time -= Int.random(in: 1...(isOutage ? 40 : 2) * step, using: &random)
        }
        let lengths: [CalendarLength] = [
            .hours(1), .hours(24), .days(3), .days(30), .weeks(12), .months(1), .months(12), .years(2), .years(7),
        ]
        for tier in Tier.allCases where Bool.random(using: &random) {
            policy[tier] = lengths.randomElement(using: &random)
        }
        if Int.random(in: 0..<3, using: &random) == 0 { policy.keepLast = Int.random(in: 1...20, using: &random) }
        if Int.random(in: 0..<3, using: &random) == 0 { policy.keepWithin = lengths.randomElement(using: &random) }
        policy.timeZone = DeclaredZone(Self.zones.randomElement(using: &random) ?? "UTC") ?? .utc
        sets.shuffle(using: &random)
    }

    /// Returns a policy that keeps at least as much by every rule.
    func longerPolicy(seed: Int) -> RetentionPolicy {
        var random = Seeded(seed)
        var longer = policy
        func lengthen(_ length: CalendarLength?) -> CalendarLength? {
            guard Bool.random(using: &random) else { return length }
            var length = length ?? CalendarLength()
            length.months += Int.random(in: 0...14, using: &random)
            length.days += Int.random(in: 0...40, using: &random)
            length.seconds += Int.random(in: 1...100_000, using: &random)
            return length
        }
        for tier in Tier.allCases { longer[tier] = lengthen(policy[tier]) }
        longer.keepWithin = lengthen(policy.keepWithin)
        if Bool.random(using: &random) { longer.keepLast = (policy.keepLast ?? 0) + 3 }
        return longer
    }

    func decided(_ other: [SetFacts]? = nil, _ policy: RetentionPolicy? = nil, now: Int? = nil) -> RetentionPlan {
        decide(
            other ?? sets, policy: policy ?? self.policy,
            circumstances: PruneCircumstances(now: now ?? self.now))
    }
}
