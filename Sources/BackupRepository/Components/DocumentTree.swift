internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Synchronization
internal import Platform
internal import SystemPackage

/// A directory of documents that is updated rather than rewritten: the API documents of a component. It is kept between
/// runs, so that an unchanged document keeps its time and inode, and the next backup does not read it.
///
/// One writer at a time: while another process holds the tree, a run uses a new tree with a unique name, at the cost of
/// reading everything again. If a run dies, the next one completes its tree. Safe from many threads.
package final class DocumentTree: Sendable {
    /// Absolute.
    package let path: String
    private let lock: CInt
    private let isPrivate: Bool
    private let state = Mutex(State())

    private struct State {
        /// Relative paths of the documents in the present tree.
        var written: Set<String> = []
        var changed = 0
        var isReleased = false
    }

    /// - Parameters:
    ///   - folder: the folder that contains the tree: the component's state folder.
    ///   - run: the name of the tree that is created if another run holds the usual one.
    /// - Throws: ``ComponentError`` if the folder cannot be written.
    package init(in folder: String, run: String) throws {
        let lock = open("\(folder)/documents.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Self.refusal("\(folder)/documents.lock", errno) }
        self.lock = lock
        isPrivate = flock(lock, LOCK_EX | LOCK_NB) != 0
        path = "\(folder)/\(isPrivate ? "documents-\(run)" : "documents")"
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Self.refusal(path, errno) }
        if !isPrivate { Self.removeAbandoned(in: folder) }
    }

    deinit { close(lock) }

    /// Makes `path` hold exactly these bytes. An unchanged file is not rewritten.
    /// - Parameter path: relative, with safe components: see ``name(for:)``.
    /// - Throws: ``ComponentError``; `CancellationError`, because a tree can have hundreds of thousands of documents.
    package func write(_ path: String, _ content: [UInt8]) throws {
        try Task.checkCancellation()
        let file = claim(path)
        if Self.holds(file, content) { return }
        makeWay(for: path)
        makeFolder(of: file)
        // Written to another file and renamed, so that no run sees a partial document. Not synced: after a crash the
        // next run compares the documents and repairs them.
        let partial = "\(file).partial"
        let output = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Self.refusal(partial, errno) }
        defer { close(output) }
        do {
            try FileDescriptor(rawValue: output).writeAll(content)
            guard rename(partial, file) == 0 else { throw Errno.last }
        } catch let error as Errno {
            unlink(partial)
            throw Self.refusal(file, error.rawValue)
        }
        noteChange()
    }

    /// Records that the document at `path` still belongs to the tree, unchanged.
    /// - Returns: false if there is none.
    package func keep(_ path: String) -> Bool {
        guard access("\(self.path)/\(path)", F_OK) == 0 else { return false }
        state.withLock { _ = $0.written.insert(path) }
        return true
    }

    /// Records that the documents below a folder no longer belong to the tree, although they were written.
    package func forget(below folder: String) {
        state.withLock { state in state.written = state.written.filter { !$0.hasPrefix("\(folder)/") } }
    }

    /// Documents written because they were new or different.
    package var changed: Int { state.withLock { $0.changed } }

    /// Removes documents that were neither written nor kept since this object was created. Call it after the last
    /// document.
    package func removeTheRest() throws {
        let written = state.withLock { $0.written }
        var folders: [String] = []
        try TreeWalker(tree: try CapturedTree(path)).walk { entry in
            if entry.kind == .directory {
                folders.append(entry.name)
            } else if !written.contains(entry.name), unlink("\(path)/\(entry.name)") != 0 {
                throw Self.refusal("\(path)/\(entry.name)", errno)
            }
        } oddity: { _ in
        }
        for folder in folders.reversed() { rmdir("\(path)/\(folder)") }  // fails for folders that are not empty
    }

    /// Releases the tree: the usual one stays for the next run, a private one is removed. Harmless twice.
    package func release() throws {
        let isFirst = state.withLock { state in
            defer { state.isReleased = true }
            return !state.isReleased
        }
        guard isFirst else { return }
        if isPrivate { try FileManager.default.removeItem(atPath: path) } else { flock(lock, LOCK_UN) }
    }

    /// Returns a file name for any text: characters other than letters, digits, `-`, `_` and `.` are percent-encoded,
    /// as is a leading dot. Long texts are truncated, with the end of their hash appended.
    package static func name(for text: String) -> String {
        var name = ""
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                name.append(Character(Unicode.Scalar(byte)))
            case UInt8(ascii: ".") where index > 0: name.append(".")
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                name += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        guard name.utf8.count > 180 else { return name.isEmpty ? "%" : name }
        return "\(name.prefix(160))-\(Digest(of: Array(text.utf8)).hex.suffix(16))"
    }

    // MARK: Below

    /// Removes leftovers of earlier runs at `path`: a document in place of a folder, or a folder in place of a
    /// document.
    func makeWay(for path: String) {
        func isDirectory(_ name: String) -> Bool? {
            var status = stat()
            return lstat(name, &status) == 0 ? status.st_mode & S_IFMT == S_IFDIR : nil
        }
        var folder = self.path
        for part in path.split(separator: "/").dropLast() {
            folder += "/\(part)"
            if isDirectory(folder) == false { unlink(folder) }
        }
        let file = "\(self.path)/\(path)"
        if isDirectory(file) == true { try? FileManager.default.removeItem(atPath: file) }
    }

    /// Records that `path` belongs to the tree.
    /// - Returns: the absolute path.
    func claim(_ path: String) -> String {
        precondition(
            !path.hasPrefix("/") && !path.split(separator: "/").contains(".."), "'\(path)' is not a path in a tree")
        state.withLock { _ = $0.written.insert(path) }
        return "\(self.path)/\(path)"
    }

    /// Records that one document no longer belongs to the tree, although it was written.
    package func forget(_ path: String) { state.withLock { _ = $0.written.remove(path) } }

    func noteChange() { state.withLock { $0.changed += 1 } }

    /// A failure is reported when the file in the folder is opened.
    func makeFolder(of file: String) {
        let folder = file.prefix(upTo: file.lastIndex(of: "/") ?? file.endIndex)
        guard access(String(folder), F_OK) != 0 else { return }
        try? FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
    }

    private static func holds(_ file: String, _ content: [UInt8]) -> Bool {
        let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == content.count else { return false }
        guard let present = FileManager.default.contents(atPath: file) else { return false }
        return present.elementsEqual(content)
    }

    /// Removes the trees of runs that died while another held the usual one. Only the holder of the lock does this, and
    /// only for trees that are a day old: a younger one may be in use.
    private static func removeAbandoned(in folder: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix("documents-") {
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, time(nil) - status.st_mtim.tv_sec > 86_400 else { continue }
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    static func refusal(_ path: String, _ code: CInt) -> ComponentError {
        ComponentError(
            code == ENOSPC ? .noSpace : .other, operation: "write '\(path)'", errnoText(code),
            hint: "`state:` in dr.yaml must be a folder that this user can write to, with space for the documents")
    }
}
