internal import CLinux
internal import Glibc
internal import SystemPackage

/// Standard output and standard error of a child, as this process reads them.
struct OutputStreams {
    private(set) var output: OutputPipe
    private(set) var errors: OutputPipe

    init(_ output: OutputPipe, _ errors: OutputPipe) {
        self.output = output
        self.errors = errors
    }

    /// True if more data may arrive.
    var areOpen: Bool { output.near >= 0 || errors.near >= 0 }

    /// Closes the child's ends, after the child has inherited them.
    mutating func closeFar() {
        output.closeFar()
        errors.closeFar()
    }

    mutating func close() {
        closeFar()
        output.closeNear()
        errors.closeNear()
    }

    /// Reads the available data, at most one piece of each stream.
    /// - Parameter wait: milliseconds to wait for data.
    /// - Returns: true if data arrived.
    mutating func take(
        wait: CInt, output onOutput: (UnsafeRawBufferPointer) throws -> Void,
        errors onErrors: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        // poll ignores a negative descriptor.
        var waiting = [output, errors].map { pollfd(fd: $0.near, events: Int16(POLLIN), revents: 0) }
        poll(&waiting, nfds_t(waiting.count), wait)
        return try withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
            var hasCome = false
            if waiting[0].revents != 0, let piece = output.read(into: buffer) {
                hasCome = true
                try onOutput(piece)
            }
            if waiting[1].revents != 0, let piece = errors.read(into: buffer) {
                hasCome = true
                try onErrors(piece)
            }
            return hasCome
        }
    }
}

/// A pipe that a child writes to. It is not a pair of sockets, because a script that opens `/dev/stderr` needs a pipe.
struct OutputPipe {
    private(set) var near: CInt = -1
    private(set) var far: CInt = -1

    /// - Parameter program: the name for the error's message.
    init(_ program: String) throws(ProgramError) {
        var ends: [CInt] = [-1, -1]
        guard dr_pipe(&ends) == 0 else {
            throw ProgramError(.notStarted, of: program, "pipe: \(Errno.last)")
        }
        (near, far) = (ends[0], ends[1])
        _ = fcntl(near, F_SETFL, O_NONBLOCK)
    }

    /// - Returns: nil if there are no data; at the end of the stream this also closes the pipe.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer? {
        let count = Glibc.read(near, buffer.baseAddress, buffer.count)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN && errno != EINTR { closeNear() }
            return nil
        }
        return UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    mutating func closeFar() {
        if far >= 0 { Glibc.close(far) }
        far = -1
    }

    mutating func closeNear() {
        if near >= 0 { Glibc.close(near) }
        near = -1
    }
}

/// The end of a stream of text.
struct Tail {
    /// The limit in bytes.
    let limit: Int
    private var bytes: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        bytes += piece
        // Not with every piece, because each move costs as much as the kept data.
        if bytes.count > 2 * limit { bytes.removeFirst(bytes.count - limit) }
    }

    /// The text from the first whole character on.
    var text: String {
        let end = bytes.suffix(limit)
        return String(decoding: end.count < bytes.count ? end.drop { $0 & 0xc0 == 0x80 } : end, as: UTF8.self)
    }
}
