#if ISAL
internal import CISAL
#endif

/// CRC-32C (Castagnoli: reflected polynomial 0x82F63B78, initial and final value all ones) of RFC 3720, appendix B.4,
/// which Prometheus' TSDB uses. The check value of "123456789" is 0xE3069283.
package struct CRC32C {
    /// The register before the final inversion.
    private var register: UInt32 = 0xFFFF_FFFF

    package init() {}

    package var value: UInt32 { ~register }

    package mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { buffer in
            #if ISAL
            var rest = buffer[...]
            while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
                let count = min(rest.count, 1 << 30)  // ISA-L counts in a C int
                // Declared non-const, but ISA-L only reads it.
                let pointer = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
                register = crc32_iscsi(pointer, CInt(count), register)
                rest = rest.dropFirst(count)
            }
            #else
            register = CRC32CTable.advance(register, over: buffer)
            #endif
        }
    }

    package static func checksum(_ bytes: RawSpan) -> UInt32 {
        var crc = CRC32C()
        crc.update(bytes)
        return crc.value
    }
}

#if !ISAL
/// Slicing-by-8: eight tables let one step consume eight bytes.
private enum CRC32CTable {
    private static let tables: [[UInt32]] = {
        var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 8)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            tables[0][byte] = crc
        }
        for byte in 0..<256 {
            for slice in 1..<8 {
                let previous = tables[slice - 1][byte]
                tables[slice][byte] = previous >> 8 ^ tables[0][Int(previous & 0xFF)]
            }
        }
        return tables
    }()

    static func advance(_ register: UInt32, over bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = register
        var offset = 0
        let tables = Self.tables
        while bytes.count - offset >= 8 {
            let low = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian ^ crc
            let high = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self).littleEndian
            crc =
                tables[7][Int(low & 0xFF)] ^ tables[6][Int(low >> 8 & 0xFF)] ^ tables[5][Int(low >> 16 & 0xFF)]
                ^ tables[4][Int(low >> 24)] ^ tables[3][Int(high & 0xFF)] ^ tables[2][Int(high >> 8 & 0xFF)]
                ^ tables[1][Int(high >> 16 & 0xFF)] ^ tables[0][Int(high >> 24)]
            offset += 8
        }
        while offset < bytes.count {
            crc = crc >> 8 ^ tables[0][Int((crc ^ UInt32(bytes[offset])) & 0xFF)]
            offset += 1
        }
        return crc
    }
}
#endif
