internal import Archiving
internal import Cryptography
internal import Documents
internal import Platform

/// The reason why a chunk is damaged.
struct ChunkDefect: Error, Equatable {
    var detail: String

    init(_ detail: String) { self.detail = detail }
}

/// The inside of a chunk file, except the compressed lines themselves.
///
/// Big endian throughout: BE32 length of the metadata with these four bytes (the oldest writers did not count them),
/// the metadata as a framed Snappy stream of one JSON object, BE32 length of the data, the data (Loki:
/// pkg/storage/chunk, pkg/chunkenc; its README draws version 4 in another order than the code writes it).
enum ChunkContent {
    private static let metadataLimit = 1 << 20
    /// The encoding of log chunks; others, from the time when Loki shared its store with metrics, are not inspected.
    private static let logChunk = 129
    private static let magic: UInt64 = 0x012E_E56A

    /// The last time that an index can state, far in the future.
    private static let latest = 1 << 53

    private static let members = ["userID", "fingerprint", "from", "through", "encoding"]

    /// - Returns: the content's size; nil if it is not a log chunk of a known version.
    /// - Throws: ``ChunkDefect`` for any chunk that Loki would refuse, or mistake for another.
    @discardableResult
    static func check(_ file: UnsafeRawBufferPointer, as name: ChunkName) throws(ChunkDefect) -> Size? {
        let parts = try parts(of: file)
        let encoding = try checkMetadata(Array(file[parts.metadata]), name)
        guard encoding == logChunk else { return nil }
        return try checkData(BigEndian(UnsafeRawBufferPointer(rebasing: file[parts.data])))
    }

    private static func parts(
        of file: UnsafeRawBufferPointer
    ) throws(ChunkDefect) -> (metadata: Range<Int>, data: Range<Int>) {
        let reader = BigEndian(file)
        guard let written = reader.integer(at: 0, bytes: 4).flatMap({ Int(exactly: $0) }) else {
            throw ChunkDefect("it is shorter than any chunk")
        }
        let lengths = [written, written + 4]
        guard
            let metadataEnd = lengths.first(where: { end in
                end >= 4 && reader.integer(at: end, bytes: 4).map { Int($0) == file.count - end - 4 } == true
            })
        else { throw ChunkDefect("the lengths of its parts do not add up to its size") }
        return (4..<metadataEnd, metadataEnd + 4..<file.count)
    }

    /// The size of a chunk's content as an index states it.
    struct Size: Equatable {
        var entries = 0
        /// Bytes of the lines and of the structured metadata without compression.
        var plainBytes = 0
    }

    // MARK: Labels

    /// The facts of a chunk that its name does not contain.
    struct Labels: Equatable {
        /// In the order of their names.
        var labels: [IndexedLabel]
        /// Milliseconds since 1970; nil for a chunk that was written as its lines arrived.
        var ingestedAt: Int?
    }

