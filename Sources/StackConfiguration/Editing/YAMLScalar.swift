internal import Documents
internal import Platform

/// The notation of a text as one YAML scalar.
package enum YAMLScalar {
    /// Returns the text without quotes if YAML reads it as the same text in every place, else in double quotes. It is one
    /// line, also for text with line ends: the rest of a value in a comment must not become a setting.
    package static func quoted(_ text: String) -> String {
        let plain =
            text.unicodeScalars.first.map {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789/._".contains(Character($0)))
            }
            ?? false
        let isPlain =
            plain
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789/:._-".unicodeScalars.contains($0))
            } && !text.hasSuffix(":")
        // A namespace may be called 2024 or on.
        if isPlain, YAMLTag(ofPlain: text) == .str { return text }
        return "\"\(text.unicodeScalars.map(escaped).joined())\""
    }

    /// One character in double quotes.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\\" || scalar == "\"" { return "\\\(scalar)" }
        guard scalar.isUnprintable else { return String(Character(scalar)) }
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
