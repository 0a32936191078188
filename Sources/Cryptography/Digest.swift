/// A SHA-256 digest: 32 bytes, written as 64 lower-case hexadecimal digits in JSON and in output.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// - Parameter bytes: exactly 32 bytes.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == 32)
        self.bytes = bytes
    }

    /// Parses `hex`; nil unless it is exactly 64 lower-case hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = [UInt8](hex: hex), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    package init(of content: [UInt8]) { self.bytes = SHA256.hash(content.span.bytes) }

    package var hex: String { bytes.hex }
    package var description: String { hex }

    /// Hashes eight of the digest's bytes, which distinguish digests as well as all of them.
    package func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[..<8])) }
    }

    package static func < (left: Digest, right: Digest) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

extension Digest: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = Digest(hex: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a SHA-256: '\(text)'")
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

extension [UInt8] {
    /// The bytes in lower-case hexadecimal, two digits a byte.
    package var hex: String {
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        text.append(hexOf: self)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends ``hex`` of `bytes`, as ASCII.
    package mutating func append(hexOf bytes: [UInt8]) {
        func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }
        for byte in bytes {
            append(digit(byte >> 4))
            append(digit(byte & 15))
        }
    }

    /// Parses `hex`; nil unless it is an even number of lower-case hexadecimal digits.
    package init?(hex: String) {
        func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        let digits = Array(hex.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        self = []
        reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            append(high << 4 | low)
        }
    }
}