    /// The labels of the stream, without the name that all streams of Loki share.
    static func labels(_ file: UnsafeRawBufferPointer) throws(ChunkDefect) -> Labels {
        let frames = Array(file[try parts(of: file).metadata])
        let plain = try Snappy.decodeFrames(frames[...], limit: metadataLimit)
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: plain, keeping: ["metric", "ingestedAt"])
        } catch { throw ChunkDefect("metadata: \(error)") }
        guard let members = json["metric"]?.object else { throw ChunkDefect("metadata: there are no labels") }
        var labels: [IndexedLabel] = []
        for (name, value) in members where name != "__name__" {
            guard let text = value.text else { throw ChunkDefect("metadata: label '\(name)' is not text") }
            labels.append(IndexedLabel(name: Array(name.utf8), value: Array(text.utf8)))
        }
        guard !labels.isEmpty else { throw ChunkDefect("metadata: there are no labels") }
        labels.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return Labels(
            labels: labels,
            ingestedAt: milliseconds(json["ingestedAt"]).flatMap { (1...latest).contains($0) ? $0 : nil })
    }

    // MARK: Metadata

    /// - Returns: the number of the data's encoding.
    private static func checkMetadata(_ frames: [UInt8], _ name: ChunkName) throws(ChunkDefect) -> Int {
        let plain: [UInt8]
        let json: JSONValue
        do throws(ChunkDefect) {
            plain = try Snappy.decodeFrames(frames[...], limit: metadataLimit)
        } catch { throw ChunkDefect("metadata: \(error.detail)") }
        do throws(JSONError) {
            json = try JSONValue(parsing: plain, keeping: members)
        } catch { throw ChunkDefect("metadata: \(error)") }
        func expect<Value: Equatable>(_ member: String, _ value: Value?, equals expected: Value) throws(ChunkDefect) {
            guard value != expected else { return }
            let found = value.map { "'\($0)'" } ?? "nothing"
            throw ChunkDefect("metadata: \(member) is \(found), its path gives '\(expected)'")
        }
        try expect("userID", json["userID"]?.text, equals: name.tenant)
        try expect("fingerprint", unsigned(json["fingerprint"]), equals: name.fingerprint)
        try expect("from", milliseconds(json["from"]), equals: name.from)
        try expect("through", milliseconds(json["through"]), equals: name.through)
        return json["encoding"]?.integer ?? -1
    }

    /// A 64-bit number, which a `Double` cannot hold.
    private static func unsigned(_ value: JSONValue?) -> UInt64? {
        guard case .number(let text) = value else { return nil }
        return UInt64(text)
    }

    /// From seconds with up to three decimals.
    static func milliseconds(_ value: JSONValue?) -> Int? {
        guard case .number(let text) = value else { return nil }
        // Digit by digit: splitting the text costs more than the rest of the check.
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        var total = 0
        var decimals: Int?
        func append(_ digit: Int) -> Bool {
            let (shifted, isTooLarge) = total.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = shifted.addingReportingOverflow(digit)
            total = sum
            decimals = decimals.map { $0 + 1 }
            return !isTooLarge && !overflows
        }
        for byte in text.utf8.dropFirst(isNegative ? 1 : 0) {
            if byte == UInt8(ascii: "."), decimals == nil {
                decimals = 0
            } else {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), append(Int(byte) - 48) else { return nil }
            }
        }
        decimals = decimals ?? 0
        while let count = decimals, count < 3 {
            guard append(0) else { return nil }
        }
        return decimals == 3 ? isNegative ? -total : total : nil
    }

    // MARK: Data

    /// Checks the checksum of every part of a log chunk, and that there is nothing between the parts.
    /// - Returns: nil for a later version.
    private static func checkData(_ data: BigEndian) throws(ChunkDefect) -> Size? {
        guard data.count >= 6, data.integer(at: 0, bytes: 4) == magic, let version = data.integer(at: 4, bytes: 1)
        else {
            throw ChunkDefect("data: it does not begin as a log chunk")
        }
        // A later version is verified by the file's own checksum alone.
        guard (1...4).contains(version) else { return nil }
        var size = Size()
        var next = version == 1 ? 5 : 6
        let metas: Range<Int>
        if version == 4 {
            let structured = try data.section(lengthAt: data.count - 32)
            metas = try data.section(lengthAt: data.count - 16)
            guard structured.lowerBound == next else {
                throw ChunkDefect("data: structured metadata are not in their place")
            }
            try data.checkSum(of: structured, "structured metadata")
            next = structured.upperBound + 4
            size.plainBytes = StructuredMetadata.plainBytes(data.bytes(structured), codec: data[5])
            guard metas.upperBound + 4 == data.count - 32 else {
                throw ChunkDefect("data: the list of blocks is not in its place")
            }
        } else {
            guard data.count >= 18, let offset = data.integer(at: data.count - 8, bytes: 8),
                offset <= UInt64(data.count - 12)
            else { throw ChunkDefect("data: the list of blocks is not in its place") }
            metas = Int(offset)..<data.count - 12
        }
        try data.checkSum(of: metas, "the list of blocks")
        var list = Varints(data, metas)
        let count = try list.unsigned()
        for number in 0..<count {
            let entries = try list.unsigned()
            _ = try list.unsigned()  // time of the first, zigzag
            _ = try list.unsigned()  // and of the last
            let offset = try list.unsigned()
            let plain = version >= 3 ? try list.unsigned() : nil
            let length = try list.unsigned()
            size.entries = size.entries.addingClamped(Int(clamping: entries))
            size.plainBytes = size.plainBytes.addingClamped(Int(clamping: plain ?? length))
            guard offset == UInt64(next), length <= UInt64(metas.lowerBound), next + Int(length) + 4 <= metas.lowerBound
            else { throw ChunkDefect("data: block \(number) is not in its place") }
            try data.checkSum(of: next..<next + Int(length), "block \(number)")
            next += Int(length) + 4
        }
        guard next == metas.lowerBound, list.isAtEnd else {
            throw ChunkDefect("data: the blocks do not fill their section")
        }
        return size
    }
}

