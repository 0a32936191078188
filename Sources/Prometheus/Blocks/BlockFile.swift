internal import Cryptography
internal import Glibc
internal import Platform
internal import SystemPackage

/// One file of a block, open for reading. It is closed with the object.
final class BlockFile: Sendable {
    /// Relative to the block's directory, for messages.
    let name: String
    /// The number of bytes when the file was opened.
    let size: Int
    private let descriptor: CInt

    /// - Throws: ``BlockDefect`` when the file is missing, unreadable or not a regular file.
    init(_ name: String, in block: String) throws {
        let opened = open("\(block)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard opened >= 0 else { throw BlockDefect(file: name, detail: "cannot be opened: \(Errno.last)") }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(opened)
            throw BlockDefect(file: name, detail: "is not a regular file")
        }
        self.name = name
        size = Int(status.st_size)
        descriptor = opened
        _ = posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    /// Reads up to `space.count` bytes at `offset`.
    /// - Returns: the number of bytes read; 0 at the end of the file.
    func read(into space: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        try Task.checkCancellation()
        do {
            return try FileDescriptor(rawValue: descriptor).read(fromAbsoluteOffset: Int64(offset), into: space)
        } catch { throw defect("at \(offset): cannot be read: \(error)") }
    }

    /// Passes the file to `body` from front to back, in pieces of at most `size` bytes.
    func forEachPiece(of size: Int, _ body: (RawSpan) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = try read(into: buffer, at: offset)
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
            offset += count
        }
    }

    /// The complete content of a small file.
    /// - Throws: ``BlockDefect`` when it is longer than `limit` bytes.
    func content(limit: Int) throws -> [UInt8] {
        guard size <= limit else { throw defect("is \(size) bytes long; \(limit) at most are plausible") }
        var content: [UInt8] = []
        content.reserveCapacity(size)
        try forEachPiece(of: max(size, 1)) { piece in piece.withUnsafeBytes { content.append(contentsOf: $0) } }
        return content
    }

    func defect(_ detail: String) -> BlockDefect { BlockDefect(file: name, detail: detail) }
}
