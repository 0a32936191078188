/// The periods that are over, so that no newer set can represent them.
///
/// The newest set represents its hour, day, week, month and year only until the next set. It is certain that the yearly
/// tier keeps it for seven years when that year is over.
package struct SettledPeriods: Sendable {
    /// The period that contains `now`, for each tier.
    private let current: [Tier: Int]

    /// - Parameter now: seconds since 1970.
    package init(_ policy: RetentionPolicy, now: Int) {
        let offset = ZoneCalendar(policy.timeZone).offset(at: now)
        current = Dictionary(
            uniqueKeysWithValues: policy.tiers.map { tier, _ in
                (tier, CalendarPeriod.number(tier, local: now + offset, offset: offset))
            })
    }

    /// - Returns: the time until which a kept set is certain to be kept under this policy; nil if that is not settled,
    ///   or does not depend on time.
    package func end(of decision: RetentionDecision) -> Int? {
        decision.reasons.compactMap { reason in
            switch reason.base {
            case .newest(let period, let until):
                let number = CalendarPeriod.number(period.tier, local: period.local, offset: period.offset)
                return current[period.tier].map { number < $0 } == true ? until : nil
            case .within(_, let until): return until
            // The oldest set only represents missing history; the other reasons do not depend on age.
            default: return nil
            }
        }.max()
    }
}
