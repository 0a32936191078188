/// Which sets are kept: the union of what each rule keeps. A rule that is nil keeps nothing.
package struct RetentionPolicy: Hashable, Sendable {
    /// How far back each tier keeps one set of every period, counted from now.
    package var hourly: CalendarLength?
    package var daily: CalendarLength?
    package var weekly: CalendarLength?
    package var monthly: CalendarLength?
    package var yearly: CalendarLength?
    /// The newest sets kept whatever their age.
    package var keepLast: Int?
    /// Every set younger than this is kept.
    package var keepWithin: CalendarLength?
    package var timeZone = DeclaredZone.utc
    package var limits = FreezeLimits()

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

    /// What `dr init` proposes: hourly 24h, daily 30d, weekly 12w, monthly 12mo, yearly 7y.
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

    /// The tiers that are set, with their lengths, finest first.
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

    /// No rule at all: nothing was decided, so nothing is dropped.
    package var isEmpty: Bool { tiers.isEmpty && keepLast == nil && keepWithin == nil }
}

/// When a decision to drop is not to be carried out before a person has looked.
package struct FreezeLimits: Hashable, Sendable {
    /// The largest share of the sets that one prune drops, 0...1.
    package var largestDrop = 0.5
    /// Up to so many sets the share is not judged: four backups within a first hour are no catastrophe.
    package var unjudgedDrop = 10
    /// Failed runs in a row that stop pruning; 0 never does.
    package var failedRuns = 3
    /// Seconds that clocks may differ: a set that is named after a later time is from the future.
    package var clockTolerance = 300
    /// Seconds without any sign of life that are taken for a clock that leapt, or for backups that ended unnoticed.
    package var longestGap = 60 * 86_400

    package init() {}
}
