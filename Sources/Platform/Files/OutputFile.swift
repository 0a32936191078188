internal import FoundationEssentials
internal import Glibc

/// A file that the program writes to a path from the user or the configuration.
///
/// A regular file is replaced in one step: a reader sees the old content or the new one, never a part. The content for
/// a device or a FIFO is written to it; neither is replaced by a file.
package enum OutputFile {
    /// The treatment of a symbolic link at the path.
    package enum Links: Sendable {
        /// The file that the link points to is written, and the link stays. For paths that the user typed.
        case follow
        /// An error. For folders that belong to other users, where a link could point at any file.
        case refuse
    }

    /// - Parameters:
    ///   - mode: permissions of the file. Nil keeps the owner and the permissions of a replaced file, and gives a new
    ///     file the permissions of the umask.
    /// - Throws: ``FileError``.
    package static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32? = nil, links: Links
    ) throws(FileError) {
        if let descriptor = openDescriptor(path) { return try write(bytes, through: descriptor, path) }
        let place = links == .follow ? try target(of: path) : path
        var present = stat()
        let isThere = lstat(place, &present) == 0
        guard isThere || errno == ENOENT else { throw FileError(path, code: errno) }
        switch isThere ? present.st_mode & S_IFMT : S_IFREG {
        case S_IFREG: try replace(place, bytes, mode: mode, present: isThere ? present : nil, named: path)
        case S_IFCHR, S_IFIFO: try writeThrough(bytes, to: place, links: links, named: path)
        case S_IFLNK: throw FileError(path, detail: "it is a symbolic link, which dr does not follow here")
        case S_IFDIR: throw FileError(path, code: EISDIR)
        default: throw FileError(path, detail: "it is not a writable kind of file")
        }
    }

    /// Writes a file that must not exist yet.
    /// - Throws: ``FileError``, also if the name exists, even as a link.
    package static func create(_ bytes: [UInt8], at path: String, mode: UInt32) throws(FileError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw FileError(path, code: errno) }
        defer { close(file) }
        do throws(FileError) {
            try write(bytes, through: file, path)
            guard FileCreationMask.open(file, to: mode), fsync(file) == 0 else { throw FileError(path, code: errno) }
        } catch {
            unlink(path)
            throw error
        }
    }

    // MARK: Regular files

    private static func replace(
        _ place: String, _ bytes: [UInt8], mode: UInt32?, present: stat?, named path: String
    ) throws(FileError) {
        let (folder, name) = split(place)
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw FileError(path, code: errno, object: "the folder '\(folder)'") }
        defer { close(directory) }
        var random = SystemRandomNumberGenerator()
        let temporary = ".dr-\(String(random.next(), radix: 16)).tmp"
        let file = openat(
            directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
            mode == nil && present == nil ? 0o666 : 0o600)
        guard file >= 0 else { throw FileError(path, code: errno, object: "the folder '\(folder)'") }
        defer { close(file) }
        do throws(FileError) {
            try write(bytes, through: file, path)
            if let mode {
                guard fchmod(file, mode) == 0 else { throw FileError(path, code: errno) }
            } else if let present {
                // Only the superuser may change the owner; other users own the file already, or could not replace it.
                _ = fchown(file, present.st_uid, present.st_gid)
                guard fchmod(file, present.st_mode & 0o777) == 0 else { throw FileError(path, code: errno) }
            }
            guard fsync(file) == 0, renameat(directory, temporary, directory, name) == 0 else {
                throw FileError(path, code: errno)
            }
        } catch {
            unlinkat(directory, temporary, 0)
            throw error
        }
        fsync(directory)  // not every file system supports it
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }

    // MARK: Links, devices and descriptors

    /// Returns the path at the end of a chain of links; it need not exist.
    private static func target(of path: String) throws(FileError) -> String {
        var place = path
        for _ in 0..<40 {
            var status = stat()
            guard lstat(place, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return place }
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(place, &buffer, buffer.count)
            guard count > 0 else { throw FileError(path, code: errno) }
            let next = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            place = next.hasPrefix("/") ? next : "\(split(place).folder)/\(next)"
        }
        throw FileError(path, code: ELOOP)
    }

    private static func writeThrough(
        _ bytes: [UInt8], to place: String, links: Links, named path: String
    ) throws(FileError) {
        // In a folder of another user, a FIFO without a reader must not block the program.
        let flags = links == .refuse ? O_NOFOLLOW | O_NONBLOCK : 0
        let file = open(place, O_WRONLY | O_NOCTTY | O_CLOEXEC | flags)
        guard file >= 0 else { throw FileError(path, code: errno) }
        defer { close(file) }
        try write(bytes, through: file, path)
    }

    private static func write(_ bytes: [UInt8], through file: CInt, _ path: String) throws(FileError) {
        let code = Descriptor(file).write(bytes, patience: 5000)
        guard code == 0 else { throw FileError(path, code: code) }
    }

    /// Returns the descriptor for a path such as `/dev/stdout` or `/dev/fd/3`. If it were opened by its path, a file
    /// that the shell has opened would be written from its beginning again.
    private static func openDescriptor(_ path: String) -> CInt? {
        switch path {
        case "/dev/stdout": return STDOUT_FILENO
        case "/dev/stderr": return STDERR_FILENO
        default: break
        }
        for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
            return CInt(path.dropFirst(folder.count))
        }
        return nil
    }
}

/// A file that could not be written or read.
package struct FileError: OperationError, Equatable {
    package var path: String
    package var detail: String

    package init(_ path: String, detail: String) {
        self.path = path
        self.detail = detail
    }

    /// - Parameters:
    ///   - code: the error number.
    ///   - object: the file or folder that caused the error, if it is not the one at `path`.
    package init(_ path: String, code: CInt, object: String? = nil) {
        self.init(path, detail: (object.map { "\($0): " } ?? "") + FileFailure.text(code: code))
    }

    package var reasonCode: String { "file_error" }
    package var place: ErrorPlace { ErrorPlace(object: path, text: "'\(path)' cannot be written") }
}
