/// How soon somebody has to do something about a resource.
package enum Urgency: String, CaseIterable, Codable, Sendable, Comparable {
    /// Nothing passes a threshold within a year.
    case none
    /// Within a year.
    case low
    /// The warning threshold within a quarter, or the critical one within half a year.
    case medium
    /// Above the warning threshold now, or above the critical one within a quarter.
    case high
    /// Above the critical threshold now, or within a month.
    case critical

    package static func < (first: Urgency, second: Urgency) -> Bool { first.rank < second.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What a value should stay below; nil where nobody has said.
package struct Thresholds: Equatable, Sendable {
    package var warning: Double?
    package var critical: Double?

    package init(warning: Double? = nil, critical: Double? = nil) {
        self.warning = warning
        self.critical = critical
    }

    /// - Parameters:
    ///   - current: the newest measured value.
    ///   - regression: nil where there is too little history to look ahead.
    ///   - now: seconds since 1970.
    package func urgency(current: Double?, _ regression: LinearRegression?, now: Double) -> Urgency {
        func days(_ threshold: Double?) -> Int? {
            guard let threshold else { return nil }
            if let current, current >= threshold { return 0 }
            // What was measured counts more than where the line runs today.
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
