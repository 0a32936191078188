internal import Cryptography
internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// Objects as files under one directory (`file://`): the embedded store, which needs no server.
///
/// The store writes an object to a temporary file in `.tmp`, syncs it, links it under its name, and syncs the name's
/// directory. After a crash at any point a key holds the whole object or nothing. The first write a day later removes
/// the files that a killed run left in `.tmp`.
///
/// A file system cannot hold a file `a` and a file `a/b`, so this store cannot either: it refuses the second one.
package final class DirectoryStore: ObjectStore {
    /// The absolute path with links resolved.
    package let root: String
    /// The directories that are known to be durable: this process has synced each into its parent.
    private let settled = Mutex<Set<String>>([])
    private let isSwept = Mutex(false)
    /// Counts the requests; nil to count none.
    private let use: StoreUse?

    package var location: String { "file://\(root)" }

    /// - Parameters:
    ///   - path: absolute, or relative to the working directory.
    ///   - create: creates the directory and its parents if they do not exist.
    ///   - use: counts the requests; nil to count none.
    /// - Throws: ``ObjectStoreError`` with reason `.noSuchStore` or `.denied`.
    package init(path: String, create: Bool = false, use: StoreUse? = nil) throws(ObjectStoreError) {
        self.use = use
        if create { try Self.makeDirectories(path) }
        guard let resolved = realpath(path, nil) else {
            throw Self.refusal(path, Errno.last, hint: "check the address, or mount the volume it lies on")
        }
        root = String(cString: resolved)
        free(resolved)
        do {
            // Open it, because a directory that cannot be listed is not a usable store.
            _ = try OpenFile(path: root, O_RDONLY | O_DIRECTORY)
        } catch {
            let isFile = error.rawValue == ENOTDIR
            throw Self.refusal(
                root, error, hint: isFile ? "a store is a directory" : "give this user read and write permission on it")
        }
    }

    private static func refusal(_ path: String, _ cause: Errno, hint: String) -> ObjectStoreError {
        let reason: ObjectStoreError.Reason = cause.rawValue == EACCES ? .denied : .noSuchStore
        return ObjectStoreError(
            reason, operation: "open", key: nil, cause.description, store: "file://\(path)", hint: hint)
    }

    private static func makeDirectories(_ path: String) throws(ObjectStoreError) {
        let isAbsolute = path.hasPrefix("/")
        var partial = isAbsolute ? "/" : ""
        for component in path.split(separator: "/") {
            partial += component + "/"
            do {
                try makeDirectory(partial)
            } catch {
                // This user may not be allowed to write to the directories above the store, only to pass through them.
                var status = stat()
                guard stat(partial, &status) != 0 else { continue }
                throw refusal(path, error, hint: "this user may not create '\(partial.dropLast())'")
            }
        }
    }

    // MARK: - Reading

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        guard let use else { return try read(key, range: range, sink) }
        var received = 0
        try use.counting(.get, received: { received }) {
            try read(key, range: range) { piece in
                received += piece.byteCount
                try sink(piece)
            }
        }
    }

    private func read(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        let file = try open(key)
        let size = try attempt("get", of: key) { () throws(Errno) in try file.status().st_size }
        let range = range ?? 0..<size
        guard range.lowerBound >= 0, range.upperBound <= size else {
            throw failure(.invalidRange, in: "get", of: key, "bytes \(range) of an object of \(size) bytes")
        }
        _ = posix_fadvise(file.number, range.lowerBound, range.count, POSIX_FADV_SEQUENTIAL)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(range.count, 1 << 20), alignment: 16)
        defer { buffer.deallocate() }
        var position = range.lowerBound
        while position < range.upperBound {
            try Task.checkCancellation()
            let space = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(range.upperBound - position))
            let count = try attempt("get", of: key) { () throws(Errno) in try file.read(into: space, at: position) }
            guard count > 0 else {
                let detail = "the file ends at \(position) of \(range.upperBound) bytes"
                throw failure(.truncated, in: "get", of: key, detail)
            }
            try sink(UnsafeRawBufferPointer(rebasing: space.prefix(count)).bytes)
            position += count
        }
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? { try counting(.head) { try look(key) } }

    private func look(_ key: ObjectKey) throws -> ObjectInfo? {
        try Task.checkCancellation()
        var status = stat()
        guard stat(path(of: key), &status) == 0 else {
            let cause = Errno.last
            guard Self.meansAbsent(cause) else { throw failure(cause, in: "head", of: key) }
            try checkRoot("head", key)
            return nil
        }
        return status.isRegular ? ObjectInfo(key, status) : nil
    }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try counting(.list) {
            try checkRoot("list", nil)
            try DirectoryListing(store: self, prefix: prefix, after: after).walk(body)
        }
    }

    private func counting<Value>(_ operation: StoreUse.Operation, _ body: () throws -> Value) throws -> Value {
        try use?.counting(operation, body) ?? body()
    }

    private func open(_ key: ObjectKey) throws -> OpenFile {
        try Task.checkCancellation()
        do {
            // A pipe of this name would block the call for ever.
            let file = try OpenFile(path: path(of: key), O_RDONLY | O_NONBLOCK)
            guard try file.status().isRegular else {
                throw failure(
                    .notFound, in: "get", of: key, "a folder, or something else that is no file, is in its place")
            }
            return file
        } catch let cause as Errno {
            guard Self.meansAbsent(cause) else { throw failure(cause, in: "get", of: key) }
            try checkRoot("get", key)
            throw failure(.notFound, in: "get", of: key, "the object does not exist")
        }
    }

    // MARK: - Writing

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        let upload = try begin(key, options, as: .put)
        try upload.write(content.span.bytes)
        return try upload.finish()
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        try begin(key, options, as: .upload)
    }

    private func begin(
        _ key: ObjectKey, _ options: PutOptions, as operation: StoreUse.Operation
    ) throws -> any ObjectUpload {
        try Task.checkCancellation()
        try sweepOnce()
        let upload = try DirectoryUpload(to: self, key, options: options)
        return use.map { CountedUpload(upload, as: operation, in: $0) } ?? upload
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        try counting(.delete) { try remove(keys) }
    }

    private func remove(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        var refused: [ObjectStoreError] = []
        var touched: Set<String> = []
        for key in keys {
            try Task.checkCancellation()
            if unlink(path(of: key)) == 0 {
                touched.insert(directory(of: key))
            } else {
                let cause = Errno.last
                // EISDIR: a directory of other keys; no object has this name.
                guard !Self.meansAbsent(cause), cause.rawValue != EISDIR else { continue }
                refused.append(failure(cause, in: "delete", of: key))
            }
        }
        for directory in touched {
            try attempt("delete", of: nil) { () throws(Errno) in
                try OpenFile(path: directory, O_RDONLY | O_DIRECTORY).sync()
            }
        }
        return refused
    }

    /// Makes the directory of `key` and its parents, each durable: a power failure that loses a directory would lose
    /// the names in it too, even if another thread made the directory.
    func settleDirectory(of key: ObjectKey) throws(Errno) {
        var missing: [String] = []
        var path = directory(of: key)
        while path.utf8.count > root.utf8.count, !settled.withLock({ $0.contains(path) }) {
            missing.append(path)
            path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        }
        for path in missing.reversed() {
            try Self.makeDirectory(path)
            let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
            try OpenFile(path: parent, O_RDONLY | O_DIRECTORY).sync()
            settled.withLock { _ = $0.insert(path) }
        }
    }

    /// Makes a directory with the mode of the store's directories; an existing one stays as it is.
    static func makeDirectory(_ path: String) throws(Errno) {
        guard mkdir(path, directoryMode) == 0 else {
            guard errno == EEXIST else { throw Errno.last }
            return
        }
        let directory = try OpenFile(path: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        guard FileCreationMask.open(directory.number, to: directoryMode) else { throw Errno.last }
    }

    /// Forgets the known directories, because another program may have removed one.
    func forgetDirectories() {
        settled.withLock { $0.removeAll() }
    }

    /// Removes temporary files that have not been written to for a day.
    private func sweepOnce() throws {
        let isFirst = isSwept.withLock { isSwept in
            defer { isSwept = true }
            return !isSwept
        }
        guard isFirst else { return }
        let deadline = time(nil) - 86_400
        for name in DirectoryListing.names(in: temporaryDirectory) {
            let path = "\(temporaryDirectory)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.isRegular, status.st_mtim.tv_sec < deadline else { continue }
            unlink(path)  // another run may be faster
        }
    }
}

