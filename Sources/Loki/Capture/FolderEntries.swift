internal import Glibc
internal import SystemPackage

/// The names in a directory.
enum FolderEntries {
    struct Entry {
        var name: String
        var isFolder: Bool
        var isFile: Bool
    }

    /// A system call's error number.
    struct Failure: Error {
        var code: CInt

        var isAbsence: Bool { code == ENOENT || code == ENOTDIR }
        var text: String { Errno(rawValue: code).description }
    }

    /// Sorted by name. Links are neither files nor folders.
    static func read(_ path: String) throws(Failure) -> [Entry] {
        guard let stream = opendir(path) else { throw Failure(code: errno) }
        defer { closedir(stream) }
        var entries: [Entry] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            var kind = (folder: entry.pointee.d_type == UInt8(DT_DIR), file: entry.pointee.d_type == UInt8(DT_REG))
            if entry.pointee.d_type == UInt8(DT_UNKNOWN) {  // some file systems do not report it
                var status = stat()
                guard lstat("\(path)/\(name)", &status) == 0 else { continue }
                kind = (status.st_mode & S_IFMT == S_IFDIR, status.st_mode & S_IFMT == S_IFREG)
            }
            entries.append(Entry(name: name, isFolder: kind.folder, isFile: kind.file))
            errno = 0
        }
        guard errno == 0 else { throw Failure(code: errno) }
        return entries.sorted { $0.name < $1.name }
    }
}
