/// The rules that decide which sets are kept: the union of the sets that each rule keeps. A rule that is nil keeps no
/// set.
package struct RetentionPolicy: Hashable, Sendable {
    /// The time span in which each tier keeps one set of every period, counted back from now.
    package var hourly: CalendarLength?
    package var daily: CalendarLength?
    package var weekly: CalendarLength?
    package var monthly: CalendarLength?
    package var yearly: CalendarLength?
    /// The number of newest sets that are kept at any age.
    package var keepLast: Int?
    /// Every set younger than this is kept.
    package var keepWithin: CalendarLength?
    package var timeZone = DeclaredZone.utc
    package var limits = FreezeLimits()
    package var protection = Protection.none

    package init(
        hourly: CalendarLength? = nil, daily: CalendarLength? = nil, weekly: CalendarLength? = nil,
        monthly: CalendarLength? = nil, yearly: CalendarLength? = nil, keepLast: Int? = nil,
        keepWithin: CalendarLength? = nil, timeZone: DeclaredZone = .utc
    ) {
        self.hourly = hourly
        self.daily = daily
        self.weekly = weekly
        self.monthly = monthly
        self.yearly = yearly
        self.keepLast = keepLast
        self.keepWithin = keepWithin
        self.timeZone = timeZone
    }

    /// The proposal of `dr init`: hourly 24h, daily 30d, weekly 12w, monthly 12mo, yearly 7y.
    package static let proposed = RetentionPolicy(
        hourly: .hours(24), daily: .days(30), weekly: .weeks(12), monthly: .months(12), yearly: .years(7))

    package subscript(tier: Tier) -> CalendarLength? {
        get {
            switch tier {
            case .hourly: hourly
            case .daily: daily
            case .weekly: weekly
            case .monthly: monthly
            case .yearly: yearly
            }
        }
        set {
            switch tier {
            case .hourly: hourly = newValue
            case .daily: daily = newValue
            case .weekly: weekly = newValue
            case .monthly: monthly = newValue
            case .yearly: yearly = newValue
            }
        }
    }

    /// The configured tiers with their lengths, finest first.
    package var tiers: [(tier: Tier, length: CalendarLength)] {
        Tier.allCases.compactMap { tier in self[tier].map { (tier, $0) } }
    }

    /// For people: `hourly 24h, daily 30d, keep_last 5, zone UTC`.
    package var summary: String {
        var parts = tiers.map { "\($0.tier.rawValue) \($0.length)" }
        if let keepLast { parts.append("keep_last \(keepLast)") }
        if let keepWithin { parts.append("keep_within \(keepWithin)") }
        if parts.isEmpty { parts.append("keep everything") }
        return (parts + ["zone \(timeZone)"]).joined(separator: ", ")
    }

    /// True without any rule: nothing was decided, so no set is dropped.
    package var isEmpty: Bool { tiers.isEmpty && keepLast == nil && keepWithin == nil }
}

/// The limits at which a prune stops until an operator has checked.
package struct FreezeLimits: Hashable, Sendable {
    /// The largest share of the sets that one prune drops, 0...1.
    package var largestDrop = 0.5
    /// Up to this number of sets the share is not checked: four backups within a first hour are not a catastrophe.
    package var unjudgedDrop = 10
    /// The number of consecutive failed runs that stops pruning; 0 for no limit.
    package var failedRuns = 3
    /// Seconds by which clocks may differ: a set with a later name is from the future.
    package var clockTolerance = 300
    /// Seconds without a set or a prune that count as a clock jump, or as backups that stopped unnoticed.
    package var longestGap = 60 * 86_400

    package init() {}
}
