internal import CZlib

/// Decodes a gzip stream of any number of members that arrives in pieces of any size, in bounded memory.
package final class GzipReader {
    private let stream: UnsafeMutablePointer<z_stream>
    private var space = [UInt8](repeating: 0, count: 64 << 10)
    private var isAtEnd = false
    private var failure: GzipError?

    package init() {
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

    /// - Parameter sink: receives the plain bytes of `piece`. Data after damage yield none.
    package func write(_ piece: RawSpan, into sink: (RawSpan) -> Void) {
        guard failure == nil, piece.byteCount > 0 else { return }
        piece.withUnsafeBytes { source in
            // Declared non-const, but inflate only reads it.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = UInt32(source.count)
            repeat {
                if isAtEnd {  // another member begins
                    inflateReset(stream)
                    isAtEnd = false
                }
                let (status, count) = space.withUnsafeMutableBytes { space in
                    stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                    stream.pointee.avail_out = UInt32(space.count)
                    let status = inflate(stream, Z_NO_FLUSH)
                    return (status, space.count - Int(stream.pointee.avail_out))
                }
                if count > 0 { sink(space.span.bytes.extracting(first: count)) }
                switch status {
                case Z_STREAM_END: isAtEnd = true
                case Z_OK: break
                case Z_BUF_ERROR where stream.pointee.avail_in == 0: return  // all of it is consumed
                default:
                    failure = .damaged
                    return
                }
            } while stream.pointee.avail_in > 0 || (!isAtEnd && stream.pointee.avail_out == 0)
        }
    }

    /// - Throws: ``GzipError`` if the input was not one or more whole members.
    package func finish() throws(GzipError) {
        guard failure == nil, isAtEnd else { throw .damaged }
    }
}
