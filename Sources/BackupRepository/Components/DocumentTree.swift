internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// A directory of documents that is brought up to date rather than written anew: what an API says of a component, kept
/// between runs so that a document that did not change keeps its time and inode, and the next backup passes over it.
///
/// One writer at a time: while another process holds the tree, a new one under a name of its own serves, at the price
/// of reading everything once more. A run that dies leaves a tree that the next one completes. Safe from many threads.
package final class DocumentTree: Sendable {
    /// Absolute.
    package let path: String
    private let lock: CInt
    private let isPrivate: Bool
    private let state = Mutex(State())

    private struct State {
        /// Relative paths of what belongs to the tree now.
        var written: Set<String> = []
        var changed = 0
        var isReleased = false
    }

    /// - Parameters:
    ///   - folder: where the tree is kept: the component's state folder.
    ///   - run: names the tree that is made when another run holds the usual one.
    /// - Throws: ``ComponentError`` when nothing can be written there.
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

    /// Makes `path` hold exactly these bytes. A file that does already is not touched.
    /// - Parameter path: relative, of safe components: see ``name(for:)``.
    package func write(_ path: String, _ content: [UInt8]) throws {
        let file = claim(path)
        if Self.holds(file, content) { return }
        makeWay(for: path)
        makeFolder(of: file)
        // Aside and renamed, so that no run sees half of it; not synced: after a crash the next run compares, and mends.
        let partial = "\(file).partial"
        let output = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Self.refusal(partial, errno) }
        defer { close(output) }
        guard Self.writeAll(content, count: content.count, to: output), rename(partial, file) == 0 else {
            let code = errno
            unlink(partial)
            throw Self.refusal(file, code)
        }
        noteChange()
    }

    /// Says that the document at `path` still belongs to the tree as it is.
    /// - Returns: false when there is none.
    package func keep(_ path: String) -> Bool {
        guard access("\(self.path)/\(path)", F_OK) == 0 else { return false }
        state.withLock { _ = $0.written.insert(path) }
        return true
    }

    /// Says that nothing below a folder belongs to the tree any more, though it was written.
    package func forget(below folder: String) {
        state.withLock { state in state.written = state.written.filter { !$0.hasPrefix("\(folder)/") } }
    }

    /// Documents written because they were new or different.
    package var changed: Int { state.withLock { $0.changed } }

    /// Removes what was neither written nor kept since this object was made. Call it when all documents are there.
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
        for folder in folders.reversed() { rmdir("\(path)/\(folder)") }  // fails on those that hold something
    }

    /// Gives the tree up: the usual one stays for the next run, one made beside it goes. Harmless twice.
    package func release() throws {
        let isFirst = state.withLock { state in
            defer { state.isReleased = true }
            return !state.isReleased
        }
        guard isFirst else { return }
        if isPrivate { try FileManager.default.removeItem(atPath: path) } else { flock(lock, LOCK_UN) }
    }

    /// A file name for any text: what is not a letter, a digit, `-`, `_` or `.` is percent-encoded, as is a leading dot;
    /// long texts are cut and told apart by the end of their hash.
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

    /// Removes what earlier runs left where `path` must be: a document in a folder's place, or a folder in its own.
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

    /// Notes that `path` belongs to the tree now.
    /// - Returns: the absolute path.
    func claim(_ path: String) -> String {
        precondition(
            !path.hasPrefix("/") && !path.split(separator: "/").contains(".."), "'\(path)' is no path in a tree")
        state.withLock { _ = $0.written.insert(path) }
        return "\(self.path)/\(path)"
    }

    func forget(_ path: String) { state.withLock { _ = $0.written.remove(path) } }

    func noteChange() { state.withLock { $0.changed += 1 } }

    /// What cannot be made is noticed when the file in it is opened.
    func makeFolder(of file: String) {
        let folder = file.prefix(upTo: file.lastIndex(of: "/") ?? file.endIndex)
        guard access(String(folder), F_OK) != 0 else { return }
        try? FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
    }

    /// - Returns: false when not everything could be written, for the reason in `errno`.
    static func writeAll(_ bytes: [UInt8], count: Int, to descriptor: CInt) -> Bool {
        var done = 0
        while done < count {
            let written = bytes.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, count - done)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return false }
            done += written
        }
        return true
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

    /// Trees of runs that died while another held the usual one. Only the holder of the lock removes them, and only
    /// those that are a day old: a younger one may be in use.
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
            hint: "`state:` in dr.yaml must be a folder that this user may write, with room for the documents")
    }
}
