/// Text from outside for a terminal or a log: file names, messages of servers.
///
/// Control characters can move a terminal's cursor, set its title or fake a log line; overrides of the writing
/// direction can disguise a name. They are written as `\x1b`, `\n`, `\u{202e}`. JSON keeps the exact text.
extension StringProtocol {
    /// The text for use within a line: line ends are escaped too.
    package var printable: String { escaping { _ in false } }

    /// The text of several lines: line ends and tabs stay.
    package var printableLines: String { escaping { $0 == "\n" || $0 == "\t" } }

    private func escaping(except isMeant: (Unicode.Scalar) -> Bool) -> String {
        guard !utf8.allSatisfy({ (0x20..<0x7F).contains($0) }),
            unicodeScalars.contains(where: { $0.isUnprintable && !isMeant($0) })
        else { return String(self) }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar.isUnprintable, !isMeant(scalar) {
                text.append(contentsOf: scalar.escape.unicodeScalars)
            } else {
                text.append(scalar)
            }
        }
        return String(text)
    }

    /// JSON text without characters that act on a terminal: encoders escape only those below a space.
    ///
    /// Outside of strings JSON has none of these characters, so the value stays the same.
    package var jsonForTerminals: String {
        guard !utf8.allSatisfy({ $0 < 0x7F }),
            unicodeScalars.contains(where: { $0.isUnprintable && $0.value >= 0x7F })
        else { return String(self) }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar.isUnprintable, scalar.value >= 0x7F {
                let digits = String(scalar.value, radix: 16)
                text.append(
                    contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).unicodeScalars)
            } else {
                text.append(scalar)
            }
        }
        return String(text)
    }
}

extension Unicode.Scalar {
    /// True for control characters, line separators, overrides of the writing direction, and the characters that YAML
    /// refuses also in comments: byte order marks and noncharacters.
    package var isUnprintable: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        case 0xFEFF, 0xFFFE...0xFFFF: true
        default: false
        }
    }

    fileprivate var escape: String {
        switch self {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case _ where value < 0x100: "\\x" + (value < 0x10 ? "0" : "") + String(value, radix: 16)
        default: "\\u{" + String(value, radix: 16) + "}"
        }
    }
}
