/// The notation of a text as one YAML scalar.
package enum YAMLScalar {
    /// Returns the text without quotes if YAML reads it as the same text in every place, else in double quotes.
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
        if isPlain { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
