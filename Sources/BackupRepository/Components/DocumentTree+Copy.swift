internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// The result of copying one file into a ``DocumentTree``.
package enum DocumentCopy: Equatable, Sendable {
    /// The tree already has it, unchanged.
    case unchanged
    case copied
    /// The file no longer exists.
    case vanished
    /// The checks found the copy damaged, so it is not in the tree.
    /// - Parameter modified: the time of the file's last modification, in nanoseconds since 1970.
    case rejected([Damage], modified: Int)
    /// The file cannot be read; with the system's error text.
    case unreadable(String)
}

extension DocumentTree {
    /// Makes `path` a copy of the file at `source`, with its time, mode and, as far as this user may set it, its owner.
    /// An earlier copy of an unchanged file is not rewritten. Memory does not depend on the file's size.
    ///
    /// The time is read before the first byte: a file that grows meanwhile is copied again the next time.
    /// - Parameters:
    ///   - limit: bytes from the start to copy; nil for all.
    ///   - inspector: checks the copied bytes; if it finds damage, the copy is discarded.
    /// - Throws: ``ComponentError`` if the tree cannot be written, `CancellationError`.
    package func copy(
        from source: String, to path: String, limit: Int? = nil, inspector: (any ContentInspector)? = nil
    ) throws -> DocumentCopy {
        let input = open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard input >= 0 else {
            return errno == ENOENT || errno == ELOOP || errno == ENOTDIR ? .vanished : .unreadable(errnoText())
        }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .vanished }
        let file = claim(path)
        if Self.isCopy(file, of: input, status) { return .unchanged }
        makeWay(for: path)
        makeFolder(of: file)

        let partial = "\(file).partial"
        let output = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Self.refusal(partial, errno) }
        var isDone = false
        defer {
            close(output)
            if !isDone { unlink(partial) }
        }
        let (source, target) = (FileDescriptor(rawValue: input), FileDescriptor(rawValue: output))
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var missing = limit ?? .max
        while missing > 0 {
            try Task.checkCancellation()
            let count: Int
            do {
                count = try buffer.withUnsafeMutableBytes { [missing] space in
                    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: space.prefix(missing)))
                }
            } catch { return .unreadable("\(error)") }
            if count == 0 { break }
            missing -= count
            inspector?.write(buffer.span.bytes.extracting(first: count))
            do { try target.writeAll(buffer[..<count]) } catch let error as Errno {
                throw Self.refusal(partial, error.rawValue)
            }
        }
        if let damage = inspector?.finish(), !damage.isEmpty {
            forget(path)
            return .rejected(damage, modified: FileTime(status.st_mtim).nearestNanoseconds)
        }
        fchown(output, status.st_uid, status.st_gid)  // only root may; otherwise the copy is this user's
        let times = [status.st_mtim, status.st_mtim]
        guard fchmod(output, status.st_mode & 0o777 | 0o400) == 0, futimens(output, times) == 0,
            rename(partial, file) == 0
        else { throw Self.refusal(file, errno) }
        isDone = true
        noteChange()
        return .copied
    }

    private static func isCopy(_ file: String, of input: CInt, _ status: stat) -> Bool {
        let copy = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard copy >= 0 else { return false }
        defer { close(copy) }
        var present = stat()
        guard fstat(copy, &present) == 0, present.st_size == status.st_size,
            present.st_mtim.tv_sec == status.st_mtim.tv_sec, present.st_mtim.tv_nsec == status.st_mtim.tv_nsec
        else { return false }
        // A file that is written twice within one tick of the file system's clock keeps its time. So a copy made in the
        // second of the file's last change is compared.
        return present.st_ctim.tv_sec - 1 > status.st_mtim.tv_sec || holdSame(input, copy)
    }

    private static func holdSame(_ first: CInt, _ second: CInt) -> Bool {
        var buffers = ([UInt8](repeating: 0, count: 64 << 10), [UInt8](repeating: 0, count: 64 << 10))
        var position = 0
        while true {
            let count = pread(first, &buffers.0, buffers.0.count, off_t(position))
            guard count >= 0, pread(second, &buffers.1, buffers.1.count, off_t(position)) == count else { return false }
            if count == 0 { return true }
            guard buffers.0[..<count] == buffers.1[..<count] else { return false }
            position += count
        }
    }
}
