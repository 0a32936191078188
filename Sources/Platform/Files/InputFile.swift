internal import Glibc
internal import Synchronization

/// A file that is open to be read, piece by piece. A FIFO or a terminal is waited for until its bytes come, or until the
/// task is cancelled.
package final class InputFile: Sendable {
    private let path: String
    private let descriptor: CInt
    private let isRegular: Bool
    private static let interrupted = Atomic(false)

    /// True once a cancelled task gave up its wait for bytes, in this process. What it read them for then fails in its own
    /// words, and the command was only interrupted.
    package static var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }

    /// Opens a file; links are followed.
    package convenience init(_ path: String) throws(FileError) {
        // Without O_NONBLOCK, the call waits for the writer of a FIFO, and no signal ends it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path, code: errno) }
        self.init(path, descriptor: descriptor)
    }

    private init(_ path: String, descriptor: CInt) {
        self.path = path
        self.descriptor = descriptor
        var status = stat()
        isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Returns standard input, also of a process whose entry in /proc belongs to another user. It stays open.
    package static func standardInput() throws(FileError) -> InputFile {
        let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw FileError("standard input", code: errno) }
        return InputFile("standard input", descriptor: copy)
    }

    deinit { close(descriptor) }

    /// Reads the next bytes, fewer only at the end of the file.
    /// - Returns: an empty array at the end.
    /// - Throws: also, with `ECANCELED`, if the task is cancelled while it waits.
    package func read(upTo count: Int) throws(FileError) -> [UInt8] {
        var failure: CInt?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                failure = waitForBytes()
                guard failure == nil else { break }
                let read = Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
                if read < 0, errno == EINTR || errno == EAGAIN { continue }
                if read < 0 { failure = errno }
                guard read > 0 else { break }
                filled += read
            }
        }
        if let failure { throw FileError(path, code: failure) }
        return bytes
    }

    /// A FIFO that nobody has opened to write yet is ready once somebody has: before, reading would find its end.
    /// - Returns: the error that ends the wait; nil if there are bytes, or the end.
    private func waitForBytes() -> CInt? {
        guard !isRegular else { return nil }
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            if Task.isCancelled {
                Self.interrupted.store(true, ordering: .relaxed)
                return ECANCELED
            }
            let ready = poll(&state, 1, 50)
            if ready < 0, errno != EINTR { return errno }
            if ready > 0 { return nil }
        }
    }

    /// Reads the first bytes of a file.
    package static func head(of path: String, upTo count: Int) throws(FileError) -> [UInt8] {
        try InputFile(path).read(upTo: count)
    }
}
