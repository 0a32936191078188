/// An HTTP request, independent of S3 or any other service.
package struct HTTPRequest: Sendable {
    package var method: String
    /// The absolute, already percent-encoded URL; it is sent unchanged, with `..` and `//`.
    package var url: String
    package var headers: [HTTPHeaders.Field]
    package var body: HTTPBody?
    /// The longest silence before the answer to this request, if it differs from ``HTTPOptions/stallTimeout``.
    package var stallTimeout: Duration?
    /// The longest time from the first byte of the answer to its last; nil for no limit.
    package var answerTimeout: Duration?
    /// The longest time from the start of the request to the last byte of its answer, whatever the server sends
    /// meanwhile; nil for no limit.
    package var totalTimeout: Duration?
    /// True if the server may send a byte now and then while it is busy: then ``HTTPOptions/leastRate`` does not apply,
    /// and ``stallTimeout`` applies during the answer too.
    package var mayTrickle = false
    /// True if the request uses a new connection. If a kept connection turns out to be dead, libcurl sends the request
    /// again by itself, which must not happen to a request with side effects.
    package var isSentOnce = false

    package init(
        _ method: String, _ url: String, headers: [HTTPHeaders.Field] = [], body: HTTPBody? = nil,
        stallTimeout: Duration? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.stallTimeout = stallTimeout
    }

    /// Method and URL without query and user, for logs and errors: queries contain signatures.
    package var summary: String {
        // Each request asks for it, so bytes are compared, not characters.
        let url = self.url.utf8
        let plain = url.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard let colon = plain.firstIndex(of: UInt8(ascii: ":")), plain[colon...].starts(with: "://".utf8) else {
            return "\(method) \(Substring(plain))"
        }
        let scheme = plain.index(colon, offsetBy: 3)
        let authority = plain[scheme...].prefix { $0 != UInt8(ascii: "/") }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return "\(method) \(Substring(plain))" }
        return "\(method) \(Substring(plain[..<scheme]))\(Substring(plain[plain.index(after: at)...]))"
    }
}

/// A request body of known length that can be sent again from its start, which a retry needs.
package struct HTTPBody: Sendable {
    /// Fills the start of the given space and returns the number of bytes written; 0 ends the body.
    package typealias Reader = (UnsafeMutableRawBufferPointer) throws -> Int

    /// The total number of bytes that a reader delivers.
    package var length: Int
    /// Starts reading from the first byte; called each time the body is sent.
    package var open: @Sendable () throws -> Reader

    package init(length: Int, open: @escaping @Sendable () throws -> Reader) {
        self.length = length
        self.open = open
    }

    /// Makes a body from bytes in memory; the array is shared, not copied.
    package static func bytes(_ content: [UInt8]) -> HTTPBody {
        HTTPBody(length: content.count) {
            var position = 0
            return { space in
                let count = min(space.count, content.count - position)
                content.withUnsafeBytes { bytes in
                    space.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
                }
                position += count
                return count
            }
        }
    }

    package static func text(_ content: String) -> HTTPBody { bytes([UInt8](content.utf8)) }
}
