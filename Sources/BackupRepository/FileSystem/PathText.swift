internal import Platform

/// Paths as text that is safe for a terminal and can be typed: bytes that are not UTF-8, and control characters, as
/// `\xHH`; a backslash as `\\`.
package enum PathText {
    package static func text(of path: [UInt8]) -> String {
        var text = ""
        var rest = path[...]
        while let byte = rest.first {
            guard let scalar = firstScalar(of: rest) else {
                text += escape(byte)
                rest.removeFirst()
                continue
            }
            let bytes = Array(String(scalar).utf8)
            if scalar == "\\" {
                text += "\\\\"
            } else if scalar.isUnprintable {
                text += bytes.map(escape).joined()
            } else {
                text.unicodeScalars.append(scalar)
            }
            rest = rest.dropFirst(bytes.count)
        }
        return text
    }

    /// - Returns: the path for the text; nil if it has no escape, or one that is not well-formed.
    package static func bytes(of text: String) -> [UInt8]? {
        var path: [UInt8] = []
        var rest = Array(text.utf8)[...]
        var hasEscape = false
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                path.append(byte)
                continue
            }
            hasEscape = true
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): path.append(byte)
            case UInt8(ascii: "x"):
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy(isHexadecimal),
                    let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                else { return nil }
                path.append(value)
                rest = rest.dropFirst(2)
            default: return nil
            }
        }
        return hasEscape ? path : nil
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private static func escape(_ byte: UInt8) -> String {
        let hex = String(byte, radix: 16)
        return "\\x" + (hex.count == 1 ? "0" : "") + hex
    }

    /// - Returns: nil if the bytes do not begin with a character in UTF-8.
    private static func firstScalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
        return scalar
    }
}
