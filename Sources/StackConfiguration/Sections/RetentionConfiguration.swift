package import Documents
package import Retention
internal import Yams

/// Which backup sets are kept. The rules themselves are `Retention`'s; here is how they are written.
package struct RetentionConfiguration: Equatable, Sendable {
    package var hourly: CalendarLength?
    package var daily: CalendarLength?
    package var weekly: CalendarLength?
    package var monthly: CalendarLength?
    package var yearly: CalendarLength?
    package var keepLast: Int?
    package var keepWithin: CalendarLength?
    package var timeZone = DeclaredZone.utc
    package var limits = FreezeLimits()
    /// Seconds from the announcement of a deletion to the deletion; nil leaves it to the prune.
    package var grace: Int?

    package init() {}

    /// Reads a policy from the command line, such as `hourly=24h,keep_last=5`: the keys and values of `dr.yaml`.
    /// - Parameter option: what messages call it.
    /// - Throws: `DocumentError` with everything that is wrong.
    package init(_ text: String, option: String) throws(DocumentError) {
        var reader = Reader(file: option, folder: "/")
        var pairs: [(YAMLNode, YAMLNode)] = []
        for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0.drop { $0 == " " }) }
            guard parts.count == 2, !pairs.contains(where: { $0.0.string == parts[0] }) else {
                reader.complain(
                    Location(file: option), "'\(pair)' is no rule, or its second",
                    hint: "write rules as hourly=24h, each once, with commas between them")
                continue
            }
            let tag = Int(parts[1]) == nil ? Tag(.str) : Tag(.int)
            pairs.append((YAMLNode(parts[0], Tag(.str)), YAMLNode(parts[1], tag)))
        }
        let section = reader.section(Self.self, from: YAMLNode(pairs, Tag(.map)))
        guard reader.diagnostics.isEmpty, let section else { throw DocumentError(reader.diagnostics) }
        self = section
    }

    package var policy: RetentionPolicy {
        var policy = RetentionPolicy(
            hourly: hourly, daily: daily, weekly: weekly, monthly: monthly, yearly: yearly, keepLast: keepLast,
            keepWithin: keepWithin, timeZone: timeZone)
        policy.limits = limits
        return policy
    }
}

extension RetentionConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("hourly", \.hourly, as: .calendarLength, about: "Keep one backup for each hour this far back."),
        Key("daily", \.daily, as: .calendarLength, about: "Keep one backup for each day this far back."),
        Key("weekly", \.weekly, as: .calendarLength, about: "Keep one backup for each ISO week this far back."),
        Key("monthly", \.monthly, as: .calendarLength, about: "Keep one backup for each month this far back."),
        Key("yearly", \.yearly, as: .calendarLength, about: "Keep one backup for each year this far back."),
        Key("keep_last", \.keepLast, as: .count(1...1_000_000), about: "Keep the newest so many, whatever their age."),
        Key("keep_within", \.keepWithin, as: .calendarLength, about: "Keep every backup that is younger."),
        Key(
            "time_zone", \.timeZone, as: .timeZone,
            about: "Whose hours, days, weeks, months and years are meant, such as Europe/Berlin; UTC if left out."),
        Key(
            "largest_drop", \.limits.largestDrop, as: .share,
            about:
                "Drop nothing, and say so, when more than this share of all backups would go at once; 50% if left out."),
        Key(
            "freeze_after_failures", \.limits.failedRuns, as: .count(0...1000),
            about: "Drop nothing after so many failed runs in a row; 3 if left out, 0 for never."),
        Key(
            "longest_gap", \.limits.longestGap, as: .longSeconds,
            about: "Drop nothing when nothing was seen for longer: a clock leapt, or backups ended; 60d if left out."),
        Key(
            "clock_tolerance", \.limits.clockTolerance, as: .longSeconds,
            about: "A backup whose name is further ahead of the clock than this is from the future. Default: 5m."),
        Key(
            "grace", \.grace, as: .grace,
            about: "Time from the announcement of a deletion to the deletion, at least 1h; 24h if left out."),
    ]
}

extension Shape where Value == CalendarLength {
    /// A length of time above zero, with its days, weeks, months and years kept apart from hours.
    static let calendarLength = Shape(schema: Shape<Period>.period.schema) { node, reader in
        // The grammar and its complaints are the period's.
        guard Shape<Period>.period.read(node, &reader) != nil, let text = node.scalar?.string else { return nil }
        guard let length = CalendarLength(text) else {
            reader.complain(node, "'\(text)' is longer than a thousand years")
            return nil
        }
        return length
    }
}

extension Shape where Value == DeclaredZone {
    static let timeZone = Shape(schema: ["type": "string"]) { node, reader in
        guard let name = Shape<String>.text.read(node, &reader) else { return nil }
        guard let zone = DeclaredZone(name) else {
            reader.complain(
                node, "'\(name)' is no time zone of this machine's database",
                hint: "write it as UTC or Europe/Berlin; 'timedatectl list-timezones' names them all")
            return nil
        }
        return zone
    }
}

extension Shape where Value == Int {
    /// A length of time in seconds, to compare ages with.
    fileprivate static let longSeconds = Shape(schema: Shape<Period>.period.schema) { node, reader in
        Shape<Period>.period.read(node, &reader).map { Int($0.duration.components.seconds) }
    }
}

extension Shape where Value == Int {
    /// Too short a time to notice a mistake and to pin a set would be no time at all; and what a backup that began
    /// before the announcement builds upon would have to be stored anew.
    fileprivate static let grace = Shape(schema: Shape<Period>.period.schema) { node, reader in
        guard let period = Shape<Period>.period.read(node, &reader) else { return nil }
        let seconds = Int(period.duration.components.seconds)
        guard (3600...90 * 86_400).contains(seconds) else {
            reader.complain(
                node, "'grace' is the time to take a mistake back: 1h to 90d",
                hint: "`dr prune --grace 0s` removes at once, when that is meant")
            return nil
        }
        return seconds
    }
}

extension Shape where Value == Double {
    /// A share of a whole, written as `50%`; 0...1.
    static let share = Shape(schema: ["type": "string", "pattern": "^[0-9]+([.][0-9]+)?%$"]) { node, reader in
        guard let text = node.scalar?.string, text.last == "%", let percent = Double(text.dropLast()) else {
            reader.complain(node, "expected a share such as 50%, found \(node.kindForPeople)")
            return nil
        }
        guard (0...100).contains(percent) else {
            reader.complain(node, "'\(text)' is out of range: 0% to 100%")
            return nil
        }
        return percent / 100
    }
}
