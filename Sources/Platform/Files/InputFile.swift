internal import Glibc

/// A file that is open to be read, piece by piece.
package final class InputFile: Sendable {
    private let path: String
    private let descriptor: CInt

    /// Opens a file; links are followed.
    package init(_ path: String) throws(FileError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path, code: errno) }
    }

    private init(_ path: String, descriptor: CInt) {
        self.path = path
        self.descriptor = descriptor
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
    package func read(upTo count: Int) throws(FileError) -> [UInt8] {
        var failure: CInt?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let read = Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = errno }
                guard read > 0 else { break }
                filled += read
            }
        }
        if let failure { throw FileError(path, code: failure) }
        return bytes
    }

    /// Reads the first bytes of a file.
    package static func head(of path: String, upTo count: Int) throws(FileError) -> [UInt8] {
        try InputFile(path).read(upTo: count)
    }
}