/// The labels of single lines, which chunks of version 4 hold once for all their lines: the number of texts, then their
/// lengths and bytes, compressed like the lines.
private enum StructuredMetadata {
    private static let limit = 64 << 20

    /// The bytes of all texts. For a codec that `dr` does not decode, such as LZ4 and Zstandard, their compressed bytes.
    static func plainBytes(_ section: [UInt8], codec: UInt8) -> Int {
        guard let end = section.firstIndex(where: { $0 < 0x80 }) else { return 0 }
        let stored = section[(end + 1)...]
        guard !stored.isEmpty else { return 0 }
        let plain: [UInt8]? =
            switch codec {
            case 0: Array(stored)
            case 1: try? GzipStream.decode(Array(stored), limit: limit)
            case 4: try? Snappy.decodeFrames(stored, limit: limit)
            default: nil
            }
        guard let plain else { return stored.count }
        var (total, place) = (0, 0)
        while place < plain.count {
            var length = 0
            for shift in stride(from: 0, to: 35, by: 7) where place < plain.count {
                let byte = plain[place]
                place += 1
                length |= Int(byte & 0x7F) << shift
                if byte < 0x80 { break }
            }
            guard length <= plain.count - place else { return stored.count }
            place += length
            total += length
        }
        return total
    }
}

/// Borrowed bytes of a file, with every access checked.
struct BigEndian {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { bytes.count }

    func bytes(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return Array(bytes[range])
    }

    subscript(_ offset: Int) -> UInt8 {
        precondition(bytes.indices.contains(offset))
        return bytes[offset]
    }

    func integer(at offset: Int, bytes width: Int) -> UInt64? {
        guard offset >= 0, offset <= count - width else { return nil }
        return bytes[offset..<offset + width].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The section whose length and then offset are at a place near the end.
    func section(lengthAt place: Int) throws(ChunkDefect) -> Range<Int> {
        guard let length = integer(at: place, bytes: 8), let offset = integer(at: place + 8, bytes: 8),
            length <= UInt64(count), offset <= UInt64(count) - length
        else { throw ChunkDefect("data: a section is not in its place") }
        return Int(offset)..<Int(offset + length)
    }

    /// Compares a section's CRC-32C with the one after it.
    func checkSum(of section: Range<Int>, _ part: String) throws(ChunkDefect) {
        guard section.lowerBound >= 0, let written = integer(at: section.upperBound, bytes: 4) else {
            throw ChunkDefect("data: \(part) is truncated")
        }
        guard UInt64(CRC32C.checksum(bytes.bytes.extracting(section))) == written else {
            throw ChunkDefect("data: \(part) does not match its checksum")
        }
    }
}

/// Go's variable-length numbers, one after another.
private struct Varints {
    private let data: BigEndian
    private var rest: Range<Int>

    init(_ data: BigEndian, _ place: Range<Int>) {
        self.data = data
        rest = place
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func unsigned() throws(ChunkDefect) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let position = rest.first else { break }
            rest = rest.dropFirst()
            value |= UInt64(data[position] & 0x7F) << shift
            if data[position] < 0x80 { return value }
        }
        throw ChunkDefect("data: the list of blocks is damaged")
    }
}
