#if ISAL
internal import CISAL
#else
internal import CZlib
#endif
package import Platform

/// Decodes gzip members, one whole member a call, and checks each against its own CRC-32 and length.
package struct GzipDecoder: ~Copyable {
    private let engine = InflateEngine()

    package init() {}

    /// - Parameters:
    ///   - member: exactly one gzip member.
    ///   - count: the number of plain bytes that it must hold.
    ///   - plain: is overwritten with the content; keep it between calls to save allocations.
    /// - Throws: ``GzipError`` if the member is damaged, or is not exactly one member of `count` bytes.
    package mutating func decode(_ member: RawSpan, count: Int, into plain: inout [UInt8]) throws(GzipError) {
        if plain.count != count { plain = [UInt8](unsafeUninitializedCapacity: count) { $1 = count } }
        let outcome = plain.withUnsafeMutableBytes { space in
            member.withUnsafeBytes { source in engine.inflate(source, into: space) }
        }
        guard case .whole(let read, let written) = outcome else { throw GzipError.damaged }
        guard read == member.byteCount, written == count else { throw GzipError.damaged }
    }
}

package enum GzipError: OperationError {
    /// Not the expected gzip member: truncated, altered, or another one.
    case damaged
    case tooLarge

    package var reasonCode: String { "archive_error" }
    package var place: ErrorPlace { ErrorPlace() }
    package var detail: String {
        switch self {
        case .damaged: "the gzip data are damaged"
        case .tooLarge: "the gzip data are larger than allowed"
        }
    }
}

private enum Outcome {
    case whole(read: Int, written: Int)
    case damaged
}

#if ISAL
final class InflateEngine {
    private let state: UnsafeMutablePointer<inflate_state>

    init() { state = .allocate(capacity: 1) }
    deinit { state.deallocate() }

    fileprivate func inflate(_ source: UnsafeRawBufferPointer, into space: UnsafeMutableRawBufferPointer) -> Outcome {
        isal_inflate_init(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
        // Declared non-const, but ISA-L only reads it.
        state.pointee.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
        state.pointee.avail_in = UInt32(source.count)
        state.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
        state.pointee.avail_out = UInt32(space.count)
        // Unlike the stateless call, this one parses the gzip header and checks the trailer.
        let status = isal_inflate(state)
        guard status == ISAL_DECOMP_OK, state.pointee.block_state == ISAL_BLOCK_FINISH else { return .damaged }
        return .whole(
            read: source.count - Int(state.pointee.avail_in), written: space.count - Int(state.pointee.avail_out))
    }
}
#else
final class InflateEngine {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let gzipFraming: CInt = 15 + 16
        let status = inflateInit2_(stream, gzipFraming, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "inflateInit2_: \(status)")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    fileprivate func inflate(_ source: UnsafeRawBufferPointer, into space: UnsafeMutableRawBufferPointer) -> Outcome {
        inflateReset(stream)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(source.count)
        var none: UInt8 = 0  // zlib refuses a null output even for zero bytes
        let status = withUnsafeMutablePointer(to: &none) { spare in
            stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress ?? spare
            stream.pointee.avail_out = UInt32(space.count)
            return CZlib.inflate(stream, Z_FINISH)
        }
        guard status == Z_STREAM_END else { return .damaged }
        return .whole(
            read: source.count - Int(stream.pointee.avail_in), written: space.count - Int(stream.pointee.avail_out))
    }
}
#endif
