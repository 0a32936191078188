/// A parser of the XML that S3 servers send: elements, text, entities and CDATA. It skips attributes, comments and
/// instructions, and refuses document type definitions, which no server needs.
///
/// Foundation's parser ends the program if an attribute is not valid UTF-8, so a proxy's answer could do so.
struct XMLReader {
    private let bytes: [UInt8]
    private var position = 0
    private var elements = 0

    /// S3's documents have five levels.
    private static let greatestDepth = 32
    /// A page of a listing has a thousand objects of about twelve elements each.
    private static let mostElements = 200_000

    /// - Parameter bytes: valid UTF-8.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Returns: nil if the text is not one well-formed element.
    mutating func document() -> XMLElement? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        guard skipMisc(), take("<"), let root = element(depth: 1), skipMisc(), position == bytes.count else {
            return nil
        }
        return root
    }

    /// Skips white space, comments and instructions outside of the root.
    private mutating func skipMisc() -> Bool {
        while true {
            skipSpace()
            if take("<?") {
                guard skip(past: "?>") else { return false }
            } else if take("<!--") {
                guard skip(past: "-->") else { return false }
            } else {
                return true
            }
        }
    }

    /// Reads an element whose `<` is read already.
    private mutating func element(depth: Int) -> XMLElement? {
        elements += 1
        guard depth <= Self.greatestDepth, elements <= Self.mostElements, let name = name(), let isEmpty = tagEnd()
        else {
            return nil
        }
        // Some servers write a namespace prefix.
        var element = XMLElement(name: name.split(separator: ":").last.map(String.init) ?? name)
        guard !isEmpty else { return element }
        var text: [UInt8] = []
        while position < bytes.count {
            if take("</") {
                guard self.name() == name else { return nil }
                skipSpace()
                element.text = String(decoding: text, as: UTF8.self)
                return take(">") ? element : nil
            } else if take("<!--") {
                guard skip(past: "-->") else { return nil }
            } else if take("<![CDATA[") {
                let start = position
                guard skip(past: "]]>") else { return nil }
                text += bytes[start..<position - 3]
            } else if take("<?") {
                guard skip(past: "?>") else { return nil }
            } else if take("<") {
                guard let child = self.element(depth: depth + 1) else { return nil }
                element.children.append(child)
            } else if take("&") {
                guard let scalar = reference() else { return nil }
                text += Array(String(scalar).utf8)
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        return nil
    }

    /// Skips the attributes of a start tag.
    /// - Returns: true for an element without content; nil if the tag is not well-formed.
    private mutating func tagEnd() -> Bool? {
        while true {
            skipSpace()
            if take("/>") { return true }
            if take(">") { return false }
            guard name() != nil else { return nil }
            skipSpace()
            guard take("="), skipValue() else { return nil }
        }
    }

    /// Skips the value of an attribute, in quotes.
    private mutating func skipValue() -> Bool {
        skipSpace()
        guard let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return false }
        position += 1
        while let byte = peek, byte != UInt8(ascii: "<") {
            position += 1
            if byte == quote { return true }
        }
        return false
    }

    private mutating func name() -> String? {
        let start = position
        while let byte = peek, Self.isOfName(byte) { position += 1 }
        return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "&"),
            UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "!"), UInt8(ascii: "?"):
            false
        default: true
        }
    }

    /// Reads an entity or a character reference whose `&` is read already.
    private mutating func reference() -> Unicode.Scalar? {
        let start = position
        guard skip(past: ";"), position - start <= 12 else { return nil }
        let text = String(decoding: bytes[start..<position - 1], as: UTF8.self)
        switch text {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        guard text.hasPrefix("#") else { return nil }
        let isHex = text.hasPrefix("#x")
        guard let number = UInt32(text.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10),
            let scalar = Unicode.Scalar(number), XMLElement.canHold(String(scalar))
        else { return nil }
        return scalar
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count,
            UnsafeBufferPointer(start: text.utf8Start, count: count).elementsEqual(bytes[position..<position + count])
        else { return false }
        position += count
        return true
    }

    private mutating func skip(past text: StaticString) -> Bool {
        while position < bytes.count {
            if take(text) { return true }
            position += 1
        }
        return false
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || (9...13).contains(byte) { position += 1 }
    }
}
