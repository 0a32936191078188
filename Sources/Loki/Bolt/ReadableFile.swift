internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// A file that is read in any order.
final class ReadableFile {
    private let descriptor: CInt
    let size: Int

    /// Nil if `path` is not a regular file that can be read.
    convenience init?(_ path: String) {
        self.init(taking: open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
    }

    /// - Parameter descriptor: closed with this object, and also if the initialiser returns nil.
    init?(taking descriptor: CInt) {
        var status = stat()
        guard descriptor >= 0 else { return nil }
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// - Returns: exactly so many bytes; nil if the file is shorter, or cannot be read.
    func read(at offset: Int, _ count: Int) -> [UInt8]? {
        let (end, isTooFar) = offset.addingReportingOverflow(count)
        guard offset >= 0, count >= 0, !isTooFar, end <= size else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let space = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[filled..<count]))
                let file = FileDescriptor(rawValue: descriptor)
                guard let got = try? file.read(fromAbsoluteOffset: Int64(offset + filled), into: space), got > 0
                else { return }
                filled += got
            }
        }
        return bytes.count == count ? bytes : nil
    }
}

/// Stores streamed bytes in a temporary file without a name, so that they can be read in any order afterwards.
final class Spool {
    /// A hostile archive must not fill the disk.
    private static let limit = 4 << 30

    private var descriptor: CInt = -1
    private var size = 0
    /// The reason why the content is incomplete.
    private(set) var failure: String?

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ bytes: RawSpan) {
        guard failure == nil else { return }
        guard size + bytes.byteCount <= Self.limit else {
            failure = "it is longer than \(Self.limit) bytes, and was not checked"
            return
        }
        if descriptor < 0, !open() { return fail() }
        bytes.withUnsafeBytes { bytes in
            do { try FileDescriptor(rawValue: descriptor).writeAll(bytes) } catch { return fail() }
            size += bytes.count
        }
    }

    /// Hands over the content for reading; nil if there is none.
    func finish() -> ReadableFile? {
        defer { descriptor = -1 }
        return ReadableFile(taking: descriptor)
    }

    private func open() -> Bool {
        let folder = FileManager.default.temporaryDirectory.path
        var name = Array("\(folder)/dr-check-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { return false }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(name)
        return true
    }

    private func fail() {
        let reason = Errno.last.description
        failure =
            "it was not checked: dr cannot write a temporary file (\(reason)); set TMPDIR to a folder with free space"
    }
}
