internal import Glibc
internal import Platform

/// A file of the time zone database: the offsets of one zone (RFC 8536).
struct ZoneFile {
    /// The database of the machine, which gets updates, before the copy in a portable archive.
    private static let folders =
        ["/usr/share/zoneinfo"] + (OwnProgram.archive.map { ["\($0)/share/zoneinfo"] } ?? [])
    /// The largest files of the database have some 4 KiB.
    private static let longest = 1 << 18

    /// The moments of the recorded changes, ascending, and the offset after each.
    private let changes: [(at: Int, offset: Int)]
    private let first: Int
    /// The rule for the time after the last recorded change.
    private let rule: ZoneRule?

    /// - Parameters:
    ///   - identifier: such as `Europe/Berlin`.
    ///   - folders: the places of the database; the first with this zone counts.
    /// - Returns: nil if the database has no such zone.
    init?(_ identifier: String, folders: [String] = Self.folders) {
        let isName = identifier.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "/_+-".utf8.contains(byte)
        }
        guard isName, !identifier.isEmpty, !identifier.hasPrefix("/") else { return nil }
        for folder in folders {
            guard let file = Self(bytes: Self.read("\(folder)/\(identifier)")) else { continue }
            self = file
            return
        }
        return nil
    }

    /// - Parameter bytes: version 2 or later of the format.
    init?(bytes: [UInt8]) {
        guard let version1 = Header(bytes, at: 0), version1.version >= 2,
            let header = Header(bytes, at: Header.length + version1.size(ofTime: 4))
        else { return nil }
        let data = 2 * Header.length + version1.size(ofTime: 4)
        guard bytes.count >= data + header.size(ofTime: 8), header.types > 0 else { return nil }
        func number(_ position: Int, length: Int) -> Int {
            var value = Int(Int8(bitPattern: bytes[position]))
            for byte in bytes[position + 1..<position + length] { value = value << 8 | Int(byte) }
            return value
        }
        let indexes = data + 8 * header.changes
        let types = indexes + header.changes
        func offset(ofType type: Int) -> Int { number(types + 6 * type, length: 4) }
        var changes: [(at: Int, offset: Int)] = []
        for change in 0..<header.changes {
            let type = Int(bytes[indexes + change])
            guard type < header.types else { return nil }
            changes.append((number(data + 8 * change, length: 8), offset(ofType: type)))
        }
        self.changes = changes
        first = offset(ofType: 0)
        let footer = bytes[(data + header.size(ofTime: 8))...].split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        rule = footer.count > 2 && !footer[1].isEmpty ? ZoneRule(String(decoding: footer[1], as: UTF8.self)) : nil
    }

    /// Seconds east of Greenwich.
    func offset(at time: Int) -> Int {
        guard let last = changes.last, time < last.at else {
            return rule?.offset(at: time) ?? changes.last?.offset ?? first
        }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : changes[low - 1].offset
    }

    private struct Header {
        static let length = 44

        var version: Int
        var universalFlags: Int
        var standardFlags: Int
        var leapSeconds: Int
        var changes: Int
        var types: Int
        var characters: Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard bytes.count >= start + Self.length, bytes[start..<start + 4].elementsEqual("TZif".utf8) else {
                return nil
            }
            version = max(1, Int(bytes[start + 4]) - Int(UInt8(ascii: "0")))
            let counts = (0..<6).map { index in
                bytes[start + 20 + 4 * index..<start + 24 + 4 * index].reduce(0) { $0 << 8 | Int($1) }
            }
            // The counts of one file cannot exceed its bytes.
            guard counts.allSatisfy({ $0 <= bytes.count }) else { return nil }
            (universalFlags, standardFlags, leapSeconds) = (counts[0], counts[1], counts[2])
            (changes, types, characters) = (counts[3], counts[4], counts[5])
        }

        /// The bytes of the block after the header.
        func size(ofTime time: Int) -> Int {
            changes * (time + 1) + types * 6 + characters + leapSeconds * (time + 4) + standardFlags + universalFlags
        }
    }

    private static func read(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: longest)
        var count = 0
        while count < longest {
            let read = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: count), longest - count)
            }
            guard read > 0 else { break }
            count += read
        }
        return Array(bytes[..<count])
    }
}
