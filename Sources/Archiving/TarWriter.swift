internal import CArchive
internal import Glibc
package import Platform

/// The data of one tar header.
package struct TarEntry: Sendable {
    package enum Kind: Equatable, Sendable {
        /// With the number of content bytes that follow.
        case file(size: Int)
        case directory
        case symbolicLink(target: [UInt8])
    }

    /// Relative, `/`-separated, any bytes but NUL.
    package var path: [UInt8]
    package var kind: Kind
    /// Permission bits only, `0...0o7777`.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    /// Seconds since 1970. Plain tar has no finer time, and a finer one costs a kilobyte an entry.
    package var modified: Int

    package init(path: [UInt8], kind: Kind, mode: UInt32, uid: UInt32 = 0, gid: UInt32 = 0, modified: Int) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.modified = modified
    }
}

/// A streaming tar (POSIX.1-2001 pax, extended headers only where an entry needs one) over libarchive.
///
/// A writer that is dropped before ``finish()`` has written no end-of-archive mark.
package struct TarWriter: ~Copyable {
    private let archive: OpaquePointer
    /// The header of the current entry; reused, because it is costly to create.
    private let header: OpaquePointer
    private let output: Output
    private var entryPath: [UInt8] = []
    private var remaining = 0

    /// Bytes of tar handed to the sink so far: the offset of the next byte.
    package var position: Int { output.position }

    /// - Parameter sink: receives the archive in order, as libarchive writes it; a span is valid only in its call.
    /// - Throws: ``TarError`` if this libarchive does not support the format.
    package init(sink: @escaping (RawSpan) throws -> Void) throws {
        TarLocale.use
        guard let archive = archive_write_new(), let header = archive_entry_new() else {
            fatalError("archive_write_new: out of memory")  // checked: it takes no data
        }
        self.archive = archive
        self.header = header
        self.output = Output(sink)
        try check(archive_write_set_format_pax_restricted(archive), "set format")
        // No blocking factor: each write reaches the sink at once, so `position` is exact between entries.
        try check(archive_write_set_bytes_per_block(archive, 0), "set block size")
        try check(archive_write_set_bytes_in_last_block(archive, 1), "set last block size")
        try check(
            archive_write_open2(archive, Unmanaged.passUnretained(output).toOpaque(), nil, pass, nil, nil), "open")
    }

    deinit {
        // Free closes first, which flushes a valid-looking end of archive: drop the sink so that it is not written.
        output.sink = nil
        archive_write_free(archive)
        archive_entry_free(header)
    }

    /// Writes the header of `entry`. For a file, ``write(_:)`` must then supply exactly its size in bytes.
    /// ``endEntry()`` must follow in any case.
    package mutating func begin(_ entry: TarEntry) throws {
        precondition(remaining == 0, "the previous entry is not complete")
        archive_entry_clear(header)
        entryPath = entry.path
        withCString(entry.path) { archive_entry_copy_pathname(header, $0) }
        archive_entry_set_perm(header, entry.mode & 0o7777)
        archive_entry_set_uid(header, Int64(entry.uid))
        archive_entry_set_gid(header, Int64(entry.gid))
        archive_entry_set_mtime(header, entry.modified, 0)
        switch entry.kind {
        case .file(let size):
            archive_entry_set_filetype(header, UInt32(dr_archive_file))
            archive_entry_set_size(header, Int64(size))
            remaining = size
        case .directory:
            archive_entry_set_filetype(header, UInt32(dr_archive_directory))
        case .symbolicLink(let target):
            archive_entry_set_filetype(header, UInt32(dr_archive_link))
            withCString(target) { archive_entry_copy_symlink(header, $0) }
        }
        try check(archive_write_header(archive, header), "write header")
    }

    /// Appends content of the current file. More than the declared size is a bug in the caller.
    package mutating func write(_ bytes: RawSpan) throws {
        precondition(bytes.byteCount <= remaining, "content is longer than the entry's declared size")
        var rest = bytes
        while rest.byteCount > 0 {
            let count = rest.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
            guard count > 0 else {
                try check(CInt(clamping: min(count, -1)), "write data")
                return
            }
            remaining -= count
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// Pads the entry to a whole number of 512-byte records. Missing content would become zeros: a bug in the caller.
    package mutating func endEntry() throws {
        precondition(remaining == 0, "content is shorter than the entry's declared size")
        try check(archive_write_finish_entry(archive), "finish entry")
    }

    /// Writes the end-of-archive mark. The writer is consumed, also if this throws.
    package consuming func finish() throws {
        try check(archive_write_close(archive), "close")
    }

    private borrowing func check(_ status: CInt, _ operation: String) throws {
        // A warning means that a name is not UTF-8 and was written as raw bytes, as intended.
        guard status < ARCHIVE_WARN else { return }
        if let failure = output.failure { throw failure }
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "status \(status)"
        throw TarError(operation: operation, path: String(decoding: entryPath, as: UTF8.self), reason: reason)
    }
}

/// Tar could not be written: a bug, or out of memory.
package struct TarError: OperationError, Equatable {
    package var operation: String
    package var path: String
    package var reason: String

    package var reasonCode: String { "archive_error" }
    package var place: ErrorPlace {
        ErrorPlace(operation: operation, object: path, text: "tar: \(operation) '\(path)'")
    }
    package var detail: String { reason }
}

private func withCString(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>?) -> Void) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { text in
        let end = text.initialize(fromContentsOf: bytes.lazy.map { CChar(bitPattern: $0) })
        text.initializeElement(at: end, to: 0)
        body(text.baseAddress)
    }
}

private final class Output {
    var sink: ((RawSpan) throws -> Void)?
    var position = 0
    /// A Swift error cannot cross a C frame: it is kept here until libarchive returns.
    var failure: (any Error)?

    init(_ sink: @escaping (RawSpan) throws -> Void) { self.sink = sink }
}

private func pass(
    archive: OpaquePointer?, context: UnsafeMutableRawPointer?, bytes: UnsafeRawPointer?, count: Int
) -> Int {
    guard let context else { return -1 }
    let output = Unmanaged<Output>.fromOpaque(context).takeUnretainedValue()
    do {
        try output.sink?(UnsafeRawBufferPointer(start: bytes, count: count).bytes)
        output.position += count
        return count
    } catch {
        output.failure = error
        dr_archive_set_error(archive, "the sink failed")
        return -1
    }
}
