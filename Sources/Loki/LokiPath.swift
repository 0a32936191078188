/// The role of a file of an archived tree, by its path.
enum LokiPath: Equatable {
    case chunk(ChunkName)
    /// A file in a place of chunks whose name is not a chunk's.
    case misnamedChunk
    case index(IndexName)
    /// Requested deletions of log lines.
    case deleteRequests
    case rule(tenant: String)
    /// A bolt file of the index that is not stored yet.
    case activeBolt
    /// A TSDB of the index that is not stored yet.
    case activeIndex
    /// Lines that are not in chunks yet.
    case writeAheadLog(isSegment: Bool)
    /// A segment of the log of references that are in no index yet.
    case activeLog
    /// Any other file.
    case other

    private static let chunksFolder = Array("\(LokiLayout.chunks)/".utf8)

    init(_ path: [UInt8]) {
        if path.starts(with: Self.chunksFolder), let chunk = ChunkName(path[Self.chunksFolder.count...]) {
            self = .chunk(chunk)
            return
        }
        let parts = path.split(separator: UInt8(ascii: "/"))
        func name(_ number: Int) -> String { String(decoding: parts[number], as: UTF8.self) }
        guard parts.count > 1 else {
            self = .other
            return
        }
        switch name(0) {
        case LokiLayout.chunks:
            let below = parts.dropFirst()
            if parts.contains(where: { $0.elementsEqual("delete_requests".utf8) }) {
                self = .deleteRequests
            } else if let index = IndexName(below) {
                self = .index(index)
            } else if below.count == 3, Hexadecimal.parse(parts[2]) != nil, parts[3].first != UInt8(ascii: ".") {
                self = .misnamedChunk
            } else {
                self = .other
            }
        case LokiLayout.rules: self = parts.count > 2 ? .rule(tenant: name(1)) : .other
        case LokiLayout.wal: self = .writeAheadLog(isSegment: Self.isNumber(parts[parts.count - 1], digits: 8))
        case LokiLayout.compactor: self = .deleteRequests
        default: self = Self.active(parts)
        }
    }

    /// A file of a folder of the active index, whatever the folder's name: `<table>/<second>` of boltdb-shipper,
    /// `wal/<store>/<second>/<segment>` and `multitenant/<table>/<file>.tsdb` of the TSDB index.
    private static func active(_ parts: [ArraySlice<UInt8>]) -> LokiPath {
        let last = parts[parts.count - 1]
        if parts.count == 3, isNumber(last, digits: 10),
            IndexName.day(of: String(decoding: parts[1], as: UTF8.self)) != nil
        {
            return .activeBolt
        }
        if parts.count == 5, parts[1].elementsEqual("wal".utf8), isNumber(last, digits: 8) {
            return .activeLog
        }
        return parts.count > 2 && last.suffix(5).elementsEqual(".tsdb".utf8) ? .activeIndex : .other
    }

    private static func isNumber(_ text: ArraySlice<UInt8>, digits: Int) -> Bool {
        text.count == digits && text.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    init(_ path: String) { self.init(Array(path.utf8)) }
}

/// Names at the top of an archived tree: those of Loki's `path_prefix`, and one of dr.
enum LokiLayout {
    static let chunks = "chunks"
    static let rules = "rules"
    static let wal = "wal"
    static let compactor = "compactor"
    /// The compactor's bolt file of requests for deletion, which it stores in the index every five minutes.
    static let deletionStore = "compactor/deletion/delete_requests/delete_requests"
    /// The schema of the chunks, for operators who restore them.
    static let description = "dr-loki.json"
    /// A random identity for usage reports; Loki creates a missing one again.
    static let clusterSeed = "loki_cluster_seed.json"
}

/// A stored file of the index, `<table>/[<tenant>/]<file>` under the index' prefix.
struct IndexName: Equatable {
    /// The day of the table, in days since 1970.
    var day: Int
    /// Nil if the file is about all tenants.
    var tenant: String?
    var compacted: Compacted?

    /// The fields in the name of a compacted TSDB.
    struct Compacted: Equatable {
        /// Milliseconds since 1970.
        var from: Int
        var through: Int
        var checksum: UInt32
    }

    /// - Parameter parts: the parts of the path below the chunks directory.
    init?(_ parts: ArraySlice<ArraySlice<UInt8>>) {
        let texts = parts.map { String(decoding: $0, as: UTF8.self) }
        guard let file = texts.last, file.hasSuffix(".gz") || file.hasSuffix(".tsdb") else { return nil }
        for (number, text) in texts.enumerated().dropLast() where (1...2).contains(texts.count - 1 - number) {
            guard let day = Self.day(of: text) else { continue }
            self.day = day
            tenant = texts.count - 1 - number == 2 ? texts[number + 1] : nil
            compacted = Compacted(file)
            return
        }
        return nil
    }

    /// A table's name is a prefix that the schema sets and the number of its day.
    static func day(of table: String) -> Int? {
        let digits = table.reversed().prefix { $0.isASCII && $0.isNumber }
        guard (4...6).contains(digits.count), digits.count < table.count else { return nil }
        return Int(String(digits.reversed()))
    }

    /// Returns true if the index may be about any of these times, milliseconds since 1970.
    func overlaps(_ times: ClosedRange<Int>) -> Bool {
        if let compacted, compacted.from <= compacted.through {
            return times.overlaps(compacted.from...compacted.through)
        }
        return times.overlaps(day * 86_400_000...(day + 1) * 86_400_000 - 1)
    }
}

extension IndexName.Compacted {
    /// `<ns>-compactor-<from>-<through>-<crc>.tsdb.gz`; times are decimal milliseconds, the checksum is hex.
    init?(_ file: String) {
        guard file.hasSuffix(".tsdb.gz") else { return nil }
        let fields = file.dropLast(".tsdb.gz".count).split(separator: "-")
        guard fields.count == 5, fields[1] == "compactor", let from = Int(fields[2]), let through = Int(fields[3]),
            let checksum = UInt32(fields[4], radix: 16)
        else { return nil }
        self.init(from: from, through: through, checksum: checksum)
    }
}
