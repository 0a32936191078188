internal import CCurl

/// One transfer's state, which libcurl carries to the callbacks below as an opaque pointer.
final class Transfer {
    private let sink: (HTTPResponse, RawSpan) throws -> Void
    private let body: HTTPBody?
    private let stallTimeout: Duration
    private var reader: HTTPBody.Reader?
    private var lastProgress = ContinuousClock.now
    private var moved = 0
    private(set) var response = HTTPResponse(status: 0)
    private(set) var isStalled = false
    /// A Swift error cannot cross a C frame: it waits here until `curl_easy_perform` returns.
    private(set) var failure: (any Error)?

    init(body: HTTPBody?, stallTimeout: Duration, sink: @escaping (HTTPResponse, RawSpan) throws -> Void) {
        self.sink = sink
        self.body = body
        self.stallTimeout = stallTimeout
    }

    static func from(_ context: UnsafeMutableRawPointer) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        attempt {
            try sink(response, bytes.bytes)
            lastProgress = .now  // the sink's own time is no stall
        }
    }

    fileprivate func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        lastProgress = .now
        // Header values are bytes; what is not UTF-8 is shown as U+FFFD rather than refused.
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineEnd
        guard line.hasPrefix("HTTP/") else { return response.headers.append(line: line) }
        // A new status line begins a new response: the one before was an interim one.
        response = HTTPResponse(status: line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
    }

    fileprivate func send(into space: UnsafeMutableRawBufferPointer) -> Int? {
        var count = 0
        let isDone = attempt {
            guard let body else { return }
            let reader = try reader ?? body.open()
            self.reader = reader
            count = try reader(space)
            lastProgress = .now
        }
        return isDone ? count : nil
    }

    /// libcurl sends a body again when a kept connection turned out to be dead.
    fileprivate func rewind() { reader = nil }

    /// - Returns: false when the transfer should end: its task was cancelled, or nothing has moved for too long.
    fileprivate func proceeds(moved total: Int) -> Bool {
        if Task.isCancelled { return false }
        let now = ContinuousClock.now
        if total != moved {
            moved = total
            lastProgress = now
        } else if now - lastProgress > stallTimeout {
            isStalled = true
            return false
        }
        return true
    }

    private func attempt(_ body: () throws -> Void) -> Bool {
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
    Transfer.from(context).receiveHeader(line)
    return line.count
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
    return Transfer.from(context).proceeds(moved: received + sent) ? 0 : 1
}
