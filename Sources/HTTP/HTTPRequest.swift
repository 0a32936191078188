/// An HTTP request. Nothing here knows about S3 or any other service.
package struct HTTPRequest: Sendable {
    package var method: String
    /// Absolute, already percent-encoded; sent as it stands, with `..` and `//` untouched.
    package var url: String
    package var headers: [HTTPHeaders.Field]
    package var body: HTTPBody?
    /// Longest silence before the answer to this request, where it differs from ``HTTPOptions/stallTimeout``.
    package var stallTimeout: Duration?
    /// Longest time from the first byte of the answer to its last; nil for any.
    package var answerTimeout: Duration?
    /// True if the server may send a byte now and then while it is busy: then ``HTTPOptions/leastRate`` does not count,
    /// and ``stallTimeout`` holds in the answer too.
    package var mayTrickle = false
    /// Over a connection of its own. On a kept one that turns out dead libcurl sends a request again by itself, which a
    /// request that does something each time must not be.
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

    /// Method and URL without query and user, fit for logs and errors: queries carry signatures.
    package var summary: String {
        let plain = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = plain.firstRange(of: "://") else { return "\(method) \(plain)" }
        let rest = plain[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return "\(method) \(plain)" }
        return "\(method) \(plain[..<scheme.upperBound])\(rest[rest.index(after: at)...])"
    }
}

/// A request body of known length that can be sent again from its start, as a retry must.
package struct HTTPBody: Sendable {
    /// Fills the start of the given space and returns how many bytes it wrote; 0 ends the body.
    package typealias Reader = (UnsafeMutableRawBufferPointer) throws -> Int

    /// Bytes that a reader delivers in all.
    package var length: Int
    /// Starts reading from the first byte; called once for each time the body is sent.
    package var open: @Sendable () throws -> Reader

    package init(length: Int, open: @escaping @Sendable () throws -> Reader) {
        self.length = length
        self.open = open
    }

    /// A body in memory; the array is shared, not copied.
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
