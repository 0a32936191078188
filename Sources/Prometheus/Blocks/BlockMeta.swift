internal import FoundationEssentials
internal import Platform

/// A block's description of itself in `meta.json`. Members that this tool does not need are ignored.
///
/// Times are milliseconds since 1970; the interval is half open. Members that are zero are absent from the file.
package struct BlockMeta: Sendable, Equatable {
    package struct Stats: Sendable, Equatable {
        package var samples = 0
        package var series = 0
        package var chunks = 0
        package var tombstones = 0
    }

    package var ulid: String
    package var minTime: Int
    package var maxTime: Int
    package var stats: Stats
    package var version: Int
    /// The blocks that the head wrote and that this one was compacted from, by ULID; itself if it was not compacted.
    package var sources: [String] = []
    /// The blocks that it was directly compacted from, by ULID.
    package var parents: [String] = []

    /// A block's meta.json is a few KiB; one of a large compacted block lists its sources.
    static let sizeLimit = 16 << 20
}

extension BlockMeta {
    /// - Parameter block: path of the block's directory.
    /// - Throws: ``BlockDefect``.
    init(readingFrom block: String) throws {
        let file = try BlockFile("meta.json", in: block)
        let content = try file.content(limit: Self.sizeLimit)
        do {
            self = try JSONDecoder().decode(BlockMeta.self, from: Data(content))
        } catch {
            throw file.defect("does not parse")
        }
    }

    /// - Parameter document: of a `meta.json`.
    /// - Returns: nil if it does not parse.
    init?(parsing document: [UInt8]) {
        guard let meta = try? JSONDecoder().decode(BlockMeta.self, from: Data(document)) else { return nil }
        self = meta
    }
}

extension BlockMeta: Decodable {
    private enum CodingKeys: String, CodingKey { case ulid, minTime, maxTime, stats, version, compaction }

    private struct Compaction: Decodable {
        struct Parent: Decodable { var ulid: String }
        var sources: [String]?
        var parents: [Parent]?
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        ulid = try members.decode(String.self, forKey: .ulid)
        minTime = try members.decode(Int.self, forKey: .minTime)
        maxTime = try members.decode(Int.self, forKey: .maxTime)
        stats = try members.decodeIfPresent(Stats.self, forKey: .stats) ?? Stats()
        version = try members.decode(Int.self, forKey: .version)
        let compaction = try members.decodeIfPresent(Compaction.self, forKey: .compaction)
        sources = compaction?.sources ?? []
        parents = compaction?.parents?.map(\.ulid) ?? []
        // Samples before 1970 are possible; times outside of any calendar would overflow in comparisons.
        for (time, key) in [(minTime, CodingKeys.minTime), (maxTime, .maxTime)]
        where !DocumentRange.signedMilliseconds.contains(time) {
            throw DecodingError.dataCorruptedError(forKey: key, in: members, debugDescription: "out of range")
        }
    }
}

extension BlockMeta.Stats: Decodable {
    private enum CodingKeys: String, CodingKey {
        case samples = "numSamples"
        case series = "numSeries"
        case chunks = "numChunks"
        case tombstones = "numTombstones"
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        samples = try members.decodeIfPresent(Int.self, forKey: .samples) ?? 0
        series = try members.decodeIfPresent(Int.self, forKey: .series) ?? 0
        chunks = try members.decodeIfPresent(Int.self, forKey: .chunks) ?? 0
        tombstones = try members.decodeIfPresent(Int.self, forKey: .tombstones) ?? 0
    }
}
