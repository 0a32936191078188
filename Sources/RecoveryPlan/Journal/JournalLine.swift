internal import Cryptography
package import Foundation
internal import Platform

/// One line of a journal: `{"sha256":"…",` and then a JSON object of which that is the SHA-256, as it stands.
package struct JournalLine: Equatable, Sendable {
    package struct Body: Codable, Equatable, Sendable {
        /// From 0.
        package var number: Int
        /// By the wall clock, for people.
        package var at: Date
        /// Seconds by the monotonic clock, which counts from the machine's start and through its sleep.
        package var uptime: Double
        /// SHA-256 of the line before: what makes the lines a chain; of nothing in the first line.
        package var previous: String
        package var event: JournalEvent
    }

    package var body: Body
    /// Of this line.
    package var digest: String
    /// As written, without the line end.
    package var text: String

    private static let opening = "{\"sha256\":\""

    package init(_ body: Body) throws {
        let bytes = [UInt8](try Self.encoder.encode(body))
        digest = Digest(of: bytes).hex
        text = Self.opening + digest + "\"," + String(decoding: bytes.dropFirst(), as: UTF8.self)
        self.body = body
    }

    /// Reads a line back.
    /// - Throws: a text that says what is wrong with it.
    package init(reading text: String) throws(Refusal) {
        guard text.hasPrefix(Self.opening) else { throw Refusal(reason: "does not begin with its SHA-256") }
        let rest = text.dropFirst(Self.opening.count)
        digest = String(rest.prefix(64))
        guard rest.dropFirst(64).hasPrefix("\",") else { throw Refusal(reason: "does not begin with its SHA-256") }
        let json = [UInt8](("{" + rest.dropFirst(66)).utf8)
        guard Digest(of: json).hex == digest else {
            throw Refusal(reason: "its SHA-256 is not the recorded one: it was altered")
        }
        do {
            body = try Self.decoder.decode(Body.self, from: Data(json))
        } catch {
            throw Refusal(reason: "it cannot be understood; it may be of a newer version of dr")
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
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no moment")
            }
            return date
        }
        return decoder
    }
}

/// Moments as journals spell them: RFC 3339, UTC, to the millisecond.
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
