/// The fields in a chunk's path, below Loki's chunks directory.
///
/// Schema v12 and newer: `<tenant>/<fingerprint>/` and base64 of `<from>:<through>:<checksum>`; schema v11 and older:
/// base64 of `<tenant>/<fingerprint>:<from>:<through>:<checksum>` in one flat directory. Numbers are lower-case hex
/// without leading zeros, base64 is the standard alphabet with padding (Loki's `FSEncoder`).
package struct ChunkName: Equatable, Sendable {
    package var tenant: String
    /// The hash of the stream's labels.
    package var fingerprint: UInt64
    /// Milliseconds since 1970, both ends included.
    package var from: Int
    package var through: Int
    /// CRC-32C of the whole file.
    package var checksum: UInt32

    package init(tenant: String, fingerprint: UInt64, from: Int, through: Int, checksum: UInt32) {
        self.tenant = tenant
        self.fingerprint = fingerprint
        self.from = from
        self.through = through
        self.checksum = checksum
    }

    /// - Parameter path: relative to the chunks directory.
    /// - Returns: nil when it is not a chunk's.
    package init?(_ path: String) { self.init(Array(path.utf8)[...]) }

    /// - Parameter path: relative to the chunks directory.
    init?(_ path: ArraySlice<UInt8>) {
        // Called twice for every chunk: no arrays of parts.
        let slash = UInt8(ascii: "/")
        guard let end = path.lastIndex(of: slash) else {
            self.init(flat: path)
            return
        }
        guard let tenantEnd = path[..<end].firstIndex(of: slash), tenantEnd > path.startIndex,
            let fingerprint = Hexadecimal.parse(path[(tenantEnd + 1)..<end]),
            let name = Base64.decode(path[(end + 1)...]), let times = Times(name[...])
        else { return nil }
        self.init(tenant: String(decoding: path[..<tenantEnd], as: UTF8.self), fingerprint: fingerprint, times: times)
    }

    /// The key of a chunk in an index of boltdb, whose form depends on the schema.
    /// - Parameter key: `<tenant>/<fingerprint>/<from>:<through>:<checksum>`, or with a colon after the fingerprint.
    init?(key: ArraySlice<UInt8>) {
        let slash = UInt8(ascii: "/")
        guard let last = key.lastIndex(of: slash), let before = key[..<last].lastIndex(of: slash) else {
            self.init(old: key)
            return
        }
        guard before > key.startIndex, let fingerprint = Hexadecimal.parse(key[(before + 1)..<last]),
            let times = Times(key[(last + 1)...])
        else { return nil }
        self.init(tenant: String(decoding: key[..<before], as: UTF8.self), fingerprint: fingerprint, times: times)
    }

    /// Schema v11 and older.
    private init?(flat name: ArraySlice<UInt8>) {
        guard let key = Base64.decode(name) else { return nil }
        self.init(old: key[...])
    }

    private init?(old key: ArraySlice<UInt8>) {
        guard let slash = key.lastIndex(of: UInt8(ascii: "/")),
            let colon = key[slash...].firstIndex(of: UInt8(ascii: ":")), slash > key.startIndex,
            let fingerprint = Hexadecimal.parse(key[(slash + 1)..<colon]), let times = Times(key[(colon + 1)...])
        else { return nil }
        self.init(tenant: String(decoding: key[..<slash], as: UTF8.self), fingerprint: fingerprint, times: times)
    }

    private init(tenant: String, fingerprint: UInt64, times: Times) {
        self.init(
            tenant: tenant, fingerprint: fingerprint, from: times.from, through: times.through,
            checksum: times.checksum)
    }

    /// The newest datum that a path can mean, cheaper than the whole name.
    /// - Parameter last: the path's last component.
    static func through(_ last: ArraySlice<UInt8>) -> Int? {
        let colon = UInt8(ascii: ":")
        guard let name = Base64.decode(last), let end = name.lastIndex(of: colon),
            let start = name[..<end].lastIndex(of: colon)
        else { return nil }
        return Hexadecimal.parse(name[(start + 1)..<end]).flatMap { Int(exactly: $0) }
    }

    private struct Times {
        var from: Int
        var through: Int
        var checksum: UInt32

        init?(_ text: ArraySlice<UInt8>) {
            let colon = UInt8(ascii: ":")
            guard let first = text.firstIndex(of: colon), let last = text.lastIndex(of: colon), first < last,
                let from = Hexadecimal.parse(text[..<first]).flatMap({ Int(exactly: $0) }),
                let through = Hexadecimal.parse(text[(first + 1)..<last]).flatMap({ Int(exactly: $0) }),
                let checksum = Hexadecimal.parse(text[(last + 1)...]).flatMap({ UInt32(exactly: $0) })
            else { return nil }
            self.from = from
            self.through = through
            self.checksum = checksum
        }
    }

    // MARK: Writing

    /// The path below the chunks directory, of schema v12 and newer.
    package var path: String {
        let key = "\(Self.hex(UInt64(from))):\(Self.hex(UInt64(through))):\(Self.hex(UInt64(checksum)))"
        return "\(tenant)/\(Self.hex(fingerprint))/\(Base64.encode(Array(key.utf8)))"
    }

    /// The path below the chunks directory, of schema v11 and older.
    var flatPath: String {
        let times = "\(Self.hex(UInt64(from))):\(Self.hex(UInt64(through))):\(Self.hex(UInt64(checksum)))"
        return Base64.encode(Array("\(tenant)/\(Self.hex(fingerprint)):\(times)".utf8))
    }

    private static func hex(_ value: UInt64) -> String { String(value, radix: 16) }
}

/// Numbers in Loki's form: lower case, no leading zeros.
enum Hexadecimal {
    static func parse(_ text: ArraySlice<UInt8>) -> UInt64? {
        guard (1...16).contains(text.count), text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
        var value: UInt64 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}

/// RFC 4648, section 4, with padding and no other characters.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()

    static func decode(_ text: some RandomAccessCollection<UInt8>) -> [UInt8]? {
        guard !text.isEmpty, text.count.isMultiple(of: 4) else { return nil }
        let digits = text.dropLast(
            text.last != UInt8(ascii: "=") ? 0 : text.dropLast().last != UInt8(ascii: "=") ? 1 : 2)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            let value = values[Int(digit)]
            guard value != 255 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
        return bits & (1 << UInt32(count) - 1) == 0 ? bytes : nil
    }

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for digit in 0..<4 {
                let isPadding = digit > group.count
                text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * digit) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
