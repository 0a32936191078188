internal import CZlib

/// A whole gzip stream of any number of members (RFC 1952 section 2.2), for documents that fit in memory.
package enum GzipStream {
    /// - Parameter limit: the largest allowed number of plain bytes.
    /// - Throws: ``GzipError``.
    package static func decode(_ stored: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        let gzipFraming: CInt = 15 + 16
        guard inflateInit2_(stream, gzipFraming, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
            fatalError("inflateInit2_: out of memory")  // checked: it takes no data
        }
        defer { inflateEnd(stream) }
        var plain: [UInt8] = []
        let outcome: Result<Void, GzipError> = stored.withUnsafeBytes { source in
            withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { space in
                // Declared non-const, but inflate only reads it.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                stream.pointee.avail_in = UInt32(source.count)
                while true {
                    stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                    stream.pointee.avail_out = UInt32(space.count)
                    let status = inflate(stream, Z_NO_FLUSH)
                    plain.append(contentsOf: space.prefix(space.count - Int(stream.pointee.avail_out)))
                    if plain.count > limit { return .failure(.tooLarge) }
                    switch status {
                    case Z_STREAM_END where stream.pointee.avail_in == 0: return .success(())
                    case Z_STREAM_END: inflateReset(stream)
                    case Z_OK: continue
                    default: return .failure(.damaged)
                    }
                }
            }
        }
        try outcome.get()
        return plain
    }
}
