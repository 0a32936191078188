internal import FoundationEssentials
internal import Glibc
internal import Repository

/// A server's `--storage.tsdb.path`, as this machine sees it. All calls block.
struct DataDirectory: Sendable {
    /// A snapshot with the head cannot be made with less, in bytes; the server then leaves half of one behind.
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
                .misconfigured, operation, "data directory '\(path)' is not there",
                hint: "`data:` must be the server's --storage.tsdb.path as this machine sees it")
        }
        // Write access is needed to remove the snapshot.
        let place = access(snapshotsPath, F_OK) == 0 ? snapshotsPath : path
        guard access(path, R_OK | X_OK) == 0, access(place, R_OK | W_OK | X_OK) == 0 else {
            throw ComponentError(
                .misconfigured, operation, "'\(place)' is not readable and writable for this user",
                hint: "run as the server's user or as root: snapshots are read and removed there")
        }
    }

    /// Refuses when the server's own path leads, on this machine, to another TSDB. Where it leads nowhere (another
    /// container's mount), only the snapshot can tell.
    func checkIsServers(_ flag: String, workingDirectory: String, _ operation: String) throws {
        let path = flag.hasPrefix("/") ? flag : "\(workingDirectory)/\(flag)"
        guard let theirs = FileIdentity(path), theirs != FileIdentity(self.path) else { return }
        guard access("\(path)/wal", F_OK) == 0 || access("\(path)/chunks_head", F_OK) == 0 else { return }
        throw ComponentError(
            .misconfigured, operation, "the server's data are in '\(path)', not in '\(self.path)'",
            hint: "`data:` must be the server's --storage.tsdb.path as this machine sees it")
    }

    func checkSpace(_ operation: String) throws {
        var volume = statvfs()
        guard statvfs(path, &volume) == 0 else { return }
        let free = Int(clamping: UInt64(volume.f_bavail) &* UInt64(volume.f_frsize))
        guard free >= Self.leastSpace else {
            throw ComponentError(
                .noSpace, operation, "only \(free) bytes are free on the volume of '\(path)'",
                hint: "free some space: the head block is written anew into a snapshot")
        }
    }

    // MARK: Blocks

    /// Names of the blocks' directories.
    func blocks() -> [String] { Self.entries(path).filter(BlockName.isBlock).sorted() }

    /// Blocks that were there before the snapshot, still are, and yet are not in it: the server does not load them.
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

    /// Harmless when there is none of that name.
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
