internal import Cryptography

/// One chunk of a segment, as found in its bytes.
struct ScannedChunk {
    /// The offset of its length field in the segment: the number by which an index refers to it.
    var offset: Int
    /// The offset of the next chunk.
    var end: Int
    var encoding: UInt8
    var samples: Int
    var computedCRC: UInt32
    var storedCRC: UInt32

    /// The format's encodings: XOR, histogram, float histogram, and their successors with start times.
    private static let known: ClosedRange<UInt8> = 1...6
    /// AggrChunk of Thanos: up to five chunks of aggregates in one, in downsampled blocks.
    private static let aggregates: UInt8 = 0xFF

    /// True if the chunk has aggregates in place of samples: its data do not begin with their number.
    var holdsAggregates: Bool { encoding == Self.aggregates }

    /// The defect of the chunk itself; nil if it is intact.
    /// - Parameter allowsAggregates: true for the blocks of Thanos and Mimir; Prometheus cannot read such a chunk.
    func flaw(allowsAggregates: Bool) -> String? {
        if computedCRC != storedCRC { return checksumText(computed: computedCRC, stored: storedCRC) }
        if !Self.known.contains(encoding), !(allowsAggregates && holdsAggregates) {
            return "encoding \(encoding) is unknown"
        }
        if end - offset < 1 + 1 + 2 + 4 { return "too short to hold a sample" }
        return nil
    }
}

/// Splits a chunk segment (`chunks/NNNNNN`) into chunks as its bytes arrive, in pieces of any size.
///
/// Format: magic 85 BD 40 DD, version 1, three zero bytes; then chunks without gaps, each an unsigned LEB128 length,
/// one byte of encoding, that many bytes of data, and the big-endian CRC-32C of encoding and data (prometheus,
/// tsdb/docs/format/chunks.md). The data begin with the number of samples, 16 bits.
struct ChunkScanner {
    private enum Part { case header, length, body, checksum }

    static let header: [UInt8] = [0x85, 0xBD, 0x40, 0xDD, 1, 0, 0, 0]

    /// The number of bytes read so far.
    private(set) var position = 0
    private var part = Part.header
    // The current chunk.
    private var offset = 0
    private var length: UInt64 = 0
    private var lengthShift: UInt64 = 0
    private var bodyRead = 0
    private var bodyEnd = 0
    private var encoding: UInt8 = 0
    private var samples = 0
    private var crc = CRC32C()
    private var stored: UInt32 = 0
    private var storedRead = 0

    /// - Throws: ``ChunkScanner/Failure`` when the structure is damaged, and the errors of `body`.
    mutating func scan(_ piece: RawSpan, _ body: (ScannedChunk) throws -> Void) throws {
        try piece.withUnsafeBytes { bytes in
            var next = 0
            while next < bytes.count {
                if part == .length, offset == position, let whole = wholeChunk(bytes, next) {
                    next += whole.end - whole.offset
                    startChunk(at: whole.end)
                    try body(whole)
                    continue
                }
                let taken = try take(UnsafeRawBufferPointer(rebasing: bytes[next...]), body)
                next += taken
            }
        }
    }

    /// Checks the end. Call it after the last byte.
    func finish() throws(Failure) {
        guard part == .length, offset == position else {
            let place = part == .header ? "the header" : "the chunk at \(offset)"
            throw Failure("ends at \(position), within \(place)")
        }
    }

    struct Failure: Error {
        var text: String
        init(_ text: String) { self.text = text }
    }

    private mutating func startChunk(at start: Int) {
        position = start
        offset = start
        part = .length
        length = 0
        lengthShift = 0
    }

    /// The fast path: a chunk that is complete in `bytes` from `start`.
    private func wholeChunk(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> ScannedChunk? {
        var next = start
        var length = 0
        var shift = 0
        while true {
            // Three bytes of length exceed any real chunk; longer lengths take the slow path.
            guard next < bytes.count, shift <= 14 else { return nil }
            let byte = bytes[next]
            next += 1
            length |= Int(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        guard length >= 2, bytes.count - next >= 1 + length + 4 else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: bytes[next..<next + 1 + length])
        return ScannedChunk(
            offset: position, end: position + (next - start) + 1 + length + 4, encoding: body[0],
            samples: Self.samples(body[0], high: body[1], low: body[2]), computedCRC: CRC32C.checksum(body.bytes),
            storedCRC: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: next + 1 + length, as: UInt32.self)))
    }

    /// The general path: as much of the current part as `bytes` hold.
    /// - Returns: the number of bytes taken, at least one.
    private mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: (ScannedChunk) throws -> Void) throws -> Int {
        var taken = 1
        switch part {
        case .header:
            guard bytes[0] == Self.header[position] else {
                throw Failure("header is not that of a chunk segment of version 1, from byte \(position)")
            }
            if position == Self.header.count - 1 {
                startChunk(at: position + 1)
                return taken
            }
        case .length:
            guard lengthShift < 63 else { throw Failure("chunk at \(offset): no length") }
            length |= UInt64(bytes[0] & 0x7F) << lengthShift
            lengthShift += 7
            if bytes[0] < 0x80 {
                // Segments are at most 512 MiB; the writer's own limit allows somewhat more for a last large chunk.
                guard length < 1 << 40 else {
                    throw Failure("chunk at \(offset): \(length) bytes long, which is implausible")
                }
                part = .body
                bodyRead = 0
                bodyEnd = 1 + Int(length)
                samples = 0
                crc = CRC32C()
                stored = 0
                storedRead = 0
            }
        case .body:
            if bodyRead < 3 {
                switch bodyRead {
                case 0: encoding = bytes[0]
                case 1: samples = Self.samples(encoding, high: bytes[0], low: 0)
                default: samples += Int(bytes[0])
                }
            } else {
                taken = min(bytes.count, bodyEnd - bodyRead)
            }
            crc.update(UnsafeRawBufferPointer(rebasing: bytes[..<taken]).bytes)
            bodyRead += taken
            if bodyRead == bodyEnd { part = .checksum }
        case .checksum:
            stored = stored << 8 | UInt32(bytes[0])
            storedRead += 1
            if storedRead == 4 {
                let chunk = ScannedChunk(
                    offset: offset, end: position + 1, encoding: encoding, samples: samples, computedCRC: crc.value,
                    storedCRC: stored)
                startChunk(at: position + 1)
                try body(chunk)
                return taken
            }
        }
        position += taken
        return taken
    }

    /// Encodings 5 and 6 keep the counter-reset header in the two highest bits.
    private static func samples(_ encoding: UInt8, high: UInt8, low: UInt8) -> Int {
        let count = Int(high) << 8 | Int(low)
        return encoding == 5 || encoding == 6 ? count & 0x3FFF : count
    }
}
