/// A label of a stream, as bytes: Loki orders labels and values by their bytes.
struct IndexedLabel: Equatable, Sendable {
    var name: [UInt8]
    var value: [UInt8]
}

/// One chunk as an index lists it.
struct IndexedChunk: Equatable, Sendable {
    /// Milliseconds since 1970, both ends included.
    var from: Int
    var through: Int
    /// CRC-32C of the chunk's file.
    var checksum: UInt32
    /// The size without compression, in KiB.
    var kilobytes: UInt32
    /// The number of lines.
    var entries: UInt32
    /// Milliseconds since 1970, only for lines that were sent long after their time.
    var ingestedAt: Int?
}

/// A stream as an index lists it.
struct IndexedSeries: Equatable, Sendable {
    /// The hash of the stream's labels.
    var fingerprint: UInt64
    /// In the order of their names.
    var labels: [IndexedLabel]
    /// In the order of their times.
    var chunks: [IndexedChunk]
}

extension IndexedChunk {
    static let day = 86_400_000
    /// Loki closes a chunk after hours. A chunk that claims a longer time would be in any number of tables.
    static let longestInDays = 400

    /// The days since 1970 whose tables list a chunk of these times; nil if they are too many for a chunk of Loki.
    static func days(from: Int, through: Int) -> ClosedRange<Int>? {
        guard from >= 0, from <= through else { return nil }
        let days = from / day...through / day
        return days.count <= longestInDays ? days : nil
    }
}
