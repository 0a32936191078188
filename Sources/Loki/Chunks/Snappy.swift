internal import Cryptography

/// The two formats of Snappy in a chunk's metadata: frames around blocks (https://github.com/google/snappy:
/// framing_format.txt, format_description.txt).
enum Snappy {
    private static let identifier: [UInt8] = [0xFF, 6, 0, 0] + Array("sNaPpY".utf8)

    /// Decodes a complete framed stream and verifies each frame by its checksum.
    /// - Parameter limit: refuse to produce more plain bytes than this.
    static func decodeFrames(_ stream: ArraySlice<UInt8>, limit: Int) throws(ChunkDefect) -> [UInt8] {
        guard stream.starts(with: identifier) else { throw ChunkDefect("it is not a framed Snappy stream") }
        var rest = stream.dropFirst(identifier.count)
        var plain: [UInt8] = []
        while let kind = rest.first {
            guard rest.count >= 4 else { throw ChunkDefect("a Snappy frame's header is truncated") }
            let length = Int(little(rest.dropFirst(), 3))
            let body = rest.dropFirst(4).prefix(length)
            guard body.count == length else { throw ChunkDefect("a Snappy frame is truncated") }
            rest = rest.dropFirst(4 + length)
            switch kind {
            case 0, 1:
                guard length >= 4 else { throw ChunkDefect("a Snappy frame has no room for its checksum") }
                let content = body.dropFirst(4)
                let piece = kind == 1 ? Array(content) : try decodeBlock(content, limit: limit)
                guard masked(CRC32C.checksum(piece.span.bytes)) == UInt32(little(body, 4)) else {
                    throw ChunkDefect("a Snappy frame does not match its checksum")
                }
                plain += piece
                guard plain.count <= limit else { throw ChunkDefect("it is longer than \(limit) bytes") }
            case 0x80...0xFE: break  // padding, and frames that may be skipped
            case 0xFF:
                guard body.elementsEqual(identifier.dropFirst(4)) else {
                    throw ChunkDefect("an unexpected Snappy header")
                }
            default: throw ChunkDefect("a Snappy frame of unknown kind \(kind)")
            }
        }
        return plain
    }

    /// The form of a checksum in frames, so that checksums of checksums stay distinct.
    static func masked(_ checksum: UInt32) -> UInt32 { (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8 }

    private static func decodeBlock(_ block: ArraySlice<UInt8>, limit: Int) throws(ChunkDefect) -> [UInt8] {
        let damaged = ChunkDefect("a Snappy block is damaged")
        var position = block.startIndex
        func take(_ count: Int) throws(ChunkDefect) -> ArraySlice<UInt8> {
            guard count <= block.endIndex - position else { throw damaged }
            defer { position += count }
            return block[position..<position + count]
        }
        var total = 0
        var shift = 0
        while true {
            guard let byte = try take(1).first, shift < 32 else { throw damaged }
            total |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { break }
        }
        guard total <= limit else { throw ChunkDefect("it is longer than \(limit) bytes") }
        var plain: [UInt8] = []
        plain.reserveCapacity(total)
        while position < block.endIndex {
            let tag = try take(1)[position - 1]
            let high = Int(tag >> 2)
            let (length, offset): (Int, Int)
            switch tag & 3 {
            case 0:
                let count = high < 60 ? high + 1 : Int(little(try take(high - 59), high - 59)) + 1
                plain += try take(count)
                guard plain.count <= total else { throw damaged }
                continue
            case 1: (length, offset) = (high & 7 + 4, (high >> 3) << 8 | Int(little(try take(1), 1)))
            case 2: (length, offset) = (high + 1, Int(little(try take(2), 2)))
            default: (length, offset) = (high + 1, Int(little(try take(4), 4)))
            }
            guard offset > 0, offset <= plain.count, plain.count + length <= total else { throw damaged }
            for _ in 0..<length { plain.append(plain[plain.count - offset]) }
        }
        guard plain.count == total else { throw damaged }
        return plain
    }

    private static func little(_ bytes: ArraySlice<UInt8>, _ count: Int) -> UInt64 {
        bytes.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