// MARK: - Names and errors

extension DirectoryStore {
    static let directoryMode: mode_t = 0o750
    static let fileMode: mode_t = 0o640
    /// The folder of temporary files at the top of the store; listings skip it.
    static let temporaryName = ".tmp"

    var temporaryDirectory: String { "\(root)/\(Self.temporaryName)" }

    func path(of key: ObjectKey) -> String { "\(root)/\(key.text)" }

    func directory(of key: ObjectKey) -> String {
        let path = path(of: key)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    static func meansAbsent(_ cause: Errno) -> Bool { cause.rawValue == ENOENT || cause.rawValue == ENOTDIR }

    /// Checks that the store's directory exists, because an unmounted volume must not look like an empty store.
    func checkRoot(_ operation: String, _ key: ObjectKey?) throws(ObjectStoreError) {
        var status = stat()
        guard stat(root, &status) != 0 else { return }
        let hint = "check that the volume is mounted"
        throw ObjectStoreError(
            .noSuchStore, operation: operation, key: key, Errno.last.description, store: location, hint: hint)
    }

    func failure(
        _ reason: ObjectStoreError.Reason, in operation: String, of key: ObjectKey?, _ detail: String,
        hint: String? = nil
    ) -> ObjectStoreError {
        ObjectStoreError(reason, operation: operation, key: key, detail, store: location, hint: hint)
    }

    func failure(_ cause: Errno, in operation: String, of key: ObjectKey?) -> ObjectStoreError {
        switch cause.rawValue {
        case ENOSPC, EDQUOT:
            failure(
                .noSpace, in: operation, of: key, cause.description,
                hint: "free space, or remove old backup sets with 'dr prune'")
        case EACCES, EROFS:
            failure(
                .denied, in: operation, of: key, cause.description, hint: "give this user write permission on '\(root)'"
            )
        case EPERM:
            failure(
                .locked, in: operation, of: key, cause.description,
                hint: "check with lsattr whether the file is immutable")
        default:
            failure(.other, in: operation, of: key, cause.description)
        }
    }

    func attempt<Value: ~Copyable>(
        _ operation: String, of key: ObjectKey?, _ body: () throws(Errno) -> Value
    ) throws(ObjectStoreError) -> Value {
        do { return try body() } catch { throw failure(error, in: operation, of: key) }
    }
}

extension stat {
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
}

extension ObjectInfo {
    init(_ key: ObjectKey, _ status: stat) {
        self.init(key: key, size: Int(status.st_size), modified: status.st_mtim.tv_sec)
    }
}
