/// The names the TSDB gives to directories and files.
package enum BlockName {
    private static let crockford = Set("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// Returns true if `name` is a ULID, the name of a block directory: 26 upper-case Crockford base32 characters, 128
    /// bits.
    package static func isBlock(_ name: String) -> Bool {
        let bytes = name.utf8
        guard bytes.count == 26, let first = bytes.first, first <= UInt8(ascii: "7") else { return false }
        return bytes.allSatisfy(crockford.contains)
    }

    /// Returns true if `name` is the name of an admin snapshot: UTC `YYYYMMDDTHHMMSSZ-` and 16 lower-case hexadecimal
    /// digits.
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

    /// The time of the request for the snapshot `name`, in seconds since 1970 by the server's clock; nil if the name is
    /// not a snapshot's.
    static func snapshotTime(_ name: String) -> Int? {
        guard isSnapshot(name) else { return nil }
        let digits = Array(name.utf8)
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } }
        // Days since 1970 of a date of the Gregorian calendar, years counted from March.
        let (year, month, day) = (number(0..<4), number(4..<6), number(6..<8))
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return days * 86_400 + number(9..<11) * 3600 + number(11..<13) * 60 + number(13..<15)
    }

    /// True for the names in a block's folder.
    static func isPart(_ name: String) -> Bool {
        ["meta.json", IndexLayout.name, Tombstones.name, "chunks"].contains(name)
    }

    /// 1 for "000001"; nil when `name` is not six digits or is "000000".
    static func segmentNumber(_ name: String) -> Int? {
        guard name.utf8.count == 6, name.utf8.allSatisfy(isDigit), let number = Int(name), number > 0 else {
            return nil
        }
        return number
    }

    static func segment(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
