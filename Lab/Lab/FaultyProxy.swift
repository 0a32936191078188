internal import Foundation
internal import Synchronization

/// A loopback HTTP proxy in front of an S3 server that injects faults of networks and servers.
///
/// A seeded generator draws the fault of each request in order of arrival: with one client thread, a seed always gives
/// the same faults. A test can also make the server unreachable at a defined request. Requests are forwarded
/// unchanged, including `Host`, so that their signatures stay valid.
package final class FaultyProxy: Sendable {
    /// A fault of one request.
    package enum Fault: String, CaseIterable, Sendable {
        /// 500; the server does not get the request.
        case internalError
        /// 503 SlowDown; the server does not get the request.
        case slowDown
        /// The connection is reset before the request reaches the server.
        case resetBefore
        /// The server executes the request; the connection is reset before or within the body of the response.
        case resetInBody
        /// The server executes the request; the response is dropped.
        case lostAcknowledgement
        /// A download ends early but is otherwise well-formed.
        case truncatedDownload
        /// One byte of a download is changed. The store cannot detect it; the repository must.
        case corruptedDownload
        /// The response stops in the middle without an end.
        case stall
        /// The ETag of the response is wrong.
        case wrongETag
        /// A listing lacks its newest keys.
        case laggingListing
        /// 400 ExpiredToken; the server does not get the request.
        case expiredToken
        /// 403 RequestTimeTooSkewed; the server does not get the request.
        case skewedClock
    }

    package let endpoint: String
    private let server: LoopbackServer
    private let state: Shared

    private final class Shared: Sendable {
        let target: UInt16
        let rates: [Fault: Double]
        let latency: Duration
        let window: Int?
        let isForgetful: Bool
        let roundTrips: RoundTrips?
        let draw: Mutex<Draw>

        init(
            target: UInt16, rates: [Fault: Double], latency: Duration, window: Int?, isForgetful: Bool,
            roundTrips: RoundTrips?, seed: UInt64
        ) {
            self.target = target
            self.rates = rates
            self.latency = latency
            self.window = window
            self.isForgetful = isForgetful
            self.roundTrips = roundTrips
            draw = Mutex(Draw(generator: SplitMix64(state: seed)))
        }
    }

    private struct Draw {
        var generator: SplitMix64
        var requests = 0
        var connections = 0
        /// Bytes of the bodies that the server sent.
        var delivered = 0
        var injected: [Fault: Int] = [:]
        /// Keys written through this proxy, newest last. A lagging listing omits them.
        var recent: [String] = []
        /// The download of a path that contains this text is the last request before the server is unreachable.
        var lastDownload: String?
        var isAway = false
    }

    /// - Parameters:
    ///   - url: the server, `http://127.0.0.1:PORT`.
    ///   - rates: the rate of each fault, 0 to 1; the sum is at most 1.
    ///   - latency: the delay of each request: one round trip.
    ///   - window: the bytes that a connection moves in a round trip, as a TCP window limits it; nil for no limit.
    ///   - isForgetful: true to emulate a gateway that stores no metadata, ignores conditions, and reports a different
    ///     ETag for a stored object than for its write. The server behind it must not check signatures.
    ///   - roundTrips: holds the requests, and counts the rounds in which they come.
    ///   - port: 0 for any.
    package init(
        to url: String, rates: [Fault: Double], latency: Duration = .zero, window: Int? = nil,
        isForgetful: Bool = false, roundTrips: RoundTrips? = nil, seed: UInt64, port: UInt16 = 0
    ) throws {
        guard url.hasPrefix("http://127.0.0.1:"), let target = UInt16(url.dropFirst(17).prefix { $0 != "/" }) else {
            throw LabError("'\(url)' is not of the form http://127.0.0.1:PORT")
        }
        let state = Shared(
            target: target, rates: rates, latency: latency, window: window, isForgetful: isForgetful,
            roundTrips: roundTrips, seed: seed)
        self.state = state
        server = try LoopbackServer(port: port) { client in
            state.draw.withLock { $0.connections += 1 }
            Relay(state: state, client: client).run()
        }
        endpoint = "http://127.0.0.1:\(server.port)"
    }

    /// Creates a proxy with the same rate for each fault.
    package convenience init(to url: String, rate: Double, seed: UInt64, port: UInt16 = 0) throws {
        let rates = Dictionary(uniqueKeysWithValues: Fault.allCases.map { ($0, rate) })
        try self.init(to: url, rates: rates, seed: seed, port: port)
    }

    /// The number of requests.
    package var requests: Int { state.draw.withLock { $0.requests } }
    /// The number of connections that clients opened.
    package var connections: Int { state.draw.withLock { $0.connections } }
    /// The bytes of the bodies that the server sent.
    package var delivered: Int { state.draw.withLock { $0.delivered } }
    /// The number of injected faults, by kind.
    package var injected: [Fault: Int] { state.draw.withLock { $0.injected } }

    package func stop() { server.stop() }

    /// Breaks the next download of a path that contains `part`, and then resets every request until ``comeBack()``.
    package func goAway(inDownloadOf part: String) { state.draw.withLock { $0.lastDownload = part } }
    package func comeBack() { state.draw.withLock { $0.isAway = false } }
    package var isAway: Bool { state.draw.withLock { $0.isAway } }

    /// A client connection with its connection to the server.
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
                state.roundTrips?.enter("\(request.method) \(request.target)")
                defer { state.roundTrips?.leave() }
                let fault = drawFault(for: request)
                travel(request.body.count, 1)
                if let reply = fault?.reply {
                    // As in S3, the response to a HEAD has no body and thus no reason.
                    guard client.send(request.method == "HEAD" ? [UInt8](reply.head.utf8) : reply.bytes) else { return }
                    continue
                }
                if fault == .resetBefore { return client.reset() }
                // A server may close an idle connection at any time: retry once on a new one.
                var reply = upstream.flatMap { exchange(request, $0) }
                if reply == nil {
                    upstream = try? LoopbackConnection(port: state.target)
                    reply = upstream.flatMap { exchange(request, $0) }
                }
                guard var reply else { return client.reset() }
                travel(reply.body.count, 0)
                state.draw.withLock { $0.delivered += reply.body.count }
                remember(request, reply)
                if reply["connection"]?.lowercased() == "close" { upstream = nil }
                guard deliver(&reply, to: request, fault) else { return }
            }
        }

        /// Waits as long as bytes need for their way, at least for so many round trips.
        private func travel(_ bytes: Int, _ least: Int) {
            guard state.latency > .zero else { return }
            let trips = max(least, state.window.map { bytes / $0 } ?? 0)
            Thread.sleep(forTimeInterval: state.latency * trips / .seconds(1))
        }

        private func exchange(_ request: HTTPMessage, _ upstream: LoopbackConnection) -> HTTPMessage? {
            guard upstream.send(request.bytes) else { return nil }
            return upstream.readMessage(isReplyTo: request.method)
        }

        /// - Returns: true if the connection stays open.
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

        /// Draws a fault for each request, so that the sequence does not depend on which faults apply to it.
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
                // With encoding-type=url, only some servers encode the slash.
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

    /// The response of a fault that does not forward the request.
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

/// A small seeded generator (Steele, Lea and Flood, 2014).
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
