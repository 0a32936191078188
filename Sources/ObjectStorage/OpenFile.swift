internal import Glibc
internal import Platform
internal import SystemPackage

/// An open file or directory: owned, closed once.
struct OpenFile: ~Copyable {
    let number: CInt

    init(path: String, _ flags: CInt, mode: mode_t = 0) throws(Errno) {
        number = open(path, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw Errno.last }
    }

    deinit { close(number) }

    func status() throws(Errno) -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw Errno.last }
        return status
    }

    /// - Returns: the number of bytes read, 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Errno) -> Int {
        while true {
            let count = pread(number, buffer.baseAddress, buffer.count, offset)
            if count >= 0 { return count }
            if errno != EINTR { throw Errno.last }
        }
    }

    func write(_ bytes: RawSpan) throws(Errno) {
        try bytes.withUnsafeBytes { (buffer) throws(Errno) in
            var rest = buffer[...]
            while !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest)
                let count = Glibc.write(number, piece.baseAddress, piece.count)
                if count < 0, errno != EINTR { throw Errno.last }
                rest = rest.dropFirst(max(0, count))
            }
        }
    }

    /// Makes content and directory entries durable.
    func sync() throws(Errno) {
        guard fsync(number) == 0 else { throw Errno.last }
    }

    /// Asks the kernel to start writing the content of `range` to the disk, and does not wait. Errors do not matter,
    /// because this is a hint: the kernel starts writeback before it looks for clean pages to drop, and here there are
    /// none yet.
    func startWriteback(_ range: Range<Int>) {
        _ = posix_fadvise(number, range.lowerBound, range.count, POSIX_FADV_DONTNEED)
    }
}
