internal import Archiving
internal import Cryptography
internal import Foundation

/// A file of Loki's TSDB index, version 3, as far as the stand-in needs it: the chunks of streams, with all sections.
///
/// The code is written from the description of the format, independently of `dr`'s reader and writer. A stream has the
/// labels `__loki_tenant__` and `stream` only, because the stand-in reads the labels of a stream from its chunks.
struct LokiIndexFile {
    private static let head: [UInt8] = [0xBA, 0xAA, 0xD7, 0x00, 3]
    private static let contents = 72
    private static let page = 16

    /// The paths relative to the chunks directory.
    var chunks: [String]
    /// The first time in milliseconds since 1970.
    var from: Int
    var through: Int

    /// A chunk's path in parts.
    struct Reference: Hashable {
        var tenant: String
        var fingerprint: UInt64
        var from: Int
        var through: Int
        var checksum: UInt32

        init(tenant: String, fingerprint: UInt64, from: Int, through: Int, checksum: UInt32) {
            self.tenant = tenant
            self.fingerprint = fingerprint
            self.from = from
            self.through = through
            self.checksum = checksum
        }

        init?(_ path: String) {
            let parts = path.split(separator: "/").map(String.init)
            guard parts.count == 3, let fingerprint = UInt64(parts[1], radix: 16),
                let key = Data(base64Encoded: parts[2])
            else { return nil }
            let fields = String(decoding: key, as: UTF8.self).split(separator: ":").compactMap { Int($0, radix: 16) }
            guard fields.count == 3, let checksum = UInt32(exactly: fields[2]) else { return nil }
            self.init(
                tenant: parts[0], fingerprint: fingerprint, from: fields[0], through: fields[1], checksum: checksum)
        }

        var path: String {
            let key = [from, through, Int(checksum)].map { String($0, radix: 16) }.joined(separator: ":")
            return "\(tenant)/\(String(fingerprint, radix: 16))/\(Data(key.utf8).base64EncodedString())"
        }
    }

    // MARK: Writing

