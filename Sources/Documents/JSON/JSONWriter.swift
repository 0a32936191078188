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
    }

    private func write(into bytes: inout [UInt8], as layout: Layout) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): Self.write(text, into: &bytes)
        case .array(let values):
            Self.write(values, between: ("[", "]"), into: &bytes, as: layout) { value, bytes in
                value.write(into: &bytes, as: layout.deeper)
            }
        case .object(let members):
            let sorted = members.sorted { Self.precedes($0.key, $1.key) }
            Self.write(sorted, between: ("{", "}"), into: &bytes, as: layout) { member, bytes in
                Self.write(member.key, into: &bytes)
                bytes += (layout.isPretty ? ": " : ":").utf8
                member.value.write(into: &bytes, as: layout.deeper)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between brackets: (opening: String, closing: String), into bytes: inout [UInt8],
        as layout: Layout, _ element: (Element, inout [UInt8]) -> Void
    ) {
        bytes += brackets.opening.utf8
        for (index, each) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if layout.isPretty { newLine(layout.level + 1, &bytes) }
            element(each, &bytes)
        }
        if layout.isPretty, !elements.isEmpty { newLine(layout.level, &bytes) }
        bytes += brackets.closing.utf8
    }

    private static func newLine(_ level: Int, _ bytes: inout [UInt8]) {
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
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
