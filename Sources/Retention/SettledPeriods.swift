/// Which of the periods that sets represent are over, so that no newer set can take their place any more.
///
/// The newest set represents its hour, day, week, month and year, but only until the next one comes. That its year's
/// tier keeps it for seven years is sure when the year is over.
package struct SettledPeriods: Sendable {
    /// By tier, the period that `now` lies in.
    private let current: [Tier: Int]

    /// - Parameter now: seconds since 1970.
    package init(_ policy: RetentionPolicy, now: Int) {
        let offset = ZoneCalendar(policy.timeZone).offset(at: now)
        current = Dictionary(
            uniqueKeysWithValues: policy.tiers.map { tier, _ in
                (tier, CalendarPeriod.number(tier, local: now + offset, offset: offset))
            })
    }

    /// - Returns: until when a kept set is sure to be kept under this policy; nil where that is not settled, or not by
    ///   time.
    package func end(of decision: RetentionDecision) -> Int? {
        decision.reasons.compactMap { reason in
            switch reason.base {
            case .newest(let period, let until):
                let number = CalendarPeriod.number(period.tier, local: period.local, offset: period.offset)
                return current[period.tier].map { number < $0 } == true ? until : nil
            case .within(_, let until): return until
            // The oldest only stands in for what the history does not have yet; the others are no matter of age.
            default: return nil
            }
        }.max()
    }
}
