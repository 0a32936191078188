internal import CCurl

/// One transfer's state, which libcurl carries to the callbacks below as an opaque pointer.
final class Transfer {
    /// When a transfer is given up.
    struct Limits {
        /// Longest silence before the answer begins.
        var silence: Duration
        /// Longest silence once it has begun.
        var silenceInAnswer: Duration
        /// Bytes a second that a body moves at least; 0 for any.
        var leastRate: Int
        /// From the first byte of the answer to its last; nil for any time.
        var answer: Duration?

        init(_ request: HTTPRequest, _ options: HTTPOptions) {
            silence = request.stallTimeout ?? options.stallTimeout
            // A server that is busy says so by sending nothing, before its answer; not in the middle of it.
            silenceInAnswer = request.mayTrickle ? silence : min(silence, options.stallTimeout)
            leastRate = request.mayTrickle ? 0 : options.leastRate
            answer = request.answerTimeout
        }
    }

    private let sink: (HTTPResponse, RawSpan) throws -> Void
    private let request: String
    private let body: HTTPBody?
    private let limits: Limits
    private var reader: HTTPBody.Reader?
    private var wasRewound = false
    private var lastProgress = ContinuousClock.now
    private var moved = 0
    private var headerBytes = 0
    private var interimAnswers = 0
    /// When the final answer's first line came, later by the time that the sink has taken since.
    private var answered: ContinuousClock.Instant?
    private var rate: LeastRate
    private(set) var response = HTTPResponse(status: 0)
    /// Why the transfer was given up.
    private(set) var stall: String?
    /// A Swift error cannot cross a C frame: it waits here until `curl_easy_perform` returns.
    private(set) var failure: (any Error)?

    /// Bytes of an answer's header fields, at most; also of all interim answers before it.
    private static let mostHeaderBytes = 256 << 10
    private static let mostInterimAnswers = 100

    init(_ request: HTTPRequest, _ options: HTTPOptions, sink: @escaping (HTTPResponse, RawSpan) throws -> Void) {
        self.sink = sink
        self.request = request.summary
        body = request.body
        limits = Limits(request, options)
        rate = LeastRate(rate: limits.leastRate, window: options.stallTimeout)
    }

    static func from(_ context: UnsafeMutableRawPointer) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        excludingTime { try sink(response, bytes.bytes) }
    }

    /// - Returns: false when the server sends more of it than any honest one does.
    fileprivate func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastProgress = .now
        headerBytes += bytes.count
        guard headerBytes <= Self.mostHeaderBytes, interimAnswers <= Self.mostInterimAnswers else {
            failure = HTTPError(.aborted, operation: request, "the server does not stop sending header fields")
            return false
        }
        // Header values are bytes; what is not UTF-8 is shown as U+FFFD rather than refused.
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineEnd
        guard line.hasPrefix("HTTP/") else {
            response.headers.append(line: line)
            return true
        }
        // A new status line begins a new response: the one before was an interim one.
        response = HTTPResponse(status: line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
        response.wasRepeated = wasRewound
        if (100..<200).contains(response.status) { interimAnswers += 1 } else { answered = answered ?? .now }
        return true
    }

    fileprivate func send(into space: UnsafeMutableRawBufferPointer) -> Int? {
        var count = 0
        let isDone = excludingTime {
            guard let body else { return }
            let reader = try reader ?? body.open()
            self.reader = reader
            count = try reader(space)
        }
        return isDone ? count : nil
    }

    /// libcurl sends a body again when a kept connection turned out to be dead.
    fileprivate func rewind() {
        reader = nil
        wasRewound = true
    }

    /// - Returns: false when the transfer should end: its task was cancelled, or the peer is too slow.
    fileprivate func proceeds(received: Int, sent: Int) -> Bool {
        if Task.isCancelled { return false }
        let now = ContinuousClock.now
        let total = received + sent + headerBytes
        let silence = answered == nil ? limits.silence : limits.silenceInAnswer
        if total != moved {
            moved = total
            lastProgress = now
        } else if now - lastProgress > silence {
            stall = "nothing moved for \(silence)"
            return false
        }
        guard answered != nil || (sent > 0 && sent < (body?.length ?? 0)) else {
            rate.pause()  // the whole request is out: the server may think
            return true
        }
        if rate.isMissed(total: total, at: now) {
            stall = "fewer than \(rate.least) bytes moved in \(rate.window)"
        } else if let answered, let limit = limits.answer, now - answered > limit {
            stall = "the answer was not complete after \(limit)"
        }
        return stall == nil
    }

    /// The time that the caller's own code takes is not the peer's.
    private func excludingTime(_ body: () throws -> Void) -> Bool {
        let began = ContinuousClock.now
        defer {
            let now = ContinuousClock.now
            lastProgress = now
            rate.exclude(now - began)
            answered = answered?.advanced(by: now - began)
        }
        do {
            try body()
            return true
        } catch {
            failure = error
            return false
        }
    }
}

extension String {
    fileprivate var trimmingLineEnd: Substring {
        var line = self[...]
        // A CR LF pair is one character.
        while let last = line.last, last == "\r\n" || last == "\n" || last == "\r" { line.removeLast() }
        return line
    }
}

func receiveBody(
    bytes: UnsafeMutablePointer<CChar>, size: Int, count: Int, context: UnsafeMutableRawPointer
) -> Int {
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return Transfer.from(context).receive(piece) ? piece.count : Int(CURL_WRITEFUNC_ERROR)
}

func receiveHeader(
    bytes: UnsafeMutablePointer<CChar>, size: Int, count: Int, context: UnsafeMutableRawPointer
) -> Int {
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return Transfer.from(context).receiveHeader(line) ? line.count : Int(CURL_WRITEFUNC_ERROR)
}

func sendBody(
    bytes: UnsafeMutablePointer<CChar>, size: Int, count: Int, context: UnsafeMutableRawPointer
) -> Int {
    let space = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    return Transfer.from(context).send(into: space) ?? Int(CURL_READFUNC_ABORT)
}

func rewindBody(context: UnsafeMutableRawPointer?, offset: Int, origin: CInt) -> CInt {
    guard let context, offset == 0, origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
    Transfer.from(context).rewind()
    return CURL_SEEKFUNC_OK
}

/// libcurl asks at least once a second, also while nothing arrives.
func progress(context: UnsafeMutableRawPointer?, _: Int, received: Int, _: Int, sent: Int) -> CInt {
    guard let context else { return 0 }
    return Transfer.from(context).proceeds(received: received, sent: sent) ? 0 : 1
}
