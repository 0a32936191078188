internal import Archiving
internal import Cryptography

/// A file of the stand-in's index: a list of chunk paths in the frame of a Loki TSDB file.
///
/// The frame is the magic, the version, and the table of contents with its checksum. The file name is also that of
/// Loki. The other sections of a real file are missing.
struct LokiIndexFile {
    private static let head: [UInt8] = [0xBA, 0xAA, 0xD7, 0x00, 3]
    private static let mark = "stand-in\n"
    private static let contents = 72

    /// The paths relative to the chunks directory.
    var chunks: [String]
    /// The first time in milliseconds since 1970.
    var from: Int
    var through: Int

    /// Returns the uncompressed file, and the checksum for the name of a compacted file.
    func bytes() -> (bytes: [UInt8], checksum: UInt32) {
        let body = Self.head + Array((Self.mark + chunks.joined(separator: "\n")).utf8)
        var end: [UInt8] = []
        for number in [5, 5, 5, 5, 5, 5, 5, from, through] { end.append(big: UInt64(number), 8) }
        let checksum = CRC32C.checksum(end.span.bytes)
        end.append(big: UInt64(checksum), 4)
        return (body + end, checksum)
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

    /// The bucket of the chunk paths in the stand-in's bolt files.
    static let bucket = "stand-in"

    /// Returns the chunks that a stored file refers to; nil if it is damaged, or not from the stand-in.
    static func chunks(in stored: [UInt8]) -> [String]? {
        guard let plain = try? GzipStream.decode(stored, limit: 1 << 28) else { return nil }
        if let keys = BoltFile.keys(in: plain, bucket: bucket) { return keys }
        guard plain.starts(with: head), plain.count >= head.count + mark.utf8.count + contents + 4
        else { return nil }
        let text = String(decoding: plain[head.count..<plain.count - contents - 4], as: UTF8.self)
        guard text.hasPrefix(mark) else { return nil }
        return text.dropFirst(mark.count).split(separator: "\n").map(String.init)
    }
}
