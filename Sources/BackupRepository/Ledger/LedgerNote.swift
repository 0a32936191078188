internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Platform

/// A note in the state folder about a run whose entry is not in the ledger yet. A run leaves one first, so that a later run
/// can write the entry if the store is away, or if the process dies.
///
/// Its lock shows that the run is alive. The kernel releases it when the process ends for any reason.
package final class LedgerNote: Sendable {
    private struct Content: Codable {
        var entry: LedgerEntry
        /// The newest known entry when the note was made.
        var head: LedgerHead?
    }

    /// The entry as far as it is known: of phase ``LedgerEntry/Phase/begun`` while the run runs.
    package let entry: LedgerEntry
    package let head: LedgerHead?
    private let path: String
    private let lock: Int32

    /// Leaves a note about a run of this process.
    /// - Throws: `FileError`, `RepositoryError`.
    package init(_ entry: LedgerEntry, in state: StateFolder) throws {
        self.entry = entry
        head = state.ledgerHead()
        path = "\(try state.ledgerFolder())/\(entry.at)-\(RandomID.make().prefix(12))"
        lock = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw FileError("\(path).lock", code: errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw FileError("\(path).lock", code: errno) }
        try write(entry)
    }

    /// Opens the note of a dead process; nil if its run is alive, or the note is gone.
    private init?(left path: String) {
        self.path = path
        lock = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0,
            let data = try? Data(contentsOf: URL(filePath: "\(path).json")),
            let content = try? JSONDecoder().decode(Content.self, from: data)
        else { return nil }
        (entry, head) = (content.entry, content.head)
    }

    deinit { if lock >= 0 { close(lock) } }

    /// Replaces the entry, for example by the one with the result.
    package func write(_ entry: LedgerEntry) throws {
        let bytes = try JSONEncoder().encode(Content(entry: entry, head: head))
        try OutputFile.write([UInt8](bytes), to: "\(path).json", mode: 0o600, links: .refuse)
    }

    /// Removes the note: its entry is in the ledger.
    package func remove() {
        unlink("\(path).json")
        unlink("\(path).lock")
    }

    /// Returns the notes of dead processes, oldest first.
    package static func left(in state: StateFolder) throws -> [LedgerNote] {
        let folder = try state.ledgerFolder()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted().prefix(mostNotes).compactMap {
            LedgerNote(left: "\(folder)/\($0.dropLast(".json".count))")
        }
    }

    /// The number of notes that one run looks at.
    private static let mostNotes = 100

    /// The entry that a later run writes for this note.
    package var leftEntry: LedgerEntry {
        guard entry.phase == .begun else { return entry }
        var entry = entry
        entry.phase = .abandoned
        entry.reason = "the process ended before its run did"
        return entry
    }
}
