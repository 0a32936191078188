internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// A temporary file without a name that is written from front to back. Only lengths are written later.
final class TSDBOutput {
    private static let piece = 256 << 10

    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private var written = 0
    private var checksum: CRC32C?

    /// - Throws: `Errno`
    init() throws {
        var name = Array("\(FileManager.default.temporaryDirectory.path)/dr-index-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw Errno.last }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(name)
    }

    deinit { close(descriptor) }

    var position: Int { written + buffer.count }

    func append(_ bytes: [UInt8]) throws {
        checksum?.update(bytes.span.bytes)
        buffer += bytes
        if buffer.count >= Self.piece { try flush() }
    }

    func align(_ width: Int) throws {
        let rest = position % width
        if rest > 0 { try append([UInt8](repeating: 0, count: width - rest)) }
    }

    /// Writes a section: its length, its content, and the CRC-32C of the content.
    func section(_ content: () throws -> Void) throws {
        let start = position
        try append([0, 0, 0, 0])
        checksum = CRC32C()
        try content()
        var tail: [UInt8] = []
        tail.appendBig(checksum?.value ?? 0)
        checksum = nil
        guard let length = UInt32(exactly: position - start - 4) else { throw IndexTooLarge() }
        try append(tail)
        try flush()
        var head: [UInt8] = []
        head.appendBig(length)
        try head.withUnsafeBytes { bytes in
            _ = try FileDescriptor(rawValue: descriptor).writeAll(toAbsoluteOffset: Int64(start), bytes)
        }
    }

    /// Appends the content of another file.
    func append(contentsOf other: TSDBOutput) throws {
        try other.forEachPiece { try append($0) }
    }

    /// Calls `body` with the content, piece by piece.
    func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
        try flush()
        var place = 0
        while place < written {
            let count = min(Self.piece, written - place)
            let bytes = try [UInt8](unsafeUninitializedCapacity: count) { space, filled in
                filled = try FileDescriptor(rawValue: descriptor).read(
                    fromAbsoluteOffset: Int64(place), into: UnsafeMutableRawBufferPointer(space))
            }
            guard !bytes.isEmpty else { throw Errno.ioError }
            place += bytes.count
            try body(bytes)
        }
    }

    private func flush() throws {
        guard !buffer.isEmpty else { return }
        try buffer.withUnsafeBytes { bytes in
            _ = try FileDescriptor(rawValue: descriptor).writeAll(toAbsoluteOffset: Int64(written), bytes)
        }
        written += buffer.count
        buffer.removeAll(keepingCapacity: true)
    }
}

/// A section of an index that its four bytes of length cannot express.
struct IndexTooLarge: Error, CustomStringConvertible {
    var description: String { "the index of one tenant and day is too large for its format" }
}
