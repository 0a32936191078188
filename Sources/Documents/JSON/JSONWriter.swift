extension JSONValue {
    /// The canonical form: members in the order of their names' bytes, two spaces a level, one value a line, a line
    /// end at the end. Two texts of one value are equal byte for byte, so that a diff shows what changed and no more.
    package var document: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes, level: 0, isPretty: true)
        bytes.append(0x0A)
        return bytes
    }

    /// Without any space, members in the same order: for requests.
    package var compact: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes, level: 0, isPretty: false)
        return bytes
    }

    private func write(into bytes: inout [UInt8], level: Int, isPretty: Bool) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): Self.write(text, into: &bytes)
        case .array(let values):
            Self.write(values, "[", "]", &bytes, level, isPretty) { value, bytes in
                value.write(into: &bytes, level: level + 1, isPretty: isPretty)
            }
        case .object(let members):
            let sorted = members.sorted { Self.precedes($0.key, $1.key) }
            Self.write(sorted, "{", "}", &bytes, level, isPretty) { member, bytes in
                Self.write(member.key, into: &bytes)
                bytes += (isPretty ? ": " : ":").utf8
                member.value.write(into: &bytes, level: level + 1, isPretty: isPretty)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], _ opening: String, _ closing: String, _ bytes: inout [UInt8], _ level: Int,
        _ isPretty: Bool, _ element: (Element, inout [UInt8]) -> Void
    ) {
        bytes += opening.utf8
        for (index, each) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if isPretty { newLine(level + 1, &bytes) }
            element(each, &bytes)
        }
        if isPretty, !elements.isEmpty { newLine(level, &bytes) }
        bytes += closing.utf8
    }

    private static func newLine(_ level: Int, _ bytes: inout [UInt8]) {
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
    }

    /// By the bytes of UTF-8.
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

    /// Appends `text` as JSON has it, in quotes and with what must be escaped escaped.
    package static func write(_ text: String, into bytes: inout [UInt8]) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { text in
            // What needs no escape, which is nearly everything, goes over in one piece.
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
