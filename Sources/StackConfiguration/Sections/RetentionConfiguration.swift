package import Documents
package import Retention

/// The retention policy as it is written in `dr.yaml`. The module `Retention` implements its rules.
package struct RetentionConfiguration: Equatable, Sendable {
    package var policy: RetentionPolicy
    /// The grace period in seconds, from the announcement of a removal to the removal; nil for the prune's default.
    package var grace: Int?

    package init() {
        policy = RetentionPolicy()
        policy.protection = .usual
    }

    /// Reads a policy from the command line, such as `hourly=24h,keep_last=5`: the keys and values of `dr.yaml`.
    /// - Parameter option: the name of the option in messages.
    /// - Throws: `DocumentError` with all errors.
    package init(_ text: String, option: String) throws(DocumentError) {
        var reader = Reader(file: option, folder: "/")
        var pairs: [(YAMLNode, YAMLNode)] = []
        for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0.drop { $0 == " " }) }
            guard parts.count == 2, !pairs.contains(where: { $0.0.scalar?.string == parts[0] }) else {
                reader.complain(
                    Location(file: option), "'\(pair)' is not a valid rule, or repeats a rule",
                    hint: "write each rule once, as hourly=24h, separated by commas")
                continue
            }
            let tag: YAMLTag = Int(parts[1]) == nil ? .str : .int
            pairs.append((YAMLNode(parts[0], .str), YAMLNode(parts[1], tag)))
        }
        let section = reader.section(Self.self, from: YAMLNode(pairs))
        guard reader.diagnostics.isEmpty, let section else { throw DocumentError(reader.diagnostics) }
        self = section
    }
}

extension RetentionConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("hourly", \.policy.hourly, as: .calendarLength, about: "Keep one backup for each hour this far back."),
        Key("daily", \.policy.daily, as: .calendarLength, about: "Keep one backup for each day this far back."),
        Key("weekly", \.policy.weekly, as: .calendarLength, about: "Keep one backup for each ISO week this far back."),
        Key("monthly", \.policy.monthly, as: .calendarLength, about: "Keep one backup for each month this far back."),
        Key("yearly", \.policy.yearly, as: .calendarLength, about: "Keep one backup for each year this far back."),
        Key(
            "keep_last", \.policy.keepLast, as: .count(1...1_000_000),
            about: "Keep this number of newest backups, regardless of age."),
        Key("keep_within", \.policy.keepWithin, as: .calendarLength, about: "Keep every backup younger than this."),
        Key(
            "time_zone", \.policy.timeZone, as: .timeZone,
            about: "Time zone of the hours, days, weeks, months and years, such as Europe/Berlin. Default: UTC."),
        Key(
            "largest_drop", \.policy.limits.largestDrop, as: .share,
            about:
                "Freeze pruning if it would drop more than this share of all backups at once. Default: 50%."),
        Key(
            "freeze_after_failures", \.policy.limits.failedRuns, as: .count(0...1000),
            about: "Freeze pruning after this number of failed runs in a row; 0 for never. Default: 3."),
        Key(
            "longest_gap", \.policy.limits.longestGap, as: .longSeconds,
            about: "Freeze pruning after a longer time without backups, since a clock may be wrong. Default: 60d."),
        Key(
            "clock_tolerance", \.policy.limits.clockTolerance, as: .longSeconds,
            about: "A backup whose name is further ahead of the clock counts as from the future. Default: 5m."),
        Key(
            "protect_unverified", \.policy.protection.longestUnverified, as: .longSeconds,
            about: "Drop no backup of a component while none that remains was verified within this time. Default: 90d."),
        Key(
            "protect_smaller_than", \.policy.protection.smallestShare, as: .share,
            about:
                "Keep a backup of a component if those that remain have less than this share of its size; 0% for never. Default: 50%."
        ),
        Key(
            "grace", \.grace, as: .grace,
            about: "Grace period from the announcement of a removal to the removal, at least 1h. Default: 24h."),
    ]
}

extension Shape where Value == CalendarLength {
    /// A length of time above zero that distinguishes days, weeks, months and years from hours.
    static let calendarLength = Shape(schema: Shape<Period>.period.schema) { node, reader in
        // Grammar and errors are those of a period.
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
                node, "'\(name)' is not a time zone of this machine",
                hint: "write it as UTC or Europe/Berlin; 'timedatectl list-timezones' lists all")
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
    /// The minimum leaves an operator time to notice a mistake and to pin a set, and lets a backup that began before the
    /// announcement reuse the announced objects.
    fileprivate static let grace = Shape(schema: Shape<Period>.period.schema) { node, reader in
        guard let period = Shape<Period>.period.read(node, &reader) else { return nil }
        let seconds = Int(period.duration.components.seconds)
        guard (3600...90 * 86_400).contains(seconds) else {
            reader.complain(
                node, "'grace' is out of range: 1h to 90d",
                hint: "`dr prune --grace 0s` removes immediately")
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
