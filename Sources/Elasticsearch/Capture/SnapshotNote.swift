internal import BackupRepository
internal import Documents
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// A run's note that it is about to request a snapshot, so that the next run can remove a snapshot that a killed run
/// left.
///
/// One file per run in the component's state folder. Its run locks it until the process ends; the kernel then releases
/// the lock in every case. All calls block.
final class SnapshotNote: Sendable {
    let repository: String
    let snapshot: String
    let run: String
    private let path: String
    private let descriptor: CInt

    private static let suffix = ".snapshot"

    private init(repository: String, snapshot: String, run: String, path: String, descriptor: CInt) {
        self.repository = repository
        self.snapshot = snapshot
        self.run = run
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        // Closing is not enough: a child process that is being started shares the descriptor until its exec.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// - Throws: `ComponentError`.
    static func write(repository: String, snapshot: String, run: String, in state: String) throws -> SnapshotNote {
        let path = "\(state)/\(run)\(suffix)"
        // It has another name until it is locked and written, so that no other run ever sees it without its lock.
        let unfinished = path + ".new"
        let descriptor = open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw refusal(unfinished) }
        let note = SnapshotNote(
            repository: repository, snapshot: snapshot, run: run, path: path, descriptor: descriptor)
        let content: JSONValue = [
            "repository": .string(repository), "snapshot": .string(snapshot), "run": .string(run),
        ]
        let bytes = content.document
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
            fsync(descriptor) == 0, rename(unfinished, path) == 0
        else {
            let failure = refusal(unfinished)
            unlink(unfinished)
            throw failure
        }
        return note
    }

    /// Notes of runs that have ended, each locked by this process now. Unreadable ones are removed.
    static func abandoned(in state: String) -> [SnapshotNote] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
        return names.sorted().compactMap { name in
            guard name.hasSuffix(suffix) else { return nil }
            let path = "\(state)/\(name)"
            let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { return nil }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                return nil
            }
            guard let bytes = FileManager.default.contents(atPath: path),
                let content = try? JSONValue(parsing: [UInt8](bytes)), let repository = content["repository"]?.text,
                let snapshot = content["snapshot"]?.text, let run = content["run"]?.text
            else {
                // No run wrote it: notes get their name when they are complete.
                unlink(path)
                close(descriptor)
                return nil
            }
            return SnapshotNote(
                repository: repository, snapshot: snapshot, run: run, path: path, descriptor: descriptor)
        }
    }

    func remove() { unlink(path) }

    private static func refusal(_ path: String) -> ComponentError {
        let code = errno
        return ComponentError(
            code == ENOSPC ? .noSpace : .other, operation: "write '\(path)'", Errno(rawValue: code).description,
            hint: "`state:` in dr.yaml must be a folder that this user can write to")
    }
}