    /// Returns the uncompressed file, and the checksum for the name of a compacted file.
    func bytes() -> (bytes: [UInt8], checksum: UInt32) {
        struct Stream: Hashable {
            var tenant: String
            var fingerprint: UInt64
        }
        let references = Dictionary(grouping: Set(chunks.compactMap { Reference($0) })) {
            Stream(tenant: $0.tenant, fingerprint: $0.fingerprint)
        }
        let streams = references.keys.sorted { ($0.fingerprint, $0.tenant) < ($1.fingerprint, $1.tenant) }
        func labels(_ stream: Stream) -> [(String, String)] {
            [("__loki_tenant__", stream.tenant), ("stream", String(stream.fingerprint, radix: 16))]
        }
        let texts = Set(streams.flatMap { labels($0).flatMap { [$0.0, $0.1] } }).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: texts.enumerated().map { ($1, $0) })
        var file = Self.head
        var sections: [Int] = []
        func section(_ content: [UInt8]) {
            file.append(big: UInt64(content.count), 4)
            file += content
            file.append(big: UInt64(CRC32C.checksum(content.span.bytes)), 4)
        }
        func pad(_ width: Int) { while file.count % width != 0 { file.append(0) } }
        func begin() { sections.append(file.count) }
        begin()  // symbols
        var symbols: [UInt8] = []
        symbols.append(big: UInt64(texts.count), 4)
        for text in texts { symbols.append(text: text) }
        section(symbols)
        begin()  // series
        var postings: [String: [String: [Int]]] = [:]
        var all: [Int] = []
        for stream in streams {
            pad(16)
            let place = file.count / 16
            all.append(place)
            var content: [UInt8] = []
            content.append(big: stream.fingerprint, 8)
            content.append(varint: 2)
            for (name, value) in labels(stream) {
                content.append(varint: UInt64(numbers[name] ?? 0))
                content.append(varint: UInt64(numbers[value] ?? 0))
                postings[name, default: [:]][value, default: []].append(place)
            }
            let sorted = (references[stream] ?? []).sorted { ($0.from, $0.through) < ($1.from, $1.through) }
            content += Self.chunks(sorted)
            file.append(varint: UInt64(content.count))
            file += content
            file.append(big: UInt64(CRC32C.checksum(content.span.bytes)), 4)
        }
        begin()  // values of labels
        var valueLists: [UInt8] = []
        for name in postings.keys.sorted() {
            pad(4)
            valueLists.append(varint: 1)
            valueLists.append(text: name)
            valueLists.append(varint: UInt64(file.count))
            let values = (postings[name] ?? [:]).keys.sorted()
            var content: [UInt8] = []
            content.append(big: 1, 4)
            content.append(big: UInt64(values.count), 4)
            for value in values { content.append(big: UInt64(numbers[value] ?? 0), 4) }
            section(content)
        }
        let postingsPlace = file.count
        pad(4)
        var table: [UInt8] = []
        var lists = [("", "", all)]
        for name in postings.keys.sorted() {
            for (value, places) in (postings[name] ?? [:]).sorted(by: { $0.key < $1.key }) {
                lists.append((name, value, places))
            }
        }
        for (name, value, places) in lists {
            pad(4)
            table.append(varint: 2)
            table.append(text: name)
            table.append(text: value)
            table.append(varint: UInt64(file.count))
            var content: [UInt8] = []
            content.append(big: UInt64(places.count), 4)
            for place in places { content.append(big: UInt64(place), 4) }
            section(content)
        }
        begin()  // the table of values
        sections.append(postingsPlace)
        var values: [UInt8] = []
        values.append(big: UInt64(postings.count), 4)
        section(values + valueLists)
        begin()  // the table of postings
        var count: [UInt8] = []
        count.append(big: UInt64(lists.count), 4)
        section(count + table)
        begin()  // fingerprints
        var fingerprints: [UInt8] = []
        let sampled = streams.indices.filter { $0 % 1024 == 0 }
        fingerprints.append(big: UInt64(sampled.count), 4)
        for index in sampled {
            fingerprints.append(big: UInt64(all[index]), 8)
            fingerprints.append(big: streams[index].fingerprint, 8)
        }
        section(fingerprints)
        var end: [UInt8] = []
        for number in sections + [from, through] { end.append(big: UInt64(number), 8) }
        let checksum = CRC32C.checksum(end.span.bytes)
        end.append(big: UInt64(checksum), 4)
        return (file + end, checksum)
    }

    /// The chunks of one stream: pages of 16 with their sums, then the chunks.
    private static func chunks(_ references: [Reference]) -> [UInt8] {
        var list: [UInt8] = []
        var markers: [UInt8] = []
        markers.append(varint: UInt64((references.count + page - 1) / page))
        var last = 0
        for start in stride(from: 0, to: references.count, by: page) {
            let group = references[start..<min(start + page, references.count)]
            let (first, end) = (group.map(\.from).min() ?? 0, group.map(\.through).max() ?? 0)
            markers.append(varint: UInt64(group.count))
            markers.append(big: UInt64(group.count), 4)
            markers.append(big: UInt64(group.count), 4)
            markers.append(varint: UInt64(list.count))
            markers.append(signed: first)
            markers.append(signed: end - first)
            for reference in group {
                list.append(signed: reference.from - last)
                list.append(varint: UInt64(reference.through - reference.from))
                list.append(varint: 1)  // KiB
                list.append(varint: 1)  // lines
                list.append(big: UInt64(reference.checksum), 4)
                last = reference.through
            }
        }
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(references.count))
        bytes.append(big: UInt64(markers.count), 4)
        return bytes + markers + list
    }

    func compressed() -> (bytes: [UInt8], checksum: UInt32) {
        let (plain, checksum) = bytes()
        return (Self.gzip(plain), checksum)
    }

    static func gzip(_ plain: [UInt8]) -> [UInt8] {
        var gzip = GzipEncoder()
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: plain.count, by: GzipEncoder.maximumMember) {
            let piece = Array(plain[start..<min(start + GzipEncoder.maximumMember, plain.count)])
            gzip.encode(piece.span.bytes, into: &bytes)
        }
        return bytes
    }

    // MARK: Reading

    /// The bucket of the references in the stand-in's bolt files.
    static let bucket = "stand-in"

    /// Returns the chunks that a stored file refers to; nil if it is damaged or of another format.
    /// - Parameter tenant: of a file without the label of the tenant.
    static func chunks(in stored: [UInt8], tenant: String?) -> [String]? {
        guard let plain = try? GzipStream.decode(stored, limit: 1 << 28) else { return nil }
        if let keys = BoltFile.keys(in: plain, bucket: bucket) {
            return keys.map { Reference(boltKey: $0)?.path ?? $0 }
        }
        guard plain.starts(with: head.dropLast()), plain.count >= head.count + contents + 4,
            (2...3).contains(plain[4])
        else { return nil }
        let end = plain.count - contents - 4
        var (symbols, place, last) = ([String](), plain.big(at: end, 8), plain.big(at: end + 16, 8))
        guard place >= 5, place <= end, last <= end else { return nil }
        let count = plain.big(at: place + 4, 4)
        place += 8
        for _ in 0..<count {
            let length = Int(plain.varint(at: &place))
            guard length <= end - place else { return nil }
            symbols.append(String(decoding: plain[place..<place + length], as: UTF8.self))
            place += length
        }
        var paths: [String] = []
        place = (plain.big(at: end + 8, 8) + 15) / 16 * 16
        while place < last {
            let length = Int(plain.varint(at: &place))
            guard length > 0, place + length + 4 <= last else { return nil }
            let next = (place + length + 4 + 15) / 16 * 16
            paths += Self.series(plain, at: place, symbols, tenant)
            place = next
        }
        return paths
    }

    private static func series(_ plain: [UInt8], at start: Int, _ symbols: [String], _ tenant: String?) -> [String] {
        var place = start + 8
        let fingerprint = UInt64(bitPattern: Int64(plain.big(at: start, 8)))
        var owner = tenant
        for _ in 0..<plain.varint(at: &place) {
            let (name, value) = (Int(plain.varint(at: &place)), Int(plain.varint(at: &place)))
            guard symbols.indices.contains(name), symbols.indices.contains(value) else { return [] }
            if symbols[name] == "__loki_tenant__" { owner = symbols[value] }
        }
        let count = plain.varint(at: &place)
        if plain[4] >= 3 { place += 4 + plain.big(at: place, 4) }
        var (last, paths) = (0, [String]())
        for _ in 0..<count {
            let from = last + plain.signed(at: &place)
            let through = from + Int(plain.varint(at: &place))
            _ = plain.varint(at: &place)
            _ = plain.varint(at: &place)
            let checksum = UInt32(plain.big(at: place, 4))
            place += 4
            last = through
            guard let owner else { continue }
            paths.append(
                Reference(
                    tenant: owner, fingerprint: fingerprint, from: from, through: through, checksum: checksum
                ).path)
        }
        return paths
    }
}

