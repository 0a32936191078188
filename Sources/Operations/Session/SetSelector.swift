package import BackupRepository
import Documents
import FoundationEssentials
import Platform
import StackConfiguration

/// A selection of a set: `latest`, a set's name, a time, a day, or an age such as `6h`. Times, days and ages select the
/// newest set at or before them; a time without a zone is UTC, and a day or a minute means its end.
package enum SetSelector: Equatable, Sendable {
    case latest
    case named(Timestamp)
    case at(Timestamp)
    case age(seconds: Int)
    /// The end of the day, in UTC, the given number of days before today.
    case day(ago: Int)
    /// The set of each component, so that a resumed run uses the same sets.
    case sets([String: Timestamp])

    /// The accepted forms, for help texts.
    package static let words =
        "'latest', a set's name, a day (2026-11-28), a time (2026-11-28T23:00, UTC), or an age (6h)"

    package init?(argument: String) {
        if argument == "latest" {
            self = .latest
        } else if let days = ["today": 0, "yesterday": 1][argument] {
            self = .day(ago: days)
        } else if let name = Timestamp(argument) {
            self = .named(name)
        } else if let moment = MomentText.end(of: argument) {
            self = .at(moment)
        } else if let period = try? Period(argument) {
            self = .age(seconds: Int(period.duration.components.seconds))
        } else {
            return nil
        }
    }

    /// The latest possible name of the set; nil for the newest set.
    package func limit(now: Timestamp) -> Timestamp? {
        switch self {
        case .latest, .sets: nil
        case .named(let time), .at(let time): time
        case .age(let seconds): Timestamp(seconds: now.seconds - seconds)
        case .day(let days): Timestamp(seconds: (now.seconds / 86_400 - days + 1) * 86_400 - 1)
        }
    }
}

/// A point in time on the command line.
enum MomentText {
    /// - Returns: the last second of `text`: of the day for `2026-11-28`, of the minute for `2026-11-28T23:00`; in UTC
    ///   without a zone. Nil if `text` is not a time.
    static func end(of text: String) -> Timestamp? {
        let parts = text.replacing(" ", with: "T", maxReplacements: 1).split(
            separator: "T", omittingEmptySubsequences: false)
        // The parser reads 30 February as 1 March.
        guard let day = parts.first, day.count == 10, Timestamp("\(day.replacing("-", with: ""))T000000Z") != nil else {
            return nil
        }
        if parts.count == 1 { return time("\(day)T23:59:59Z") }
        guard parts.count == 2 else { return nil }
        let clock = parts[1].prefix { $0.isNumber || $0 == ":" }
        let zone = parts[1].dropFirst(clock.count)
        let isMinute = clock.count == 5
        return time("\(day)T\(clock)\(isMinute ? ":59" : "")\(zone.isEmpty ? "Z" : zone)")
    }

    private static func time(_ text: String) -> Timestamp? {
        guard let date = try? Date(text, strategy: .iso8601) else { return nil }
        return Timestamp(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down)))
    }
}
