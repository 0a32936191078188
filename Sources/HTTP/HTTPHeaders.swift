/// Header fields in their original order; names compare without regard to case (RFC 9110, section 5.1).
package struct HTTPHeaders: Sendable {
    package typealias Field = (name: String, value: String)

    package private(set) var fields: [Field] = []

    package init(_ fields: [Field] = []) { self.fields = fields }

    /// The value of the last field with that name: if a server sends one twice, the later one is the outermost hop's.
    package subscript(_ name: String) -> String? {
        fields.last { Self.same($0.name, name) }?.value
    }

    package mutating func append(_ name: String, _ value: String) { fields.append((name, value)) }

    /// Adds an unchanged line, `Name: value`; skips a line without a colon.
    mutating func append(line: Substring) {
        guard let colon = line.firstIndex(of: ":") else { return }
        append(String(line[..<colon]), Self.trimmed(line[line.index(after: colon)...]))
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }

    /// Names are ASCII, so folding the sixth bit of letters is enough.
    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8) { folded($0) == folded($1) }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
