internal import FoundationEssentials
internal import Platform

/// The times in the answers of S3 and of services that give credentials.
package enum AWSTime {
    /// Reads RFC 3339, with or without a fraction, as credentials and listings have it, of the years 1970 to 9999.
    package static func parse(_ text: String) -> Int? {
        for hasFraction in [false, true] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
            guard let date = try? style.parse(text) else { continue }
            return Int(checked: date.timeIntervalSince1970.rounded(.down))
        }
        return nil
    }
}
