internal import CCurl

/// One transfer's state, which libcurl passes to the callbacks below as an opaque pointer.
final class Transfer {
    /// The limits after which a transfer is aborted.
    struct Limits {
        /// The longest silence before the answer begins.
        var silence: Duration
        /// The longest silence during the answer.
        var silenceInAnswer: Duration
        /// The lowest allowed speed of a body in bytes a second; 0 for no limit.
        var leastRate: Int
        /// The longest time from the first byte of the answer to its last; nil for no limit.
        var answer: Duration?
        /// The longest time of the whole transfer; nil for no limit.
        var total: Duration?

        init(_ request: HTTPRequest, _ options: HTTPOptions) {
            silence = request.stallTimeout ?? options.stallTimeout
            // A busy server is silent before its answer, not in the middle of it.
            silenceInAnswer = request.mayTrickle ? silence : min(silence, options.stallTimeout)
            leastRate = request.mayTrickle ? 0 : options.leastRate
            answer = request.answerTimeout
            total = request.totalTimeout
        }
    }

    private let sink: (HTTPResponse, RawSpan) throws -> Void
    private let request: String
    private let body: HTTPBody?
    private let limits: Limits
    private var reader: HTTPBody.Reader?
    private var wasRewound = false
    private let began = ContinuousClock.now
    private var lastProgress = ContinuousClock.now
    private var moved = 0
    private var headerBytes = 0
    private var interimAnswers = 0
    /// The time of the final answer's first line, plus the time that the sink has used since.
    private var answered: ContinuousClock.Instant?
    private var rate: LeastRate
    private(set) var response = HTTPResponse(status: 0)
    /// The reason why the transfer was aborted.
    private(set) var stall: String?
    /// A Swift error cannot cross a C frame: it is kept here until `curl_easy_perform` returns.
    private(set) var failure: (any Error)?

    /// The limit of an answer's header fields in bytes, all earlier interim answers included.
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

    /// - Returns: false if the server sends more header fields than the limit.
    fileprivate func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastProgress = .now
        headerBytes += bytes.count
        guard headerBytes <= Self.mostHeaderBytes, interimAnswers <= Self.mostInterimAnswers else {
            failure = HTTPError(.aborted, operation: request, "the server does not stop sending header fields")
            return false
        }
        // Header values are bytes; invalid UTF-8 becomes U+FFFD instead of an error.
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineEnd
        guard line.hasPrefix("HTTP/") else {
            response.headers.append(line: line)
            return true
        }
        // A new status line begins a new response: the previous one was an interim response.
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

    /// Rewinds the body, because libcurl sends it again if a kept connection turns out to be dead.
    fileprivate func rewind() {
        reader = nil
        wasRewound = true
    }

    /// - Returns: false if the transfer should end: its task was cancelled, or the peer is too slow.
    fileprivate func proceeds(received: Int, sent: Int) -> Bool {
        if Task.isCancelled { return false }
        let now = ContinuousClock.now
        // Interim answers count as progress everywhere below: only this limit ends a server that never stops them.
        if let limit = limits.total, now - began > limit {
            stall = "the request was not complete after \(limit)"
            return false
        }
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
            rate.pause()  // the whole request is sent: the server may process it
            return true
        }
        if rate.isMissed(total: total, at: now) {
            stall = "fewer than \(rate.least) bytes moved in \(rate.window)"
        } else if let answered, let limit = limits.answer, now - answered > limit {
            stall = "the answer was not complete after \(limit)"
        }
        return stall == nil
    }

    /// Runs the caller's own code and excludes its time from the peer's.
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
        // A CR LF pair is one Character in Swift.
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

/// Reports the progress; libcurl calls this at least once a second, also while no data arrive.
func progress(context: UnsafeMutableRawPointer?, _: Int, received: Int, _: Int, sent: Int) -> CInt {
    guard let context else { return 0 }
    return Transfer.from(context).proceeds(received: received, sent: sent) ? 0 : 1
}
