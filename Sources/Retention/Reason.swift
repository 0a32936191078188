internal import Platform

/// A reason to keep or drop a set. Times are seconds since 1970.
package enum Reason: Hashable, Sendable {
    /// It represents a period that its tier covers until that time.
    case newest(of: CalendarPeriod, until: Int)
    /// It is the oldest, and the history is shorter than the tier until that time.
    case oldest(Tier, CalendarLength, until: Int)
    /// One of the newest sets that `keep_last` counts.
    case last(Int)
    /// Younger than `keep_within` until that time.
    case within(CalendarLength, until: Int)
    case pinned(until: Int)
    /// The floors: kept under any policy.
    case newestComplete, newestSound, newestVerified, newestOfAll
    /// The protection: without it the policy would drop the set. No set would remain that is whole and undamaged …
    case onlyDamagedRemains
    /// … or that was verified since that time; nil if none is verified …
    case onlyUnverifiedRemains(since: Int?)
    /// … or that is about as large. Sizes in bytes.
    case onlySmallerRemains(largest: Int, own: Int)
    /// Its name is in the future: a clock was wrong, and its age is not known.
    case future
    /// The policy has no rule at all.
    case noPolicy
    /// It belongs to another stack that shares the repository: this stack's policy does not apply to it.
    case otherStack(String)

    /// A prune abandoned its run before the set was written.
    case abandoned
    /// An operator dropped it, for this reason.
    case dropped(String)

    /// Another set represents the period that contains this one.
    case superseded(in: CalendarPeriod, by: Int)
    /// It represents a period that its tier has not covered since that time.
    case expired(CalendarPeriod, CalendarLength, since: Int)
    /// Not one of the newest sets that `keep_last` counts.
    case beyondLast(Int)
    /// Older than `keep_within` since that time.
    case beyondWithin(CalendarLength, since: Int)

    /// A reason that applies only to these components of the set.
    indirect case of([String], Reason)

    /// The reason itself, without the components to which it applies.
    package var base: Reason {
        if case .of(_, let reason) = self { reason.base } else { self }
    }

    /// The tier that keeps the set, for a period or as the oldest; nil for a reason of another kind.
    package var tier: Tier? {
        switch base {
        case .newest(let period, _): period.tier
        case .oldest(let tier, _, _): tier
        default: nil
        }
    }

    /// True if it is a reason to keep the set.
    package var keeps: Bool {
        switch base {
        case .superseded, .expired, .beyondLast, .beyondWithin, .dropped, .abandoned: false
        default: true
        }
    }

    /// True if it holds under any policy.
    package var isFloor: Bool {
        switch base {
        case .newestComplete, .newestSound, .newestVerified, .newestOfAll, .pinned, .future: true
        default: false
        }
    }

    /// The time at which the reason expires if only time changes; nil if it does not depend on time.
    package var until: Int? {
        switch base {
        case .newest(_, let until), .oldest(_, _, let until), .within(_, let until): until
        case .pinned(let until) where until != .max: until
        default: nil
        }
    }

    /// The reason for people, one line without a full stop.
    package var text: String {
        switch self {
        case .newest(let period, let until):
            "\(period.tier.rawValue): newest of \(period), until \(Moment.readable(until))"
        case .oldest(let tier, let length, let until):
            "\(tier.rawValue): oldest set, kept until it is \(length) old at \(Moment.readable(until))"
        case .last(let count): "keep_last: one of the newest \(count)"
        case .within(let length, let until): "keep_within: younger than \(length), until \(Moment.readable(until))"
        case .pinned(.max): "pinned for ever"
        case .pinned(let until): "pinned until \(Moment.readable(until))"
        case .newestComplete: "newest whole backup"
        case .newestSound: "newest whole backup not known to be damaged"
        case .newestVerified: "newest verified set"
        case .newestOfAll: "newest backup; no whole backup exists"
        case .onlyDamagedRemains: "protected: no undamaged whole backup would remain"
        case .onlyUnverifiedRemains(nil): "protected: no verified backup would remain"
        case .onlyUnverifiedRemains(let since?):
            "protected: no remaining backup was verified since \(Moment.readable(since))"
        case .onlySmallerRemains(let largest, let own):
            "protected: the remaining backups have at most \(Units.bytes(largest)), this one \(Units.bytes(own))"
        case .future: "its name is a time in the future"
        case .noPolicy: "no retention is configured"
        case .otherStack(let stack): "belongs to stack '\(stack)'"
        case .abandoned: "a prune abandoned its run before the set was written"
        case .dropped(let reason): "dropped by an operator: \(reason)"
        case .of(let components, let reason): "\(reason.text), for \(components.joined(separator: ", "))"
        case .superseded(let period, let other):
            "\(period.tier.rawValue): \(Moment.stamp(other)) represents \(period.tier.unit) \(period)"
        case .expired(let period, let length, let since):
            "\(period.tier.rawValue): represents \(period.tier.unit) \(period), past \(length) since \(Moment.readable(since))"
        case .beyondLast(let count): "keep_last: not one of the newest \(count)"
        case .beyondWithin(let length, let since):
            "keep_within: past \(length) since \(Moment.readable(since))"
        }
    }
}
