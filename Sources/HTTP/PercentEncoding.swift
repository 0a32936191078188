/// Percent-encoding of a path segment or a query value (RFC 3986, section 2.1).
package enum PercentEncoding {
    /// - Parameter kept: characters that stay as they are, besides the unreserved ones. ASCII only.
    /// - Returns: the text with every other byte of its UTF-8 form as `%XX`.
    package static func encode(_ text: some StringProtocol, keeping kept: String = "") -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where kept.utf8.contains(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
            }
        }
        return result
    }
}
