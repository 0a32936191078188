/// The urgency of an action on a resource.
package enum Urgency: String, CaseIterable, Codable, Sendable, Comparable {
    /// No threshold is passed within a year.
    case none
    /// A threshold is passed within a year.
    case low
    /// The warning threshold is passed within a quarter, or the critical one within half a year.
    case medium
    /// The value is above the warning threshold now, or passes the critical one within a quarter.
    case high
    /// The value is above the critical threshold now, or passes it within a month.
    case critical

    package static func < (first: Urgency, second: Urgency) -> Bool { first.rank < second.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// The thresholds that a value should stay below; nil if not configured.
package struct Thresholds: Equatable, Sendable {
    package var warning: Double?
    package var critical: Double?

    package init(warning: Double? = nil, critical: Double? = nil) {
        self.warning = warning
        self.critical = critical
    }

    /// - Parameters:
    ///   - current: the newest measured value.
    ///   - regression: nil if there is too little history for a forecast.
    ///   - now: seconds since 1970.
    package func urgency(current: Double?, _ regression: LinearRegression?, now: Double) -> Urgency {
        func days(_ threshold: Double?) -> Int? {
            guard let threshold else { return nil }
            if let current, current >= threshold { return 0 }
            // A measured value takes precedence over the line's value for today.
            return regression?.passing(threshold, from: now).expected.map { max(1, $0) }
        }
        let (warning, critical) = (days(warning), days(critical))
        if let critical, critical <= Horizon.month.days { return .critical }
        if warning == 0 { return .high }
        if let critical, critical <= Horizon.quarter.days { return .high }
        if let critical, critical <= Horizon.half.days { return .medium }
        if let warning, warning <= Horizon.quarter.days { return .medium }
        return warning == nil && critical == nil ? .none : .low
    }
}
