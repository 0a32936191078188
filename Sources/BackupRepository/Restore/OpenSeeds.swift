internal import CLinux
internal import Cryptography
internal import Glibc
internal import Platform
internal import Synchronization

/// The seeds of one restore.
///
/// A restore trusts no seed: a file counts if its path has no link, and the content that was copied has the recorded size
/// and SHA-256. Files are copied and never linked, because a later writer to one name would change the other.
final class OpenSeeds: Sendable {
    private struct Use {
        var taken: SeedUse
        /// The files that could not be read.
        var unreadable = 0
        /// One of them.
        var example = ""
        /// The error of that one, an `errno`.
        var code: CInt = 0
        /// The files whose medium failed.
        var failures = 0
    }

    /// The number of files with errors of the medium after which a restore stops reading a seed: a failing disk can take a
    /// minute for each.
    static let mostFailures = 8

    /// A negative number for one that cannot be opened.
    private let folders: [CInt]
    private let results: Mutex<[Use]>

    init(_ seeds: [RestoreSeed]) {
        var (folders, results): ([CInt], [Use]) = ([], [])
        for seed in seeds {
            let folder = open(seed.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            var use = Use(taken: SeedUse(name: seed.name))
            if folder < 0 { (use.unreadable, use.example, use.code) = (1, "./", errno) }
            folders.append(folder)
            results.append(use)
        }
        self.folders = folders
        self.results = Mutex(results)
    }

    deinit { for folder in folders where folder >= 0 { close(folder) } }

    /// The seeds that had some content.
    var uses: [SeedUse] { results.withLock { $0.map(\.taken).filter { $0.files > 0 } } }

    /// One line for each seed with files that could not be read.
    var remarks: [String] {
        results.withLock { results in
            results.filter { $0.unreadable > 0 }.map { use in
                let files = use.unreadable == 1 ? "1 file" : "\(use.unreadable) files"
                let end = use.failures >= Self.mostFailures ? "; dr stopped reading it" : ""
                return "\(files) of \(use.taken.name) could not be read, such as '\(use.example.printable)' "
                    + "(\(errnoText(use.code))); their content came from elsewhere\(end)"
            }
        }
    }

    /// Restores a file from the first seed that has its content.
    /// - Returns: false if there is none. The tree then does not have the file.
    func fill(_ record: FileRecord, _ digest: Digest, in tree: StagedTree) throws -> Bool {
        for (number, folder) in folders.enumerated() {
            guard folder >= 0, results.withLock({ $0[number].failures < Self.mostFailures }) else { continue }
            let source = Self.openFile(record, in: folder)
            guard source >= 0 else {
                note(errno, of: record, in: number)
                continue
            }
            defer { close(source) }
            var file = try tree.create(record)
            let filling = try file.fill(from: source, digest)
            if filling == .whole {
                try tree.finish(file)
                results.withLock {
                    $0[number].taken.files += 1
                    $0[number].taken.bytes += record.size
                }
                return true
            }
            try tree.remove(record)
            if case .unreadable(let code) = filling { note(code, of: record, in: number) }
        }
        return false
    }

    /// Opens a regular file of the recorded size.
    /// - Returns: a descriptor, or a negative number with the reason in `errno`; `ENOENT` for another kind or size.
    private static func openFile(_ record: FileRecord, in folder: CInt) -> CInt {
        // A look has no effect, unlike opening a device or the end of a pipe.
        let entry = openBelow(folder, record.path, flags: dr_path_only | O_NOFOLLOW)
        guard entry >= 0 else { return -1 }
        let isWanted = isFile(entry, of: record)
        close(entry)
        guard isWanted else { return missing() }
        // It may be another one by now.
        let source = openBelow(folder, record.path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard source >= 0 else { return -1 }
        guard isFile(source, of: record) else {
            close(source)
            return missing()
        }
        return source
    }

    private static func isFile(_ descriptor: CInt, of record: FileRecord) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && Int(status.st_size) == record.size
    }

    private static func missing() -> CInt {
        errno = ENOENT
        return -1
    }

    /// Remembers an error of a seed, but not those that say that it has no such file.
    func note(_ code: CInt, of record: FileRecord, in number: Int) {
        guard ![ENOENT, ENOTDIR, ELOOP, ENXIO, ENAMETOOLONG, EAGAIN].contains(code) else { return }
        results.withLock { results in
            if results[number].unreadable == 0 { (results[number].example, results[number].code) = (record.name, code) }
            results[number].unreadable += 1
            if code != EACCES, code != EPERM { results[number].failures += 1 }
        }
    }
}
