/// The names the TSDB gives to directories and files.
package enum BlockName {
    private static let crockford = Set("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// Whether `name` is a ULID as block directories bear it: 26 upper-case Crockford base32 characters, 128 bits.
    package static func isBlock(_ name: String) -> Bool {
        let bytes = name.utf8
        guard bytes.count == 26, let first = bytes.first, first <= UInt8(ascii: "7") else { return false }
        return bytes.allSatisfy(crockford.contains)
    }

    /// Whether `name` is that of an admin snapshot: UTC `YYYYMMDDTHHMMSSZ-` and 16 lower-case hexadecimal digits.
    package static func isSnapshot(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard bytes.count == 33 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            switch index {
            case 8: byte == UInt8(ascii: "T")
            case 15: byte == UInt8(ascii: "Z")
            case 16: byte == UInt8(ascii: "-")
            case 17...: isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            default: isDigit(byte)
            }
        }
    }

    /// 1 for "000001"; nil when `name` is not six digits or is "000000".
    static func segmentNumber(_ name: String) -> Int? {
        guard name.utf8.count == 6, name.utf8.allSatisfy(isDigit), let number = Int(name), number > 0 else { return nil }
        return number
    }

    static func segment(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
