internal import Glibc

/// Checks a block's `tombstones`: magic 01 30 BA 30, version 1, entries (series, first and last time of the deleted
/// samples), CRC of the entries alone.
enum Tombstones {
    static let name = "tombstones"
    private static let magic: UInt32 = 0x0130_BA30
    private static let frame = (head: 5, tail: 4)

    /// - Returns: the number of entries; 0 if the file does not exist, as in blocks from a Thanos bucket: Prometheus
    ///   treats that as a block without deletions.
    /// - Throws: ``BlockDefect``.
    static func verify(in block: String, capacity: Int) throws -> Int {
        if access("\(block)/\(name)", F_OK) != 0, errno == ENOENT, access(block, X_OK) == 0 { return 0 }
        let file = try BlockFile(name, in: block)
        guard file.size >= frame.head + frame.tail else { throw file.defect("is \(file.size) bytes long, too short") }
        var window = FileWindow(file, 0..<file.size, capacity: capacity)
        let (magic, version) = (try window.be32(), try window.byte())
        guard magic == Self.magic, version == 1 else {
            throw file.defect("begins with \(magic.hex8), version \(version), not with tombstones' magic and version 1")
        }
        let end = file.size - frame.tail
        window.beginSum()
        var count = 0
        while window.position < end {
            _ = try window.uvarint()
            let (first, last) = (try window.varint(), try window.varint())
            guard first <= last else { throw file.defect("entry \(count + 1) ends before it begins") }
            count += 1
        }
        guard window.position == end else { throw file.defect("entry \(count) runs into the checksum") }
        try window.checkSum(of: "entries", at: frame.head)
        return count
    }
}