// MARK: The bolt files of boltdb-shipper

extension LokiIndexFile.Reference {
    /// The key of a reference under schema v12: the tenant, the day and the stream; the end of the chunk; its own key.
    var boltKey: String {
        let times = [from, through, Int(checksum)].map { String($0, radix: 16) }.joined(separator: ":")
        let stream = String(fingerprint, radix: 16)
        let end = String(through % 86_400_000, radix: 16)
        return "\(tenant):d\(from / 86_400_000):\(stream)\0\(String(repeating: "0", count: 8 - end.count))\(end)\0\0"
            + "\(tenant)/\(stream)/\(times)\u{0}3\0"
    }

    init?(boltKey: String) {
        let parts = boltKey.split(separator: "\0", omittingEmptySubsequences: false)
        let key = parts.count > 3 ? parts[3].split(separator: "/") : []
        guard key.count == 3 else { return nil }
        self.init("\(key[0])/\(key[1])/\(Data(key[2].utf8).base64EncodedString())")
    }
}

// MARK: The log of references

extension LokiIndexFile.Reference {
    /// The records that the ingester writes for a new stream and a chunk of it; the stream's number is its fingerprint.
    var records: [[UInt8]] {
        var stream: [UInt8] = [2]
        stream.append(text: tenant)
        stream.append(big: fingerprint, 8)
        stream.append(1)
        stream.append(big: fingerprint, 8)
        stream += [1]
        stream.append(text: "stream")
        stream.append(text: String(fingerprint, radix: 16))
        var chunk: [UInt8] = [1]
        chunk.append(text: tenant)
        chunk.append(big: fingerprint, 8)
        chunk.append(varint: 1)
        chunk.append(big: UInt64(from), 8)
        chunk.append(big: UInt64(through), 8)
        for number in [UInt64(checksum), 1, 1] { chunk.append(big: number, 4) }
        return [stream, chunk]
    }

    /// Reads the record of a chunk; nil for the record of a stream.
    init?(record: [UInt8]) {
        guard record.first == 1 else { return nil }
        var place = 1
        let length = Int(record.varint(at: &place))
        guard record.count >= place + length + 8 + 1 + 28 else { return nil }
        let tenant = String(decoding: record[place..<place + length], as: UTF8.self)
        place += length
        let fingerprint = UInt64(bitPattern: Int64(record.big(at: place, 8)))
        place += 8
        _ = record.varint(at: &place)
        self.init(
            tenant: tenant, fingerprint: fingerprint, from: record.big(at: place, 8),
            through: record.big(at: place + 8, 8), checksum: UInt32(record.big(at: place + 16, 4)))
    }
}

extension [UInt8] {
    fileprivate mutating func append(text: String) {
        append(varint: UInt64(text.utf8.count))
        self += text.utf8
    }

    fileprivate func signed(at place: inout Int) -> Int {
        let zigzag = varint(at: &place)
        return Int(bitPattern: UInt(zigzag >> 1)) ^ -Int(zigzag & 1)
    }
}
