package import BackupRepository
import Documents
import Foundation
import Platform
import StackConfiguration

/// The set that a user means: `latest`, a set's name, a time, a day, or an age such as `6h`. Times, days and ages mean
/// the newest set at or before them; a time without a zone is UTC, and a day or a minute means its end.
package enum SetSelector: Equatable, Sendable {
    case latest
    case named(Timestamp)
    case at(Timestamp)
    case age(seconds: Int)
    /// The end of the day, UTC, that began so many days before today's beginning.
    case day(ago: Int)
    /// Of each component its set: how a run goes on with the sets that it began with.
    case sets([String: Timestamp])

    /// For help texts.
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

    /// The latest time that a set may be named after; nil where a set is named, or the newest is meant.
    package func limit(now: Timestamp) -> Timestamp? {
        switch self {
        case .latest, .sets: nil
        case .named(let time), .at(let time): time
        case .age(let seconds): Timestamp(seconds: now.seconds - seconds)
        case .day(let days): Timestamp(seconds: (now.seconds / 86_400 - days + 1) * 86_400 - 1)
        }
    }
}

/// A point in time as users write it.
enum MomentText {
    /// - Returns: the last second that `text` stands for: of the day in `2026-11-28`, of the minute in
    ///   `2026-11-28T23:00`; UTC where it names no zone. Nil where it is not a time.
    static func end(of text: String) -> Timestamp? {
        let parts = text.replacing(" ", with: "T", maxReplacements: 1).split(
            separator: "T", omittingEmptySubsequences: false)
        // The parser takes 30 February for 1 March.
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
