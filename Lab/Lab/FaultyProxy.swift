internal import Foundation
internal import Synchronization

/// A loopback HTTP proxy in front of a server that speaks S3, which now and then does what networks and servers do.
///
/// What happens to a request is drawn from a seeded generator, in order of arrival: with one client thread a seed gives
/// the same faults every time. Besides, the server behind it can go away at a known moment. Requests are forwarded as
/// they came, `Host` included, so signatures stay good.
package final class FaultyProxy: Sendable {
    /// What can go wrong with one request.
    package enum Fault: String, CaseIterable, Sendable {
        /// 500, nothing done.
        case internalError
        /// 503 SlowDown, nothing done.
        case slowDown
        /// The connection is reset before the request reaches the server.
        case resetBefore
        /// The request is done; the connection is reset in the middle of the answer's body, or before it.
        case resetInBody
        /// The request is done and the answer dropped.
        case lostAcknowledgement
        /// A download ends early, in good order but for its length.
        case truncatedDownload
        /// One byte of a download is another. A store cannot notice: its repository must.
        case corruptedDownload
        /// Nothing more comes, in the middle of the answer.
        case stall
        /// The answer's ETag is another.
        case wrongETag
        /// A listing lacks its newest keys.
        case laggingListing
        /// 400 ExpiredToken, nothing done.
        case expiredToken
        /// 403 RequestTimeTooSkewed, nothing done.
        case skewedClock
    }

    package let endpoint: String
    private let server: LoopbackServer
    private let state: Shared

    private final class Shared: Sendable {
        let target: UInt16
        let rates: [Fault: Double]
        let latency: Duration
        let isForgetful: Bool
        let draw: Mutex<Draw>

        init(target: UInt16, rates: [Fault: Double], latency: Duration, isForgetful: Bool, seed: UInt64) {
            self.target = target
            self.rates = rates
            self.latency = latency
            self.isForgetful = isForgetful
            draw = Mutex(Draw(generator: SplitMix64(state: seed)))
        }
    }

    private struct Draw {
        var generator: SplitMix64
        var requests = 0
        var injected: [Fault: Int] = [:]
        /// Keys written through this proxy, newest last: what a listing that lags leaves out.
        var recent: [String] = []
        /// The download of a path with this in it is the last thing that happens.
        var lastDownload: String?
        var isAway = false
    }

    /// - Parameters:
    ///   - url: `http://127.0.0.1:PORT` of the server.
    ///   - rates: of each fault the share of requests that it befalls, 0 to 1; together at most 1.
    ///   - latency: how much later each request reaches the server.
    ///   - isForgetful: stands for a gateway that keeps no metadata, ignores conditions, and gives a stored object another
    ///     ETag than its write. The server behind it must not check signatures.
    ///   - port: 0 for any.
    package init(
        to url: String, rates: [Fault: Double], latency: Duration = .zero, isForgetful: Bool = false, seed: UInt64,
        port: UInt16 = 0
    ) throws {
        guard url.hasPrefix("http://127.0.0.1:"), let target = UInt16(url.dropFirst(17).prefix { $0 != "/" }) else {
            throw LabError("'\(url)' is not like http://127.0.0.1:PORT")
        }
        let state = Shared(
            target: target, rates: rates, latency: latency, isForgetful: isForgetful, seed: seed)
        self.state = state
        server = try LoopbackServer(port: port) { client in
            Relay(state: state, client: client).run()
        }
        endpoint = "http://127.0.0.1:\(server.port)"
    }

    /// Every fault at the same rate.
    package convenience init(to url: String, rate: Double, seed: UInt64, port: UInt16 = 0) throws {
        let rates = Dictionary(uniqueKeysWithValues: Fault.allCases.map { ($0, rate) })
        try self.init(to: url, rates: rates, seed: seed, port: port)
    }

    /// How many requests came, and how often each fault befell one.
    package var requests: Int { state.draw.withLock { $0.requests } }
    package var injected: [Fault: Int] { state.draw.withLock { $0.injected } }

    package func stop() { server.stop() }

    /// The next download of a path with `part` in it breaks off in the middle, and then there is nothing behind this
    /// address: every request is reset, until ``comeBack()``.
    package func goAway(inDownloadOf part: String) { state.draw.withLock { $0.lastDownload = part } }
    package func comeBack() { state.draw.withLock { $0.isAway = false } }
    package var isAway: Bool { state.draw.withLock { $0.isAway } }

    /// One client connection and the one to the server that goes with it.
    private struct Relay {
        let state: Shared
        let client: LoopbackConnection

        func run() {
            var upstream: LoopbackConnection?
            while var request = client.readMessage() {
                if state.isForgetful {
                    request.headers.removeAll {
                        let name = $0.name.lowercased()
                        return name.hasPrefix("x-amz-meta-") || name == "if-none-match"
                    }
                }
                let fault = drawFault(for: request)
                if state.latency > .zero { Thread.sleep(forTimeInterval: state.latency / .seconds(1)) }
                if let reply = fault?.reply {
                    // As from S3 itself, the answer to a HEAD keeps its reason to itself.
                    guard client.send(request.method == "HEAD" ? [UInt8](reply.head.utf8) : reply.bytes) else { return }
                    continue
                }
                if fault == .resetBefore { return client.reset() }
                // A server may close a kept connection at any time: one fresh try.
                var reply = upstream.flatMap { exchange(request, $0) }
                if reply == nil {
                    upstream = try? LoopbackConnection(port: state.target)
                    reply = upstream.flatMap { exchange(request, $0) }
                }
                guard var reply else { return client.reset() }
                remember(request, reply)
                if reply["connection"]?.lowercased() == "close" { upstream = nil }
                guard deliver(&reply, to: request, fault) else { return }
            }
        }

        private func exchange(_ request: HTTPMessage, _ upstream: LoopbackConnection) -> HTTPMessage? {
            guard upstream.send(request.bytes) else { return nil }
            return upstream.readMessage(isReplyTo: request.method)
        }

        /// - Returns: whether the connection goes on.
        private func deliver(_ reply: inout HTTPMessage, to request: HTTPMessage, _ fault: Fault?) -> Bool {
            let middle = reply.body.count / 2
            switch fault {
            case .lostAcknowledgement:
                client.reset()
                return false
            case .resetInBody:
                if !reply.body.isEmpty { client.send([UInt8](reply.head.utf8) + reply.body.prefix(middle)) }
                client.reset()
                return false
            case .truncatedDownload:
                client.send([UInt8](reply.head.utf8) + reply.body.prefix(middle))
                return false
            case .stall:
                client.send([UInt8](reply.head.utf8.prefix(reply.body.isEmpty ? 20 : .max)) + reply.body.prefix(middle))
                client.stall()
                return false
            case _ where state.isForgetful && request.method == "HEAD":
                for index in reply.headers.indices where reply.headers[index].name.lowercased() == "etag" {
                    reply.headers[index].value = "\"of-the-gateway\""
                }
            case .corruptedDownload:
                if !reply.body.isEmpty { reply.body[middle] ^= 0x20 }
            case .wrongETag:
                for index in reply.headers.indices where reply.headers[index].name.lowercased() == "etag" {
                    reply.headers[index].value = "\"00000000000000000000000000000000\""
                }
            case .laggingListing:
                reply = withoutRecentKeys(reply)
            default: break
            }
            return client.send(reply.bytes)
        }

        /// Draws for every request, so that the sequence does not depend on which faults fit it.
        private func drawFault(for request: HTTPMessage) -> Fault? {
            state.draw.withLock { draw in
                draw.requests += 1
                if let fault = outage(for: request, &draw) {
                    draw.injected[fault, default: 0] += 1
                    return fault
                }
                var number = Double(draw.generator.next() >> 11) / Double(1 << 53)
                for fault in Fault.allCases {
                    number -= state.rates[fault] ?? 0
                    guard number < 0 else { continue }
                    guard fault.fits(request) else { return nil }
                    draw.injected[fault, default: 0] += 1
                    return fault
                }
                return nil
            }
        }

        private func outage(for request: HTTPMessage, _ draw: inout Draw) -> Fault? {
            if draw.isAway { return .resetBefore }
            guard let part = draw.lastDownload, request.method == "GET", request.target.contains(part) else {
                return nil
            }
            draw.lastDownload = nil
            draw.isAway = true
            return .resetInBody
        }

        private func remember(_ request: HTTPMessage, _ reply: HTTPMessage) {
            guard request.method == "PUT", (200..<300).contains(reply.status), !request.target.contains("?") else {
                return
            }
            state.draw.withLock { draw in
                draw.recent.append(String(request.target.split(separator: "/").dropFirst().joined(separator: "/")))
                if draw.recent.count > 3 { draw.recent.removeFirst() }
            }
        }

        private func withoutRecentKeys(_ reply: HTTPMessage) -> HTTPMessage {
            let recent = state.draw.withLock { $0.recent }
            var text = String(decoding: reply.body, as: UTF8.self)
            for key in recent {
                // With encoding-type=url some servers encode the slash too, others not.
                let encoded = key.split(separator: "/").joined(separator: "%2F")
                guard
                    let found = text.firstRange(of: "<Key>\(key)</Key>")
                        ?? text.firstRange(of: "<Key>\(encoded)</Key>"),
                    let start = text[..<found.lowerBound].ranges(of: "<Contents>").last,
                    let end = text[found.upperBound...].firstRange(of: "</Contents>")
                else { continue }
                text.removeSubrange(start.lowerBound..<end.upperBound)
            }
            var reply = reply
            reply.body = [UInt8](text.utf8)
            for index in reply.headers.indices where reply.headers[index].name.lowercased() == "content-length" {
                reply.headers[index].value = "\(reply.body.count)"
            }
            return reply
        }
    }
}

extension FaultyProxy.Fault {
    fileprivate func fits(_ request: HTTPMessage) -> Bool {
        let isListing = request.target.contains("list-type=2")
        let isDownload = request.method == "GET" && !request.target.contains("?")
        switch self {
        case .truncatedDownload, .corruptedDownload: return isDownload
        case .wrongETag: return isDownload || request.method == "PUT"
        case .laggingListing: return isListing
        default: return true
        }
    }

    /// The answer of a fault that keeps the request from the server.
    fileprivate var reply: HTTPMessage? {
        switch self {
        case .internalError: Self.error(500, "InternalError")
        case .slowDown: Self.error(503, "SlowDown")
        case .expiredToken: Self.error(400, "ExpiredToken")
        case .skewedClock: Self.error(403, "RequestTimeTooSkewed")
        default: nil
        }
    }

    private static func error(_ status: Int, _ code: String) -> HTTPMessage {
        .response(
            status, [("Content-Type", "application/xml"), ("Date", HTTPMessage.date())],
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>\(code)</Code><Message>injected</Message></Error>"
        )
    }
}

/// A small generator with a seed (Steele, Lea and Flood, 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
