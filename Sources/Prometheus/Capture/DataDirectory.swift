internal import BackupRepository
internal import FoundationEssentials
internal import Glibc

/// A server's `--storage.tsdb.path`, as mounted on this machine. All calls block.
struct DataDirectory: Sendable {
    /// The bytes without which a snapshot with the head fails; the server then leaves an incomplete one behind.
    private static let leastSpace = 16 << 20

    let path: String
    var snapshotsPath: String { "\(path)/snapshots" }

    init(_ path: String) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    // MARK: Checks before a snapshot

    func checkAccess(_ operation: String) throws {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ComponentError(
                .misconfigured, operation: operation, "data directory '\(path)' does not exist",
                hint: "`data:` must be the server's --storage.tsdb.path as mounted on this machine")
        }
        // Write access is needed to remove the snapshot.
        let place = access(snapshotsPath, F_OK) == 0 ? snapshotsPath : path
        guard access(path, R_OK | X_OK) == 0, access(place, R_OK | W_OK | X_OK) == 0 else {
            throw ComponentError(
                .misconfigured, operation: operation, "'\(place)' is not readable and writable for this user",
                hint: "run as the server's user or as root: snapshots are read and removed there")
        }
    }

    /// Refuses if the server's path leads, on this machine, to another TSDB. If it leads nowhere (another container's
    /// mount), only the snapshot can show it.
    func checkIsServers(_ flag: String, workingDirectory: String, _ operation: String) throws {
        let path = flag.hasPrefix("/") ? flag : "\(workingDirectory)/\(flag)"
        guard let theirs = FileIdentity(path), theirs != FileIdentity(self.path) else { return }
        guard access("\(path)/wal", F_OK) == 0 || access("\(path)/chunks_head", F_OK) == 0 else { return }
        throw ComponentError(
            .misconfigured, operation: operation, "the server's data are in '\(path)', not in '\(self.path)'",
            hint: "`data:` must be the server's --storage.tsdb.path as mounted on this machine")
    }

    func checkSpace(_ operation: String) throws {
        var volume = statvfs()
        guard statvfs(path, &volume) == 0 else { return }
        let free = Int(clamping: UInt64(volume.f_bavail) &* UInt64(volume.f_frsize))
        guard free >= Self.leastSpace else {
            throw ComponentError(
                .noSpace, operation: operation, "only \(free) bytes are free on the volume of '\(path)'",
                hint: "free some space: a snapshot writes the head as a new block")
        }
    }

    /// Refuses a `snapshots` folder on another file system: Prometheus makes snapshots of hard links.
    func checkLinks(_ operation: String) throws {
        var (data, folder) = (stat(), stat())
        guard stat(path, &data) == 0, stat(snapshotsPath, &folder) == 0, data.st_dev != folder.st_dev else { return }
        throw ComponentError(
            .misconfigured, operation: operation, "'\(snapshotsPath)' is on another file system than '\(path)'",
            hint: PrometheusRefusal.otherFileSystemHint)
    }

    /// The size in bytes of the volume of the nearest existing folder; nil if it is not known.
    func volumeSize() -> Int? {
        var folder = path
        var volume = statvfs()
        while statvfs(folder, &volume) != 0 {
            guard folder.count > 1, let slash = folder.lastIndex(of: "/") else { return nil }
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
        let (bytes, overflow) = UInt64(volume.f_blocks).multipliedReportingOverflow(by: UInt64(volume.f_frsize))
        return overflow ? nil : Int(clamping: bytes)
    }

    // MARK: Out-of-order samples

    /// Bytes in `wbl/`, the log of out-of-order samples that are in no block yet; nil if the folder does not exist.
    func outOfOrderBytes() -> Int? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "\(path)/wbl") else { return nil }
        return names.reduce(0) { sum, name in
            var status = stat()
            guard lstat("\(path)/wbl/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return sum }
            return sum &+ Int(status.st_size)
        }
    }

    // MARK: Blocks

    /// Blocks without a `tombstones` file: intact, but Prometheus cannot make a snapshot while it has one.
    func blocksWithoutTombstones() -> [String] {
        blocks().filter { name in
            access("\(path)/\(name)/meta.json", F_OK) == 0
                && access("\(path)/\(name)/\(Tombstones.name)", F_OK) != 0 && errno == ENOENT
        }
    }

    /// The remedy for blocks without `tombstones`: a command that writes a file without deletions.
    func tombstonesHint(_ blocks: [String]) -> String {
        let folders = blocks.map { "\(path)/\($0)" }
        let more = folders.count > 8 ? ", and in \(folders.count - 8) more" : ""
        let write = #"printf '\001\060\272\060\001\000\000\000\000' > "$b/tombstones""#
        return
            "Prometheus cannot snapshot a block without 'tombstones' (blocks from a Thanos bucket have none): write an "
            + "empty file of that name, 9 bytes, that belongs to the server's user; no restart is needed: for b in "
            + "\(folders.prefix(8).map { "'\($0)'" }.joined(separator: " ")); do \(write); done\(more)"
    }

    /// Names of the blocks' directories.
    func blocks() -> [String] { Self.entries(path).filter(BlockName.isBlock).sorted() }

    /// Blocks that existed before the snapshot, still exist, and are not in it: the server does not load them.
    func unloadedBlocks(before: [String], snapshot: [String]) -> (damage: [Damage], warnings: [String]) {
        let missing = Set(before).subtracting(snapshot).intersection(blocks()).sorted()
        var result: (damage: [Damage], warnings: [String]) = ([], [])
        for name in missing {
            do {
                _ = try BlockMeta(readingFrom: "\(path)/\(name)")
                result.warnings.append("block \(name) is not in the snapshot: the server has not loaded it")
            } catch {
                let detail = (error as? BlockDefect)?.detail ?? "\(error)"
                result.damage.append(
                    Damage(
                        path: name,
                        reason: "the server does not load it, so it is not in the snapshot: meta.json \(detail)"))
            }
        }
        return result
    }

    // MARK: Snapshots

    func snapshots() -> [String] { Self.entries(snapshotsPath).filter(BlockName.isSnapshot).sorted() }

    func hasSnapshot(_ name: String) -> Bool { access("\(snapshotsPath)/\(name)", F_OK) == 0 }

    /// Does nothing if the snapshot does not exist.
    func removeSnapshot(_ name: String) throws {
        precondition(BlockName.isSnapshot(name))
        do {
            try FileManager.default.removeItem(atPath: "\(snapshotsPath)/\(name)")
        } catch let error as CocoaError where error.code == .fileNoSuchFile {}
    }

    private static func entries(_ path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }
}
