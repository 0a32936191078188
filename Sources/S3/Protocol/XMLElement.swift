/// A parsed element of one of S3's small documents, without namespaces and attributes, which do not matter there.
package struct XMLElement: Equatable, Sendable {
    package var name: String
    /// The characters directly inside the element, with white space.
    package var text = ""
    package var children: [XMLElement] = []

    /// - Returns: nil if `document` is not well-formed. Leading white space is allowed: S3 sends it while it is busy.
    package static func parse(_ document: [UInt8]) -> XMLElement? {
        let start = document.firstIndex { !($0 == 32 || (9...13).contains($0)) } ?? document.endIndex
        guard let text = String(validating: document[start...], as: UTF8.self) else { return nil }
        var parser = XMLReader(Array(text.utf8))
        return parser.document()
    }

    package subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// Returns the text of a child.
    package func value(_ name: String) -> String? { self[name]?.text }

    /// Returns the first element of that name at any depth.
    package func first(_ name: String) -> XMLElement? {
        if self.name == name { return self }
        for child in children {
            if let found = child.first(name) { return found }
        }
        return nil
    }

    /// Escapes each scalar, not each character: `&` and a combining mark after it are one character.
    package static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&apos;"
            // A parser would convert these to spaces or line feeds.
            case "\t", "\n", "\r": escaped += "&#\(scalar.value);"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    /// False for a text with a character that XML 1.0 cannot represent (section 2.2), such as most control characters.
    package static func canHold(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
            default: false
            }
        }
    }
}
