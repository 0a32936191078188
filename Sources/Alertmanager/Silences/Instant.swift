internal import BackupRepository
internal import FoundationEssentials
internal import Platform

/// Times as Alertmanager writes them: RFC 3339, with or without a fraction of a second.
package enum Instant {
    /// Milliseconds since 1970; nil for a text that is not a time of the years 0 to 9999.
    package static func milliseconds(_ text: String) -> Int? {
        // The style accepts more digits and a longer text than RFC 3339 allows.
        guard text.utf8.count <= 40, let last = text.utf8.last, text.utf8.dropFirst(4).first == UInt8(ascii: "-"),
            last == UInt8(ascii: "Z") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(last),
            let date = try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text),
            let time = Int(checked: (date.timeIntervalSince1970 * 1000).rounded()),
            DocumentRange.signedMilliseconds.contains(time)
        else { return nil }
        return time
    }

    /// - Parameter milliseconds: since 1970.
    package static func text(_ milliseconds: Int) -> String {
        let range = DocumentRange.milliseconds
        let time = min(max(milliseconds, range.lowerBound), range.upperBound)
        // A `Date` is a Double, and its style truncates a value just below a whole millisecond.
        return "\(Timestamp(seconds: time / 1000).rfc3339.dropLast()).\(String(time % 1000 + 1000).dropFirst())Z"
    }
}
