import BackupRepository
import Platform

/// The time in the name of another tool's backup.
enum ForeignTime {
    /// Reads a date and a time of day in one of the usual notations: `20260901T020000Z`, `2026-09-01_02-00-00`,
    /// `202609010200`, `2026-09-01T02:00:00.123+02:00`, `backup-20260901`, or seconds since 1970.
    /// - Parameter offset: seconds east of UTC, for a name that has no zone.
    /// - Returns: nil if the name does not contain such a time.
    static func parse(_ name: String, offset: Int = 0) -> Timestamp? {
        let name = String(name.drop { !$0.isASCII || !$0.isNumber })
        if let seconds = sinceEpoch(name) { return seconds }
        let form =
            #/(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?:[T _.-]?(\d{2})[:_.-]?(\d{2})(?:[:_.-]?(\d{2})(?:\.\d{1,9})?)?)?(Z|UTC|[+-]\d{2}:?\d{2})?/#
        guard let match = try? form.wholeMatch(in: name) else { return nil }
        let (_, year, month, day, hour, minute, second, zone) = match.output
        let text = "\(year)\(month)\(day)T\(hour ?? "00")\(minute ?? "00")\(second ?? "00")Z"
        guard let local = Timestamp(text), let shift = zone.map({ seconds(ofZone: $0) }) ?? offset else { return nil }
        return Timestamp(seconds: local.seconds.subtractingClamped(shift))
    }

    /// Ten digits of seconds, which are a date of the year 2001 or later and no date in the form `YYYYMMDDhh`, or thirteen
    /// of milliseconds.
    private static func sinceEpoch(_ name: String) -> Timestamp? {
        guard name.allSatisfy({ $0.isASCII && $0.isNumber }), name.first == "1", let number = Int(name) else {
            return nil
        }
        return switch name.count {
        case 10: Timestamp(seconds: number)
        case 13: Timestamp(seconds: number / 1000)
        default: nil
        }
    }

    /// Returns true if a name is later than the last write of its files by as much as a time zone is east of UTC.
    /// - Parameter lastWrite: seconds since 1970; any number, because it can come from an archive.
    static func isLocal(_ name: Timestamp, lastWrite: Int) -> Bool {
        let later = name.seconds.subtractingClamped(lastWrite)
        return later > clockTolerance && later <= widestZone
    }

    /// Seconds by which clocks may differ.
    private static let clockTolerance = 900
    /// Seconds between the widest time zones.
    private static let widestZone = 14 * 3600 + clockTolerance

    /// `Z`, `UTC`, `+02:00` or `-0500`.
    static func seconds(ofZone zone: Substring) -> Int? {
        if zone == "Z" || zone == "UTC" { return 0 }
        let digits = zone.filter(\.isNumber)
        guard digits.count == 4, let sign = zone.first, "+-".contains(sign), let hours = Int(digits.prefix(2)),
            let minutes = Int(digits.suffix(2)), hours <= 14, minutes < 60
        else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
}
