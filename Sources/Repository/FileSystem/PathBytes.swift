internal import Glibc

/// Lends path bytes to a system call as a C string.
func withCPath<Value>(
    _ bytes: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) throws -> Value
) rethrows -> Value {
    // On the stack: two of these for every file of a tree.
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { text in
        let end = text.initialize(fromContentsOf: bytes.lazy.map { CChar(bitPattern: $0) })
        text.initializeElement(at: end, to: 0)
        return try body(UnsafePointer(text.baseAddress.unsafelyUnwrapped))  // never empty
    }
}

/// Opens `path` below the directory `root`, also where it is longer than the system takes in one piece.
/// - Returns: a descriptor, or a negative number with the reason in `errno`.
func openBelow(_ root: CInt, _ path: [UInt8], _ flags: CInt) -> CInt {
    guard path.count >= Int(PATH_MAX) else { return withCPath(path) { openat(root, $0, flags | O_CLOEXEC) } }
    var directory = dup(root)
    let parts = path.split(separator: UInt8(ascii: "/"))
    for part in parts.dropLast() {
        let next = withCPath(part) { openat(directory, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        let code = errno
        close(directory)
        errno = code
        guard next >= 0 else { return next }
        directory = next
    }
    defer {
        let code = errno
        close(directory)
        errno = code
    }
    return withCPath(parts.last ?? []) { openat(directory, $0, flags | O_CLOEXEC) }
}

/// The system's words for an error number, by default the thread's last.
func errnoText(_ code: CInt = errno) -> String { String(cString: strerror(code)) }
