internal import Cryptography
internal import Glibc
internal import Platform
internal import SystemPackage

/// A file that is being written to a ``DirectoryStore``.
final class DirectoryUpload: ObjectUpload {
    private let store: DirectoryStore
    private let key: ObjectKey
    private let options: PutOptions
    private let temporary: String
    private let file: OpenFile
    private var written = 0
    /// The offset up to which the kernel was asked to start writing back.
    private var flushed = 0
    /// True if ``temporary`` still has to be removed.
    private var isPending = true
    /// True if the content may be visible under its key: from then on it must never be truncated.
    private var isNamed = false

    /// Small enough that the final sync is short, large enough that the disk writes in long runs.
    private static let writebackStep = 8 << 20

    init(to store: DirectoryStore, _ key: ObjectKey, options: PutOptions) throws {
        guard !key.text.hasPrefix(DirectoryStore.temporaryName + "/"), key.text != DirectoryStore.temporaryName else {
            throw store.failure(
                .unsupported, in: "put", of: key, "'\(DirectoryStore.temporaryName)' is reserved for the store")
        }
        self.store = store
        self.key = key
        self.options = options
        temporary = "\(store.temporaryDirectory)/\(RandomID.make())"
        let flags = O_WRONLY | O_CREAT | O_EXCL
        do {
            file = try OpenFile(path: temporary, flags, mode: DirectoryStore.fileMode)
        } catch  where DirectoryStore.meansAbsent(error) {
            try store.checkRoot("put", key)
            file = try store.attempt("put", of: key) { [temporary] () throws(Errno) in
                try DirectoryStore.makeDirectory(store.temporaryDirectory)
                return try OpenFile(path: temporary, flags, mode: DirectoryStore.fileMode)
            }
        } catch {
            throw store.failure(error, in: "put", of: key)
        }
        FileCreationMask.open(file.number, to: DirectoryStore.fileMode)
    }

    deinit { cancel() }

    func write(_ bytes: RawSpan) throws {
        try Task.checkCancellation()
        do {
            try file.write(bytes)
        } catch {
            cancel()  // at once: on a full disk other writers need this space
            throw store.failure(error, in: "put", of: key)
        }
        written += bytes.byteCount
        if written - flushed >= Self.writebackStep {
            file.startWriteback(flushed..<written)
            flushed = written
        }
    }

    func finish() throws -> ObjectInfo {
        try Task.checkCancellation()
        defer { cancel() }
        do {
            try file.sync()
            try publish()
            try OpenFile(path: store.directory(of: key), O_RDONLY | O_DIRECTORY).sync()
            return ObjectInfo(key, try file.status())
        } catch  where error.rawValue == EEXIST {
            throw store.failure(.alreadyExists, in: "put", of: key, "an object with this key exists")
        } catch  where error.rawValue == EISDIR {
            throw store.failure(
                .unsupported, in: "put", of: key, "a folder is in its place", hint: "move '\(store.path(of: key))' away"
            )
        } catch  where error.rawValue == ENOTDIR {
            throw store.failure(.unsupported, in: "put", of: key, "a file system cannot hold an object inside another")
        } catch {
            throw store.failure(error, in: "put", of: key)
        }
    }

    /// Gives the file its name in one step, and only if the name is free.
    private func publish() throws(Errno) {
        let target = store.path(of: key)
        isNamed = true
        try store.settleDirectory(of: key)
        do {
            try name(target)
        } catch  where error.rawValue == ENOENT {
            // The directory existed when this process last used it.
            store.forgetDirectories()
            try store.settleDirectory(of: key)
            try name(target)
        }
    }

    private func name(_ target: String) throws(Errno) {
        guard options.condition == .ifAbsent else {
            guard rename(temporary, target) == 0 else { throw Errno.last }
            isPending = false
            return
        }
        if link(temporary, target) == 0 { return }
        let cause = Errno.last
        switch cause.rawValue {
        case EEXIST:
            // Over NFS the answer to a successful link can get lost; the repeated call then finds the name.
            var named = stat()
            let own = try file.status()
            guard lstat(target, &named) == 0, named.st_ino == own.st_ino, named.st_dev == own.st_dev else {
                throw cause
            }
        case EPERM, EOPNOTSUPP, ENOSYS:
            // No hard links here (FAT, some network shares): check, then rename. Two writers can then both succeed.
            guard access(target, F_OK) != 0 else { throw Errno(rawValue: EEXIST) }
            guard rename(temporary, target) == 0 else { throw Errno.last }
            isPending = false
        default: throw cause
        }
    }

    func cancel() {
        // After a rename the temporary name is gone; after a link it must be removed.
        guard isPending else { return }
        isPending = false
        if !isNamed { ftruncate(file.number, 0) }  // the descriptor may stay open for long: free the space now
        unlink(temporary)
    }
}
