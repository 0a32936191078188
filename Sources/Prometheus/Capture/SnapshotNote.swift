internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// A run's note that it is about to request a snapshot, so that the next run can find and remove a snapshot that a
/// killed run left.
///
/// One file per run in the component's state folder, written and synced before the request: a line of JSON with the
/// state before it and, after the answer, a second line with the snapshot's name. Its run locks it until the process
/// ends; the kernel then releases the lock in every case. All calls block.
final class SnapshotNote: Sendable {
    struct Request: Codable, Equatable {
        /// Seconds since 1970, by the server's clock.
        var time: Int
        /// Snapshots that existed before.
        var existing: [String]
    }

    private static let prefix = "snapshot-"
    private static let suffix = ".note"
    /// The accepted age of a snapshot's name after its request, in seconds. The server names it when the request
    /// arrives, which on an overloaded machine can be well after the clock was read.
    private static let window = -2...60

    private let path: String
    private let descriptor: CInt
    let request: Request
    /// The name from the file; a running run knows its own.
    let name: String?

    private init(path: String, descriptor: CInt, request: Request, name: String?) {
        self.path = path
        self.descriptor = descriptor
        self.request = request
        self.name = name
    }

    deinit {
        // Closing is not enough: a child process that is being started shares the descriptor until its exec.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Writes the note of a run that is about to make its request.
    /// - Throws: `POSIXFailure`.
    static func write(_ request: Request, run: String, in state: String) throws -> SnapshotNote {
        let path = "\(state)/\(prefix)\(run)\(suffix)"
        // It has another name until it is locked and written, so that no other run ever sees it without its lock.
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

    /// Notes of runs that have ended, each locked by this process now. Unreadable ones are removed.
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
                // No run wrote it: notes get their name when they are complete.
                unlink(path)
                close(descriptor)
                return nil
            }
            // A name counts once its line is complete.
            let second = lines.count > 2 ? String(decoding: lines[1], as: UTF8.self) : nil
            return SnapshotNote(path: path, descriptor: descriptor, request: request, name: second)
        }
    }

    /// Adds the name from the server's answer.
    func record(_ name: String) throws { try append(Data(name.utf8)) }

    func remove() { unlink(path) }

    /// The snapshots of `present` that this request may have made: by name after an answer, otherwise the new ones that
    /// are dated right after the request.
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
