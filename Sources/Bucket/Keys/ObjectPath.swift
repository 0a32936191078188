package import S3

/// The path of an object in a backup: its key, written so that every file system can hold it.
///
/// A usual key is its own path. The rest is written with a percent sign:
///
/// - `%25` and other `%XX`: a byte of the key that is written so: the percent sign, control characters, and the dots of
///   a part that is `.` or `..`;
/// - a part that is `%`: an empty part, as in `a//b`, `/a` and `a/`;
/// - `%-` at the end of a part: the part goes on in the next one, because names longer than ``longestName`` bytes are
///   cut;
/// - `%` at the end of a path whose last part has more before it: an object whose key is also the beginning of other
///   keys, as `a` beside `a/b`. A file system cannot have a file and a directory of one name.
///
/// No escape is valid in two ways, so that different keys have different paths.
package enum ObjectPath {
    /// Bytes of one name. Linux has at most 255; the rest is for the signs at the end.
    static let longestName = 240

    private static let percent = UInt8(ascii: "%")
    private static let slash = UInt8(ascii: "/")
    private static let dash = UInt8(ascii: "-")

    // MARK: Encoding

    /// - Parameter isFolder: true if other keys begin with this one and a slash.
    package static func path(of key: BucketKey, isFolder: Bool = false) -> [UInt8] {
        var path: [UInt8] = []
        path.reserveCapacity(key.bytes.count + 1)
        for (number, part) in key.bytes.split(separator: slash, omittingEmptySubsequences: false).enumerated() {
            if number > 0 { path.append(slash) }
            append(part, to: &path)
        }
        if isFolder { path.append(percent) }
        return path
    }

    private static func append(_ part: ArraySlice<UInt8>, to path: inout [UInt8]) {
        guard !part.isEmpty else { return path.append(percent) }
        let isDots = part.count <= 2 && part.allSatisfy { $0 == UInt8(ascii: ".") }
        var length = 0
        var rest = part
        while !rest.isEmpty {
            // Whole characters and whole escapes only, so that each name is UTF-8 and readable by itself.
            let character = rest.prefix(characterLength(rest))
            rest = rest.dropFirst(character.count)
            let written = isDots || character.contains(where: isEscaped) ? character.flatMap(escape) : Array(character)
            if length + written.count > longestName {
                path += [percent, dash, slash]
                length = 0
            }
            path += written
            length += written.count
        }
    }

    /// The bytes of the character at the beginning; 1 for a byte that begins none.
    private static func characterLength(_ text: ArraySlice<UInt8>) -> Int {
        let wanted =
            switch text.first ?? 0 {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
        let tail = text.dropFirst().prefix(wanted - 1)
        return tail.count == wanted - 1 && tail.allSatisfy { $0 & 0xC0 == 0x80 } ? wanted : 1
    }

    private static func isEscaped(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F || byte == percent }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [percent, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    // MARK: Decoding

    /// - Returns: nil if no key has this path.
    package static func key(of path: [UInt8]) -> BucketKey? {
        var parts = path.split(separator: slash, omittingEmptySubsequences: false)
        // A percent sign behind a whole last part marks a key that others begin with.
        if let last = parts.last, last.count > 1, last.last == percent { parts[parts.count - 1] = last.dropLast() }
        var key: [UInt8] = []
        var goesOn = false
        for (number, part) in parts.enumerated() {
            if number > 0, !goesOn { key.append(slash) }
            let isCut = part.suffix(2).elementsEqual([percent, dash])
            guard let text = decoded(isCut ? part.dropLast(2) : part) else { return nil }
            if isCut || goesOn, text.isEmpty { return nil }
            key += text
            goesOn = isCut
        }
        // Only the one path of a key counts, so that a damaged index cannot give one object two names.
        let found = BucketKey(key)
        return !goesOn && (self.path(of: found) == path || self.path(of: found, isFolder: true) == path) ? found : nil
    }

    private static func decoded(_ part: ArraySlice<UInt8>) -> [UInt8]? {
        if part.elementsEqual([percent]) { return [] }
        guard !part.isEmpty else { return nil }
        var bytes: [UInt8] = []
        var rest = part
        while let byte = rest.popFirst() {
            guard byte == percent else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
