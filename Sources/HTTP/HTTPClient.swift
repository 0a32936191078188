internal import Synchronization

/// An HTTP/1.1 client over libcurl. Every call blocks its thread: run it on a `BlockingPool`.
///
/// The client keeps connections and TLS sessions between requests, one for each request that ran at the same time. It
/// does not follow redirects: a signature holds for one host and one path.
package final class HTTPClient: Sendable {
    package let options: HTTPOptions
    private let idle = Mutex<[Slot]>([])

    package init(_ options: HTTPOptions = HTTPOptions()) { self.options = options }

    /// Sends `request` and streams the body of the response, whatever its status, in pieces of at most 16 KiB.
    ///
    /// Memory does not depend on the body's size: the connection waits while `sink` runs.
    /// - Parameter sink: receives the response's status and headers with every piece, also of an error's body; not
    ///   called for an empty body. The span is valid only during the call.
    /// - Returns: the response, after its body has ended.
    /// - Throws: the error of `sink` or of the request body's reader, `CancellationError` within about a second of the
    ///   current task's cancellation, else ``HTTPError``.
    package func perform(
        _ request: HTTPRequest, into sink: (HTTPResponse, RawSpan) throws -> Void
    ) throws -> HTTPResponse {
        guard let router = ServerRouters.router(for: request.url) else {
            return try perform(request, over: nil, into: sink)
        }
        // A request that changes nothing gets one new way if its way is lost before the answer begins.
        var attemptsLeft = ["GET", "HEAD"].contains(request.method) ? 2 : 1
        while true {
            attemptsLeft -= 1
            let route = try router.route(to: request.url)
            var isAnswered = false
            do {
                return try perform(request, over: route) { response, piece in
                    isAnswered = true
                    try sink(response, piece)
                }
            } catch var error as HTTPError {
                if [.connect, .reset].contains(error.reason) {
                    router.lost(route, to: request.url)
                    if attemptsLeft > 0, !isAnswered { continue }
                }
                error.operation = request.summary
                throw error
            }
        }
    }

    private func perform(
        _ request: HTTPRequest, over route: ServerRoute?, into sink: (HTTPResponse, RawSpan) throws -> Void
    ) throws -> HTTPResponse {
        try Task.checkCancellation()
        var request = request
        if let route { request.url = route.url }
        let slot = idle.withLock { $0.popLast() } ?? Slot()
        // A handle whose transfer failed is dropped with its connection, whose state is unknown.
        let response = try slot.easy.perform(request, options, localPort: route?.localPort, into: sink)
        idle.withLock { $0.append(slot) }
        return response
    }

    /// Sends `request` and collects the body.
    ///
    /// A document is small: unless the request has another limit, it must be complete within ten times
    /// ``HTTPOptions/stallTimeout`` of its first byte.
    /// - Parameter limit: the longest body to accept, in bytes.
    /// - Throws: as ``perform(_:into:)``; `HTTPError` with reason `.aborted` for a longer body.
    package func send(_ request: HTTPRequest, limit: Int = 16 << 20) throws -> (HTTPResponse, [UInt8]) {
        var body: [UInt8] = []
        var request = request
        request.answerTimeout = request.answerTimeout ?? options.stallTimeout * 10
        let response = try perform(request) { _, piece in
            guard body.count + piece.byteCount <= limit else {
                throw HTTPError(.aborted, operation: request.summary, "the response is longer than \(limit) bytes")
            }
            piece.withUnsafeBytes { body.append(contentsOf: $0) }
        }
        return (response, body)
    }

    /// A class, because an array cannot hold a noncopyable element.
    /// Unchecked: a slot is either in `idle`, under the lock, or with the one caller that took it out.
    private final class Slot: @unchecked Sendable {
        var easy = EasyHandle()
    }
}
