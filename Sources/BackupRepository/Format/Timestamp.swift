internal import Glibc
internal import Platform

/// A time to the second, UTC, in the notation of keys: `20261123T020000Z`. Text order is time order.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Seconds since 1970.
    package let seconds: Int

    /// - Parameter seconds: cut to the years 0 to 9999, which a name can spell.
    package init(seconds: Int) {
        self.seconds = min(max(seconds, UTCTime.spellable.lowerBound), UTCTime.spellable.upperBound)
    }

    /// - Returns: nil unless `text` is `YYYYMMDDTHHMMSSZ` and a valid time in the years 1970 to 9999.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int32? {
            guard bytes[range].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
            return bytes[range].reduce(0) { $0 * 10 + Int32($1 - UInt8(ascii: "0")) }
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
            let minute = number(11..<13), let second = number(13..<15)
        else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = month - 1
        parts.tm_mday = day
        parts.tm_hour = hour
        parts.tm_min = minute
        parts.tm_sec = second
        seconds = timegm(&parts)
        // timegm accepts 31 June as 1 July.
        guard DocumentRange.seconds.contains(seconds), description == text else { return nil }
    }

    package var description: String { UTCTime(seconds: seconds).basic }

    /// `2026-11-23T02:00:00Z`, RFC 3339.
    package var rfc3339: String { RFC3339.text(seconds: seconds) }

    /// `2026-11-23 02:00:00`, for tables.
    package var readable: String {
        let instant = UTCTime(seconds: seconds)
        return "\(instant.date) \(instant.time)"
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let timestamp = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a timestamp: '\(text)'")
        }
        self = timestamp
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
