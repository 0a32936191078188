internal import CLinux
internal import Glibc
internal import SystemPackage

/// Passes path bytes to a system call as a C string.
func withCPath<Value>(
    _ bytes: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) throws -> Value
) rethrows -> Value {
    // On the stack, because a walk needs two of these for every file.
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { text in
        let end = text.initialize(fromContentsOf: bytes.lazy.map { CChar(bitPattern: $0) })
        text.initializeElement(at: end, to: 0)
        return try body(UnsafePointer(text.baseAddress.unsafelyUnwrapped))  // never empty
    }
}

/// Opens `path` below the directory `root` without following links, also if it is longer than the system accepts in one
/// call, or deeper than the limit of open files.
/// - Returns: a descriptor, or a negative number with the reason in `errno`.
func openBelow(_ root: CInt, _ path: [UInt8], flags: CInt) -> CInt {
    if path.count < Int(PATH_MAX) {
        let found = withCPath(path) { dr_open_below(root, $0, flags, 0) }
        // Old kernels do not have the call, and old containers forbid it.
        if found >= 0 || errno != ENOSYS && errno != EPERM { return found }
    }
    var directory = root
    func closeDirectory() {
        guard directory != root else { return }
        let code = errno
        close(directory)
        errno = code
    }
    let parts = path.split(separator: UInt8(ascii: "/"))
    for part in parts.dropLast() {
        let next = withCPath(part) { openat(directory, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        closeDirectory()
        guard next >= 0 else { return next }
        directory = next
    }
    defer { closeDirectory() }
    return withCPath(parts.last ?? []) { openat(directory, $0, flags | O_NOFOLLOW | O_CLOEXEC) }
}

/// Returns the names in a directory except `.` and `..`, in the system's order, with their type (`DT_UNKNOWN` if the
/// system does not report it).
/// - Returns: nil with the reason in `errno`.
func directoryEntries(_ directory: CInt) -> [(name: [UInt8], type: Int)]? {
    let copy = dup(directory)  // closedir closes what fdopendir was given
    guard copy >= 0 else { return nil }
    guard let stream = fdopendir(copy) else {
        let code = errno
        close(copy)
        errno = code
        return nil
    }
    defer {
        let code = errno
        closedir(stream)
        errno = code
    }
    rewinddir(stream)
    var entries: [(name: [UInt8], type: Int)] = []
    errno = 0
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in [UInt8](bytes.prefix { $0 != 0 }) }
        let isDots = name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
        if !isDots { entries.append((name, Int(entry.pointee.d_type))) }
        errno = 0
    }
    return errno == 0 ? entries : nil
}

/// The system's words for an error number, by default the thread's last.
func errnoText(_ code: CInt = errno) -> String { Errno(rawValue: code).description }
