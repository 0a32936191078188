extension JSONValue {
    /// The canonical form: members in the order of their names' bytes, two spaces a level, one value a line, and a line
    /// end at the end. Two texts of one value are equal byte for byte, so a diff shows only changes.
    package var document: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes, as: Layout(isPretty: true))
        bytes.append(0x0A)
        return bytes
    }

    /// The form for requests: without any space, members in the same order.
    package var compact: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes, as: Layout(isPretty: false))
        return bytes
    }

    private struct Layout {
        let isPretty: Bool
        var level = 0

        var deeper: Layout { Layout(isPretty: isPretty, level: level + 1) }

        /// Begins an element of an array or an object.
        func begin(_ index: Int, _ bytes: inout [UInt8]) {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if isPretty { newLine(level + 1, &bytes) }
        }

        func end(_ count: Int, _ bytes: inout [UInt8]) {
            if isPretty, count > 0 { newLine(level, &bytes) }
        }

        private func newLine(_ level: Int, _ bytes: inout [UInt8]) {
            bytes.append(0x0A)
            for _ in 0..<2 * level { bytes.append(0x20) }
        }
    }

    private func write(into bytes: inout [UInt8], as layout: Layout) {
        switch self {
        case .null: Self.append("null", to: &bytes)
        case .bool(let value): Self.append(value ? "true" : "false", to: &bytes)
        case .number(let text): Self.append(text, to: &bytes)
        case .string(let text): Self.write(text, into: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                layout.begin(index, &bytes)
                value.write(into: &bytes, as: layout.deeper)
            }
            layout.end(values.count, &bytes)
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, place) in Self.sorted(members).enumerated() {
                let member = members[place]
                layout.begin(index, &bytes)
                Self.write(member.key, into: &bytes)
                bytes.append(UInt8(ascii: ":"))
                if layout.isPretty { bytes.append(0x20) }
                member.value.write(into: &bytes, as: layout.deeper)
            }
            layout.end(members.count, &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private typealias Members = [String: JSONValue]

    /// The places of the members in the order of their names' bytes. Names are compared by their first eight bytes, as
    /// numbers, and whole only where these are the same: most of the time of a large document went into its names.
    private static func sorted(_ members: Members) -> [Members.Index] {
        var places = members.indices.map { (start: start(of: members.keys[$0]), place: $0) }
        places.sort { first, second in
            first.start != second.start
                ? first.start < second.start
                : precedes(members.keys[first.place], members.keys[second.place])
        }
        return places.map(\.place)
    }

    /// The first eight bytes as a number in big-endian order; zeros follow a shorter name.
    private static func start(of name: String) -> UInt64 {
        var name = name
        return name.withUTF8 { bytes in
            var value: UInt64 = 0
            for byte in bytes.prefix(8) { value = value << 8 | UInt64(byte) }
            return bytes.count < 8 ? value << UInt64(8 * (8 - bytes.count)) : value
        }
    }

    /// Compares the bytes of UTF-8.
    private static func precedes(_ first: String, _ second: String) -> Bool {
        var (first, second) = (first, second)
        return first.withUTF8 { first in
            second.withUTF8 { second in
                let count = min(first.count, second.count)
                for index in 0..<count where first[index] != second[index] { return first[index] < second[index] }
                return first.count < second.count
            }
        }
    }

    /// Appends `text` as a JSON string: in quotes and with escapes.
    package static func write(_ text: String, into bytes: inout [UInt8]) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { text in
            // Nearly all text needs no escape and is appended in one piece.
            if text.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
                bytes.append(contentsOf: text)
            } else {
                for byte in text { escape(byte, into: &bytes) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8, into bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0x0A: bytes += "\\n".utf8
        case 0x0D: bytes += "\\r".utf8
        case 0x09: bytes += "\\t".utf8
        case 0..<0x20:
            let hex = String(byte, radix: 16)
            bytes += "\\u00\(hex.count == 1 ? "0" : "")\(hex)".utf8
        default: bytes.append(byte)
        }
    }
}
