internal import CArchive
internal import Glibc
internal import Platform

/// One member of a tar archive from outside. Nothing about it is checked but its time.
package struct TarMember: Sendable {
    package enum Kind: Equatable, Sendable {
        case file
        case directory
        case symbolicLink(target: [UInt8])
        /// Another name of an earlier file of the archive.
        case hardLink(target: [UInt8])
        /// A device, a pipe or a socket.
        case special
    }

    package var path: [UInt8]
    package var kind: Kind
    package var mode: UInt32
    package var uid: Int
    package var gid: Int
    /// Seconds since 1970, limited to the years that ``DocumentRange/seconds`` has, and as many before 1970: a header can
    /// hold any 64-bit number.
    package var modified: Int
}

/// Reads a tar archive, compressed with gzip or not, as a stream in bounded memory. A truncated archive fails.
package struct TarReader: ~Copyable {
    private let archive: OpaquePointer
    private let input: TarInput
    /// Bytes of content of all files so far.
    private var unpacked = 0

    /// - Parameter next: returns the next piece of the archive; nil at its end.
    package init(limits: ArchiveLimits, _ next: @escaping () throws -> [UInt8]?) throws {
        TarLocale.use
        guard let archive = archive_read_new() else {
            fatalError("archive_read_new: out of memory")  // checked: it takes no data
        }
        self.archive = archive
        input = TarInput(limits: limits, next)
        try check(archive_read_support_format_tar(archive))
        try check(archive_read_open(archive, Unmanaged.passUnretained(input).toOpaque(), nil, readTar, nil))
    }

    deinit { archive_read_free(archive) }

    /// Returns the next member; nil at the end of the archive, which is then read and checked to its last byte.
    /// - Throws: ``ArchiveRefusal``; errors of the caller's closure.
    package mutating func next() throws -> TarMember? {
        var entry: OpaquePointer?
        let status = archive_read_next_header(archive, &entry)
        guard status != ARCHIVE_EOF else {
            try finish()
            return nil
        }
        try check(status)
        guard let entry else { return nil }
        guard let name = archive_entry_pathname(entry) else {
            throw ArchiveRefusal(.malformed, path: "", "it has an entry without a name")
        }
        return TarMember(
            path: Self.bytes(name), kind: Self.kind(of: entry), mode: UInt32(archive_entry_perm(entry)),
            uid: Int(archive_entry_uid(entry)), gid: Int(archive_entry_gid(entry)),
            modified: Self.possible(Int(archive_entry_mtime(entry))))
    }

    private static func possible(_ seconds: Int) -> Int {
        min(max(seconds, -DocumentRange.seconds.upperBound), DocumentRange.seconds.upperBound)
    }

    /// Reads the content of the current file, in order. Holes of a sparse file are zeros, and count as its bytes: a few
    /// bytes of tar can describe any number of them.
    /// - Throws: ``ArchiveRefusal``, `.tooLarge` before `sink` has too much; errors of `sink`.
    package mutating func content(_ sink: (RawSpan) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            try Task.checkCancellation()
            let count = buffer.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
            if count == 0 { return }
            guard count > 0 else { return try check(CInt(clamping: count)) }
            unpacked = unpacked.addingClamped(count)
            try input.check(unpacked)
            try sink(buffer.span.bytes.extracting(first: count))
        }
    }

    /// Reads the rest of the stream, and checks that the archive has its end mark: a file that was cut between two
    /// members looks complete otherwise.
    private func finish() throws {
        let end = Int(archive_read_header_position(archive))
        while try !input.read().isEmpty {}
        guard input.plain - end >= 512 else {
            throw ArchiveRefusal(.truncated, path: "", "it ends without the end mark of a tar archive")
        }
    }

    private static func kind(of entry: OpaquePointer) -> TarMember.Kind {
        if let target = archive_entry_hardlink(entry) { return .hardLink(target: bytes(target)) }
        switch Int32(archive_entry_filetype(entry)) {
        case Int32(dr_archive_file): return .file
        case Int32(dr_archive_directory): return .directory
        case Int32(dr_archive_link):
            return .symbolicLink(target: archive_entry_symlink(entry).map(bytes) ?? [])
        default: return .special
        }
    }

    private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        UnsafeRawBufferPointer(start: text, count: strlen(text)).map { $0 }
    }

    private borrowing func check(_ status: CInt) throws {
        // A warning means that a name is not UTF-8, and it is then taken as its bytes.
        guard status < ARCHIVE_WARN else { return }
        if let failure = input.failure { throw failure }
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "status \(status)"
        let isCut = ["runcated", "nexpected end", "premature"].contains { reason.contains($0) }
        throw ArchiveRefusal(isCut ? .truncated : .malformed, path: "", reason.lowercasingFirst)
    }
}

extension String {
    fileprivate var lowercasingFirst: String { prefix(1).lowercased() + dropFirst() }
}

private func readTar(
    archive: OpaquePointer?, context: UnsafeMutableRawPointer?,
    buffer: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> Int {
    guard let context, let buffer else { return -1 }
    let input = Unmanaged<TarInput>.fromOpaque(context).takeUnretainedValue()
    do {
        let bytes = try input.read()
        buffer.pointee = bytes.baseAddress
        return bytes.count
    } catch {
        input.failure = error
        dr_archive_set_error(archive, "the archive could not be read")
        return -1
    }
}
