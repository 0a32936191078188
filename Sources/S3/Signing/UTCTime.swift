internal import Foundation
internal import Platform

/// The time formats of AWS, for seconds since 1970.
package enum UTCTime {
    /// Formats a time for signatures: `20130524T000000Z`.
    package static func basic(_ seconds: Int) -> String {
        let time = components(seconds)
        return "\(pad(time.year, 4))\(pad(time.month))\(pad(time.day))"
            + "T\(pad(time.hour))\(pad(time.minute))\(pad(time.second))Z"
    }

    /// Formats a time for object locks: `2013-05-24T00:00:00Z` (RFC 3339).
    package static func extended(_ seconds: Int) -> String {
        let time = components(seconds)
        return "\(pad(time.year, 4))-\(pad(time.month))-\(pad(time.day))"
            + "T\(pad(time.hour)):\(pad(time.minute)):\(pad(time.second))Z"
    }

    /// Parses RFC 3339, with or without a fraction, of the years 1970 to 9999. Credentials and listings use it.
    package static func parse(_ text: String) -> Int? {
        for hasFraction in [false, true] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
            guard let date = try? style.parse(text) else { continue }
            return Int(checked: date.timeIntervalSince1970.rounded(.down))
        }
        return nil
    }

    private static func pad(_ number: CInt, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func components(
        _ seconds: Int
    ) -> (year: CInt, month: CInt, day: CInt, hour: CInt, minute: CInt, second: CInt) {
        var seconds = time_t(seconds)
        var time = tm()
        gmtime_r(&seconds, &time)
        return (time.tm_year + 1900, time.tm_mon + 1, time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec)
    }
}
