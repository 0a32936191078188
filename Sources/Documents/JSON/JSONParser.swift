/// A syntax error in a JSON text, with its position.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// The position in bytes from the start.
    package var offset: Int
    package var reason: String

    package var description: String { "not valid JSON at byte \(offset): \(reason)" }
}

extension JSONValue {
    /// The limit of nesting; each level needs stack space.
    package static let greatestDepth = 512

    /// The limit of the weight of a text's values: one for each value, and ``weightOfObject`` more for each object, which
    /// needs that much more memory. Values up to this limit take at most about 300 MiB, however short the text is.
    package static let greatestWeight = 4_000_000
    package static let weightOfObject = 4

    /// Reads a JSON text (RFC 8259) in UTF-8. If members have the same name, the last one counts, as in servers written
    /// in Go; half a surrogate pair becomes U+FFFD, for the same reason.
    /// - Throws: ``JSONError``.
    /// - Parameter members: the members of the outermost object to keep; nil keeps all. The others are validated and
    ///   dropped.
    package init(parsing bytes: [UInt8], keeping members: [String]? = nil) throws(JSONError) {
        let result: Result<JSONValue, JSONError> = bytes.withUnsafeBufferPointer { bytes in
            var parser = JSONParser(bytes, keeping: members)
            do throws(JSONError) {
                return .success(try parser.document())
            } catch { return .failure(error) }
        }
        self = try result.get()
    }

    package init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

/// A recursive descent parser over bytes that the caller owns.
private struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let kept: [String]?  // only a few: comparing them all costs less than a hash
    private var position = 0
    private var depth = 0
    private var weight = 0
    /// The members of the objects that are being read, those of inner objects last.
    private var open: [(name: String, value: JSONValue)] = []
    /// True within a value that is not kept: the parser validates it and builds nothing.
    private var isReadingOver = false

    init(_ bytes: UnsafeBufferPointer<UInt8>, keeping kept: [String]?) {
        self.bytes = bytes
        self.kept = kept
    }

    mutating func document() throws(JSONError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipSpace()
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw error("text follows the end of the value") }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        guard let byte = peek else { throw error("the text ends before a value") }
        try weigh(1)
        switch byte {
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSONError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("a value cannot begin with this character")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        guard depth < JSONValue.greatestDepth else { throw error("nested deeper than \(JSONValue.greatestDepth)") }
        depth += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func weigh(_ more: Int) throws(JSONError) {
        guard !isReadingOver else { return }
        weight += more
        guard weight <= JSONValue.greatestWeight else { throw error("it has too many values") }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        position += 1
        try weigh(JSONValue.weightOfObject)
        let first = open.count
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object([:]) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw error("expected the name of a member") }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error("expected ':'") }
            skipSpace()
            if isReadingOver {
                _ = try value()
            } else if depth == 1, let kept, !kept.contains(name) {
                isReadingOver = true
                _ = try value()
                isReadingOver = false
            } else {
                open.append((name, try value()))
            }
            skipSpace()
            if take(UInt8(ascii: "}")) { return close(from: first) }
            guard take(UInt8(ascii: ",")) else { throw error("expected ',' or '}'") }
        }
    }

    /// Makes an object of the open members from `first` on. Its number of members is known now, so it never grows.
    private mutating func close(from first: Int) -> JSONValue {
        var members = [String: JSONValue](minimumCapacity: open.count - first)
        for (name, value) in open[first...] { members[name] = value }
        open.removeSubrange(first...)
        return .object(members)
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(values) }
        while true {
            skipSpace()
            let value = try value()
            if !isReadingOver { values.append(value) }
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { throw error("expected ',' or ']'") }
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count,
            UnsafeBufferPointer(start: word.utf8Start, count: count).elementsEqual(bytes[position..<position + count])
        else { throw error("expected '\(word)'") }
        position += count
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return isReadingOver ? .null : .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw error("expected a digit") }
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        var all: UInt8 = 0
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
            all |= byte
            position += 1
        }
        // Most strings have no escapes, and are taken in one piece; most are ASCII, and need no validation.
        if peek == UInt8(ascii: "\"") {
            defer { position += 1 }
            let part = UnsafeBufferPointer(rebasing: bytes[start..<position])
            if isReadingOver, all < 0x80 { return "" }
            return all < 0x80 ? String(decoding: part, as: UTF8.self) : try text(part)
        }
        var unescaped = Array(bytes[start..<position])
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try text(unescaped)
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &unescaped)
            case 0..<0x20: throw error("a control character in a string must be escaped")
            default:
                unescaped.append(byte)
                position += 1
            }
        }
        throw error("the text ends inside a string")
    }

    private func text(_ bytes: some Collection<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw error("a string is not UTF-8") }
        return text
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte = peek else { throw error("the text ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += Array(String(Character(try unicodeEscape())).utf8)
        default: throw error("invalid escape")
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let unit = try hex4()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let replacement: Unicode.Scalar = "\u{FFFD}"
        guard unit < 0xDC00, peek == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        else { return replacement }
        let before = position
        position += 2
        let low = try hex4()
        guard (0xDC00...0xDFFF).contains(low) else {
            position = before
            return replacement
        }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? replacement
    }

    private mutating func hex4() throws(JSONError) -> UInt32 {
        guard bytes.count - position >= 4 else { throw error("the text ends inside an escape") }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw error("expected a hex digit") }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func error(_ reason: String) -> JSONError { JSONError(offset: position, reason: reason) }
}
