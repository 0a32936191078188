internal import CZlib

/// Header blocks of SPDY/3: names and values, compressed with one zlib stream for each direction of a connection.
///
/// The format is section 2.6.10 of "SPDY Protocol - Draft 3".
final class SPDYHeaderReader {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() {
        stream.initialize(to: z_stream())
        inflateInit_(stream, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// - Returns: the headers with names in lower case; nil if the block is not valid.
    func read(_ block: [UInt8]) -> [String: String]? {
        guard let plain = inflated(block) else { return nil }
        var position = 0
        func number() -> Int? {
            guard position + 4 <= plain.count else { return nil }
            defer { position += 4 }
            return plain[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
        }
        func text() -> String? {
            guard let count = number(), position + count <= plain.count else { return nil }
            defer { position += count }
            return String(decoding: plain[position..<(position + count)], as: UTF8.self)
        }
        guard let count = number() else { return nil }
        var headers: [String: String] = [:]
        for _ in 0..<count {
            guard let name = text(), let value = text() else { return nil }
            headers[name.lowercased()] = value
        }
        return headers
    }

    private func inflated(_ block: [UInt8]) -> [UInt8]? {
        var plain: [UInt8] = []
        var input = block, output = [UInt8](repeating: 0, count: 16 << 10)
        return input.withUnsafeMutableBufferPointer { source in
            stream.pointee.next_in = source.baseAddress
            stream.pointee.avail_in = UInt32(source.count)
            while true {
                let (status, count) = output.withUnsafeMutableBufferPointer { space in
                    stream.pointee.next_out = space.baseAddress
                    stream.pointee.avail_out = UInt32(space.count)
                    var status = inflate(stream, Z_SYNC_FLUSH)
                    if status == Z_NEED_DICT {
                        SPDYDictionary.bytes.withUnsafeBufferPointer {
                            _ = inflateSetDictionary(stream, $0.baseAddress, UInt32($0.count))
                        }
                        status = inflate(stream, Z_SYNC_FLUSH)
                    }
                    return (status, space.count - Int(stream.pointee.avail_out))
                }
                plain += output[..<count]
                guard status == Z_OK || status == Z_BUF_ERROR else { return nil }
                if stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 { return plain }
                if status == Z_BUF_ERROR { return plain }
            }
        }
    }
}

/// Compresses the header blocks of one direction.
final class SPDYHeaderWriter {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() {
        stream.initialize(to: z_stream())
        deflateInit_(stream, Z_BEST_COMPRESSION, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        SPDYDictionary.bytes.withUnsafeBufferPointer {
            _ = deflateSetDictionary(stream, $0.baseAddress, UInt32($0.count))
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// A block without headers, which a reply needs.
    func emptyBlock() -> [UInt8] {
        var input: [UInt8] = [0, 0, 0, 0], output = [UInt8](repeating: 0, count: 1024)
        let count = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { space in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = space.baseAddress
                stream.pointee.avail_out = UInt32(space.count)
                deflate(stream, Z_SYNC_FLUSH)
                return space.count - Int(stream.pointee.avail_out)
            }
        }
        return Array(output[..<count])
    }
}

/// The dictionary of the compression: names with their lengths, then text.
enum SPDYDictionary {
    static let bytes: [UInt8] = names.flatMap { [0, 0, 0, UInt8($0.utf8.count)] + Array($0.utf8) } + Array(text.utf8)

    private static let names = [
        "options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding",
        "accept-language", "accept-ranges", "age", "allow", "authorization", "cache-control", "connection",
        "content-base", "content-encoding", "content-language", "content-length", "content-location", "content-md5",
        "content-range", "content-type", "date", "etag", "expect", "expires", "from", "host", "if-match",
        "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified", "location",
        "max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after",
        "server", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning",
        "www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie",
        "keep-alive", "origin",
    ]

    private static let text =
        "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
        + "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
        + "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
        + "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
        + "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
        + "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
}
