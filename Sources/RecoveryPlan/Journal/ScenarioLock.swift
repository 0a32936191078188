internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// A lock that is held as long as the object exists.
///
/// The kernel releases it when the process exits for any reason, so there are no stale locks.
package final class ScenarioLock: Sendable {
    private let descriptor: Int32

    private struct Note: Codable {
        var run: String
        var holder: RunHolder
    }

    /// - Throws: ``JournalError`` `.held`, which names the holder.
    init(_ path: String, scenario: String, run: String, holder: RunHolder) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw JournalError(.cannotWrite, object: "lock '\(path)'", Errno.last.description)
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            let note = (try? Data(contentsOf: URL(filePath: path)))
                .flatMap { try? JSONDecoder().decode(Note.self, from: $0) }
            let holding = note.map {
                "run \($0.run) by \($0.holder.person) on \($0.holder.host), process \($0.holder.process)"
            }
            throw JournalError(
                .held, object: "scenario '\(scenario)'", "\(holding ?? "another run") is in progress",
                hint: "wait for it, or stop that process; resume a run that crashed with --resume")
        }
        descriptor = file
        ftruncate(file, 0)
        let bytes = [UInt8]((try? JSONEncoder().encode(Note(run: run, holder: holder))) ?? Data())
        _ = bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }
}
