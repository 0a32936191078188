internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// A run's note that it is about to ask for a snapshot, so that the next run can tell, and remove, what it left behind.
///
/// One file per run in the component's state folder, written and synced before the request: a line of JSON with what
/// was known then and, once the answer has come, a second line with the snapshot's name. Its run holds a lock on it for
/// as long as it lives; the kernel drops the lock with the process, however it ends. All calls block.
final class SnapshotNote: Sendable {
    struct Request: Codable, Equatable {
        /// Seconds since 1970, by the server's clock.
        var time: Int
        /// Snapshots that were there before.
        var existing: [String]
    }

    private static let prefix = "snapshot-"
    private static let suffix = ".note"
    /// How long after its request a snapshot's name may be dated: the server names it as soon as the request is there,
    /// which on an overloaded machine can be well after the clock was read.
    private static let window = -2...60

    private let path: String
    private let descriptor: CInt
    let request: Request
    /// As read from the file; a live run knows its own.
    let name: String?

    private init(path: String, descriptor: CInt, request: Request, name: String?) {
        self.path = path
        self.descriptor = descriptor
        self.request = request
        self.name = name
    }

    deinit {
        // Closing alone would not do: a child process that is being started shares the descriptor until its exec.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Writes the note of a run that is about to make its request.
    /// - Throws: `POSIXFailure`.
    static func write(_ request: Request, run: String, in state: String) throws -> SnapshotNote {
        let path = "\(state)/\(prefix)\(run)\(suffix)"
        // Under another name until it is locked and written, so that no other run ever sees it without its lock.
        let unfinished = path + ".new"
        let descriptor = open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXFailure("write '\(unfinished)'") }
        let note = SnapshotNote(path: path, descriptor: descriptor, request: request, name: nil)
        do {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw POSIXFailure("lock '\(unfinished)'") }
            try note.append(JSONEncoder().encode(request))
            guard rename(unfinished, path) == 0 else { throw POSIXFailure("rename '\(unfinished)'") }
        } catch {
            unlink(unfinished)
            throw error
        }
        return note
    }

    /// Notes of runs that are dead, each locked by this process now. Unreadable ones are removed.
    static func abandoned(in state: String) -> [SnapshotNote] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
        return names.sorted().compactMap { name in
            guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
            let path = "\(state)/\(name)"
            let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { return nil }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, let content = FileManager.default.contents(atPath: path)
            else {
                close(descriptor)
                return nil
            }
            let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            guard let first = lines.first, let request = try? JSONDecoder().decode(Request.self, from: first) else {
                // Not written by any run: notes get their name when they are whole.
                unlink(path)
                close(descriptor)
                return nil
            }
            // A name counts once its line is whole.
            let second = lines.count > 2 ? String(decoding: lines[1], as: UTF8.self) : nil
            return SnapshotNote(path: path, descriptor: descriptor, request: request, name: second)
        }
    }

    /// Adds the name that the server gave.
    func record(_ name: String) throws { try append(Data(name.utf8)) }

    func remove() { unlink(path) }

    /// Which of `present` this request may have made: by name where the answer came, else by what is new and dated
    /// right after the request.
    func candidates(among present: [String]) -> [String] {
        if let name { return present.filter { $0 == name } }
        return present.filter { candidate in
            guard !request.existing.contains(candidate), let made = BlockName.snapshotTime(candidate) else {
                return false
            }
            let (age, overflow) = made.subtractingReportingOverflow(request.time)
            return !overflow && Self.window.contains(age)
        }
    }

    private func append(_ line: Data) throws {
        let bytes = [UInt8](line) + [UInt8(ascii: "\n")]
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw POSIXFailure("write '\(path)'")
        }
    }
}

/// A system call that failed.
struct POSIXFailure: Error, CustomStringConvertible {
    let code: CInt
    let description: String

    init(_ operation: String, code: CInt = errno) {
        self.code = code
        description = "\(operation): \(Errno(rawValue: code))"
    }
}
