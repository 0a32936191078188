#if ISAL
internal import CISAL
#else
internal import CZlib
#endif

/// Encodes gzip members (RFC 1952), one whole member a call; consecutive members form one gzip stream.
///
/// With ISA-L a core compresses well over 100 MB/s of dense monitoring data, about five times the fastest level of zlib
/// at the same size. Both write plain gzip. Incompressible data are stored: a member of stored blocks costs a checksum
/// to write and to read.
package struct GzipEncoder: ~Copyable {
    /// The largest number of plain bytes in one member.
    package static let maximumMember = 1 << 20

    private let engine = DeflateEngine()

    package init() {}

    /// Appends one gzip member that holds `plain` to `output`.
    /// - Parameter plain: 0 to ``maximumMember`` bytes.
    package mutating func encode(_ plain: RawSpan, into output: inout [UInt8]) {
        precondition(plain.byteCount <= Self.maximumMember)
        if isWorthSqueezing(plain) {
            engine.compress(plain, into: &output)
        } else {
            StoredMember.append(plain, to: &output)
        }
    }

    /// Tries evenly distributed slices of 4 KiB, one to 32 KiB and at most four. Data that shrink by less than a fifth
    /// are stored, because decompression would take most of a restore's time. chunks of metrics shrink by about an
    /// eighth and chunks of logs not at all; indexes, text and JSON shrink much more.
    private mutating func isWorthSqueezing(_ plain: RawSpan) -> Bool {
        guard plain.byteCount >= 64 << 10 else { return true }
        let slice = 4 << 10, slices = min(plain.byteCount >> 15, 4)
        var sample: [UInt8] = []
        sample.reserveCapacity(slices * slice)
        for number in 0..<slices {
            let start = plain.byteCount / slices * number + plain.byteCount / slices / 2
            plain.extracting(start..<start + slice).withUnsafeBytes { sample.append(contentsOf: $0) }
        }
        guard !Self.isEvenlySpread(sample) else { return false }  // the cheaper check first
        var squeezed: [UInt8] = []
        engine.compress(sample.span.bytes, into: &squeezed)
        return squeezed.count * 5 < sample.count * 4
    }

    /// True if the bytes are distributed as over 80 values or more, like bytes that were compressed before.
    ///
    /// The probability that two bytes are equal gives Rényi's entropy of order two, here of log2(80) = 6.3 bits, and
    /// Shannon's is not less: a code for single bytes saves at most a fifth. Only repetitions could save more, and such
    /// data hardly have any.
    static func isEvenlySpread(_ bytes: [UInt8]) -> Bool {
        let equal = withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { counts in
            counts.initialize(repeating: 0)
            for byte in bytes { counts[Int(byte)] += 1 }
            return counts.reduce(0) { $0 + $1 * $1 }
        }
        return equal * 80 <= bytes.count * bytes.count
    }
}

#if ISAL
/// ISA-L's state, kept between members: it is large and costly to clear.
final class DeflateEngine {
    private static let level: UInt32 = 1
    private let stream: UnsafeMutablePointer<isal_zstream>
    private let levelBuffer: UnsafeMutableRawBufferPointer

    init() {
        stream = .allocate(capacity: 1)
        levelBuffer = .allocate(byteCount: Int(dr_isal_level1_buffer), alignment: 64)
    }

    deinit {
        stream.deallocate()
        levelBuffer.deallocate()
    }

    func compress(_ plain: RawSpan, into output: inout [UInt8]) {
        isal_deflate_stateless_init(stream)
        stream.pointee.end_of_stream = 1
        stream.pointee.flush = UInt16(NO_FLUSH)
        stream.pointee.gzip_flag = UInt16(IGZIP_GZIP)
        stream.pointee.level = Self.level
        stream.pointee.level_buf = levelBuffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.level_buf_size = UInt32(levelBuffer.count)
        // Room for stored blocks of at most 64 KiB, five bytes each, and gzip's header and trailer.
        let bound = plain.byteCount + (plain.byteCount >> 15 + 2) * 5 + 64
        output.append(addingUpTo: bound) { space in
            plain.withUnsafeBytes { source in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = space.baseAddress
                stream.pointee.avail_out = UInt32(space.count)
                let status = isal_deflate_stateless(stream)
                precondition(status == COMP_OK && stream.pointee.avail_in == 0, "isal_deflate_stateless: \(status)")
            }
            return space.count - Int(stream.pointee.avail_out)
        }
    }
}
#else
/// One call of zlib's deflate.
private enum Deflate {
    static func once(_ plain: RawSpan, level: CInt, into output: inout [UInt8]) {
        // On the heap: zlib keeps a pointer to it and refuses a `z_stream` that moved.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        let gzipFraming: CInt = 15 + 16  // the largest window; 16 asks for gzip
        let status = deflateInit2_(
            stream, level, Z_DEFLATED, gzipFraming, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            CInt(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "deflateInit2_: \(status)")
        defer { deflateEnd(stream) }
        let bound = Int(deflateBound(stream, UInt(plain.byteCount)))
        output.append(addingUpTo: bound) { space in
            plain.withUnsafeBytes { source in
                // Declared non-const, but deflate only reads it.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = space.baseAddress
                stream.pointee.avail_out = UInt32(space.count)
                let status = deflate(stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "deflate: \(status)")
            }
            return space.count - Int(stream.pointee.avail_out)
        }
    }
}

final class DeflateEngine {
    func compress(_ plain: RawSpan, into output: inout [UInt8]) {
        Deflate.once(plain, level: 1, into: &output)
    }
}
#endif

extension [UInt8] {
    /// Lets `fill` write into `limit` new bytes at the end and keeps as many as it returns.
    fileprivate mutating func append(addingUpTo limit: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        append(addingCapacity: limit) { span in
            span.withUnsafeMutableBufferPointer { space, count in count = fill(space) }
        }
    }
}
