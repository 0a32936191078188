#if ISAL
internal import CISAL
#else
internal import CZlib
#endif

/// A gzip member that holds its content uncompressed: deflate's stored blocks (RFC 1951, section 3.2.4) between gzip's
/// header and trailer (RFC 1952). It costs a copy and a checksum, to write and to read.
enum StoredMember {
    /// The length of a stored block is 16 bits.
    private static let block = 0xFFFF
    /// Magic, deflate, no flags, no time, fastest, Unix.
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 3]

    static func append(_ plain: RawSpan, to output: inout [UInt8]) {
        output.reserveCapacity(output.count + plain.byteCount + (plain.byteCount / block + 1) * 5 + header.count + 8)
        output += header
        var rest = plain
        repeat {
            let piece = rest.extracting(first: min(rest.byteCount, block))
            rest = rest.extracting(droppingFirst: piece.byteCount)
            output.append(rest.isEmpty ? 1 : 0)
            output.append(littleEndian: UInt16(piece.byteCount))
            output.append(littleEndian: ~UInt16(piece.byteCount))
            piece.withUnsafeBytes { output.append(contentsOf: $0) }
        } while !rest.isEmpty
        output.append(littleEndian: checksum(plain))
        output.append(littleEndian: UInt32(plain.byteCount))
    }

    /// CRC-32 as defined by gzip.
    private static func checksum(_ bytes: RawSpan) -> UInt32 {
        bytes.withUnsafeBytes { bytes in
            let start = bytes.bindMemory(to: UInt8.self).baseAddress
            #if ISAL
            return crc32_gzip_refl(0, start, UInt64(bytes.count))
            #else
            return UInt32(crc32_z(0, start, bytes.count))
            #endif
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
