internal import Glibc
internal import Platform

/// Unpacks an archive from outside into an empty folder, and nowhere else.
///
/// Every directory on the way is opened without following links, so no entry can lead out of the folder. Files get their
/// mode and time; their owner too, if this process may set it.
package struct TarExtraction: ~Copyable {
    package struct Result: Equatable, Sendable {
        package var files = 0
        package var bytes = 0
        /// The time of the newest file, in seconds since 1970; nil without files.
        package var newest: Int?
    }

    private let root: CInt
    private let limits: ArchiveLimits
    private var result = Result()
    private var entries = 0

    /// - Parameter folder: absolute path of an empty folder of this user.
    /// - Throws: `FileError`.
    package init(into folder: String, limits: ArchiveLimits) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(folder, code: errno) }
        root = descriptor
        self.limits = limits
    }

    deinit { close(root) }

    /// Unpacks to the end of the archive, which is checked.
    /// - Parameter next: returns the next piece of the archive; nil at its end.
    /// - Throws: ``ArchiveRefusal``, `FileError`, errors of `next`. The folder then holds a part of the archive.
    package consuming func unpack(_ next: @escaping () throws -> [UInt8]?) throws -> Result {
        var reader = try TarReader(limits: limits, next)
        while let member = try reader.next() {
            try Task.checkCancellation()
            entries += 1
            guard entries <= limits.entries else {
                throw ArchiveRefusal(.tooLarge, path: "", "it has more than \(limits.entries) entries")
            }
            let parts = try Self.parts(member.path, of: member.path)
            if member.kind == .special {
                throw ArchiveRefusal(
                    .special, path: Self.text(member.path), "it is a device, a pipe or a socket")
            }
            guard !parts.isEmpty else { continue }  // "./", the folder itself
            try place(member, parts, from: &reader)
        }
        return result
    }

    private mutating func place(_ member: TarMember, _ parts: [[UInt8]], from reader: inout TarReader) throws {
        let name = parts[parts.count - 1]
        let folder = try directory(parts.dropLast()[...], of: member)
        defer { close(folder) }
        switch member.kind {
        case .directory:
            guard Self.with(name, { mkdirat(folder, $0, 0o700) }) == 0 || errno == EEXIST else {
                throw failure(member)
            }
            let made = Self.with(name) { openat(folder, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
            guard made >= 0 else { throw failure(member) }
            defer { close(made) }
            own(made, member)
            // This process must be able to write into it and to remove it.
            guard fchmod(made, member.mode & 0o777 | 0o700) == 0 else { throw failure(member) }
        case .file: try write(member, name, in: folder, from: &reader)
        case .symbolicLink(let target):
            if !limits.keepsLinksOutside { try checkLink(target, of: member, depth: parts.count - 1) }
            let status = Self.with(target) { target in Self.with(name) { symlinkat(target, folder, $0) } }
            guard status == 0 else { throw failure(member) }
        case .hardLink(let target): try link(target, to: name, in: folder, member)
        case .special: return
        }
    }

    // MARK: Files

    private mutating func write(
        _ member: TarMember, _ name: [UInt8], in folder: CInt, from reader: inout TarReader
    ) throws {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = Self.with(name) { openat(folder, $0, flags, 0o600) }
        guard file >= 0 else { throw failure(member) }
        defer { close(file) }
        var bytes = 0
        try reader.content { piece in
            var rest = piece
            while rest.byteCount > 0 {
                let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                guard count > 0 else {
                    if count < 0, errno == EINTR { continue }
                    throw FileError(Self.text(member.path), code: errno)
                }
                rest = rest.extracting(droppingFirst: count)
                bytes += count
            }
        }
        own(file, member)
        let time = timespec(tv_sec: member.modified, tv_nsec: 0)
        guard futimens(file, [time, time]) == 0, fchmod(file, member.mode & 0o777 | 0o400) == 0 else {
            throw failure(member)
        }
        result.files += 1
        result.bytes += bytes
        result.newest = max(result.newest ?? member.modified, member.modified)
    }

    /// Another name of a file that this archive has unpacked.
    private mutating func link(_ target: [UInt8], to name: [UInt8], in folder: CInt, _ member: TarMember) throws {
        let parts = try Self.parts(target, of: member.path)
        guard let last = parts.last else { throw Self.leaving(member.path, "it is a link to the folder itself") }
        let source = try directory(parts.dropLast()[...], of: member, makes: false)
        defer { close(source) }
        var status = stat()
        guard Self.with(last, { fstatat(source, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0,
            status.st_mode & S_IFMT == S_IFREG
        else {
            throw ArchiveRefusal(
                .malformed, path: Self.text(member.path),
                "it is a link to '\(Self.text(target).printable)', which is not an earlier file of the archive")
        }
        let done = Self.with(last) { old in Self.with(name) { linkat(source, old, folder, $0, 0) } }
        guard done == 0 else { throw failure(member) }
        result.files += 1
    }

    // MARK: Paths

    /// The components of a path.
    /// - Throws: ``ArchiveRefusal`` `.leaves` for an absolute path or one with `..`.
    private static func parts(_ path: [UInt8], of member: [UInt8]) throws -> [[UInt8]] {
        guard path.first != UInt8(ascii: "/") else { throw leaving(member, "its path is absolute") }
        let parts = path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.map(Array.init)
        guard !parts.contains(where: { $0.elementsEqual("..".utf8) }) else {
            throw leaving(member, "its path has '..'")
        }
        guard path.count <= 4096, parts.allSatisfy({ $0.count <= 255 }) else {
            throw ArchiveRefusal(.malformed, path: text(Array(member.prefix(80))), "its path is too long")
        }
        return parts
    }

    private func checkLink(_ target: [UInt8], of member: TarMember, depth: Int) throws {
        guard target.first != UInt8(ascii: "/") else {
            throw Self.leaving(member.path, "it is a link to an absolute path")
        }
        var depth = depth
        for part in target.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual("..".utf8) { depth -= 1 } else if !part.elementsEqual(".".utf8) { depth += 1 }
            guard depth >= 0 else { throw Self.leaving(member.path, "it is a link that leads out of the archive") }
        }
    }

    /// Opens a directory below the root, without following any link.
    /// - Parameter makes: true to create missing directories.
    private func directory(_ parts: ArraySlice<[UInt8]>, of member: TarMember, makes: Bool = true) throws -> CInt {
        var folder = dup(root)
        guard folder >= 0 else { throw failure(member) }
        for part in parts {
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            var below = Self.with(part) { openat(folder, $0, flags) }
            if below < 0, errno == ENOENT, makes, Self.with(part, { mkdirat(folder, $0, 0o700) }) == 0 {
                below = Self.with(part) { openat(folder, $0, flags) }
            }
            let code = errno
            close(folder)
            guard below >= 0 else {
                guard code == ELOOP || code == ENOTDIR else { throw FileError(Self.text(member.path), code: code) }
                throw Self.leaving(member.path, "its path leads through a link or a file")
            }
            folder = below
        }
        return folder
    }

    /// Only root may give files away; without this, a restored file would belong to root.
    private func own(_ descriptor: CInt, _ member: TarMember) {
        guard geteuid() == 0, let uid = uid_t(exactly: member.uid), let gid = gid_t(exactly: member.gid) else { return }
        fchown(descriptor, uid, gid)
    }

    private func failure(_ member: TarMember) -> any Error {
        guard errno == EEXIST else { return FileError(Self.text(member.path), code: errno) }
        return ArchiveRefusal(.malformed, path: Self.text(member.path), "the archive has it twice")
    }

    private static func leaving(_ path: [UInt8], _ detail: String) -> ArchiveRefusal {
        ArchiveRefusal(.leaves, path: text(path), detail)
    }

    private static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }

    private static func with<Value>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> Value) -> Value {
        body(name.map { CChar(bitPattern: $0) } + [0])
    }
}
