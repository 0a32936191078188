internal import Cryptography
package import FoundationEssentials
internal import Platform

/// One line of a journal: `{"sha256":"…",` followed by the members of a JSON object, whose SHA-256 that is.
package struct JournalLine: Equatable, Sendable {
    package struct Body: Codable, Equatable, Sendable {
        /// The number of the line, from 0.
        package var number: Int
        /// The time by the wall clock, for display.
        package var at: Date
        /// Seconds of the monotonic clock, which counts from boot and includes suspended time.
        package var uptime: Double
        /// SHA-256 of the previous line, which chains the lines; empty in the first line.
        package var previous: String
        package var event: JournalEvent
    }

    package var body: Body
    /// SHA-256 of this line.
    package var digest: String
    /// The line as written, without the line break.
    package var text: String

    private static let opening = "{\"sha256\":\""

    package init(_ body: Body) throws {
        let bytes = [UInt8](try Self.encoder.encode(body))
        digest = Digest(of: bytes).hex
        text = Self.opening + digest + "\"," + String(decoding: bytes.dropFirst(), as: UTF8.self)
        self.body = body
    }

    /// Parses a line and verifies its SHA-256.
    /// - Throws: ``Refusal`` with the reason.
    package init(reading text: String) throws(Refusal) {
        guard text.hasPrefix(Self.opening) else { throw Refusal(reason: "does not begin with its SHA-256") }
        let rest = text.dropFirst(Self.opening.count)
        digest = String(rest.prefix(64))
        guard rest.dropFirst(64).hasPrefix("\",") else { throw Refusal(reason: "does not begin with its SHA-256") }
        let json = [UInt8](("{" + rest.dropFirst(66)).utf8)
        guard Digest(of: json).hex == digest else {
            throw Refusal(reason: "its SHA-256 does not match the recorded one: the line was altered")
        }
        do {
            body = try Self.decoder.decode(Body.self, from: Data(json))
        } catch {
            throw Refusal(reason: "it cannot be parsed; a newer version of dr may have written it")
        }
        self.text = text
    }

    package struct Refusal: Error, Equatable { package var reason: String }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(Moment.text(date))
        }
        return encoder
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = Moment.date(text) else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "'\(text)' is not a valid timestamp")
            }
            return date
        }
        return decoder
    }
}

/// Timestamps as journals write them: RFC 3339, UTC, with milliseconds.
package enum Moment {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    package static func text(_ date: Date) -> String {
        RFC3339.text(milliseconds: Int(clamping: (date.timeIntervalSince1970 * 1000).rounded()))
    }

    package static func date(_ text: String) -> Date? {
        guard let date = try? style.parse(text) else { return nil }
        return Date(timeIntervalSince1970: (date.timeIntervalSince1970 * 1000).rounded() / 1000)
    }
}
