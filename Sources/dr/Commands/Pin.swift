import ArgumentParser
import BackupRepository
import Foundation
import Operations
import Platform

struct Pin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a set whatever retention says, until a date or for ever.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The set: \(SetSelector.words).")
    var set: SetSelector

    @Option(name: .long, help: "Until when: YYYY-MM-DD (UTC), an RFC 3339 time, a set's kind of name, or 'forever'.")
    var until: String?

    @Option(name: .long, help: "Why; shown by dr list.")
    var reason: String?

    @Flag(name: .long, help: "Take the pin off again.")
    var remove = false

    func validate() throws {
        guard (until != nil) != remove else { throw ValidationError("give one of --until and --remove") }
        _ = try end()
    }

    /// - Returns: nil for ever.
    private func end() throws -> Timestamp? {
        guard let until, until != "forever" else { return nil }
        if let time = Timestamp(until) { return time }
        for text in [until, "\(until)T00:00:00Z"] {
            if let date = try? Date(text, strategy: .iso8601) {
                return Timestamp(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down)))
            }
        }
        throw ValidationError("--until: '\(until)' is no date")
    }

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository()
        let name = try await session.set(set, in: repository).name
        let end = try end(), now = session.now()
        if let end, end <= now { throw ValidationError("--until: \(end.rfc3339) is over") }
        try await session.pool.run { [reason, remove] in
            let marks = Marks(repository)
            if remove {
                // A pin from the future, by a wrong clock, must not outlive its removal.
                let pinned = try SetMarks(marks)[name].pinnedAt?.seconds ?? 0
                try marks.put(UnpinnedMark(at: max(now, Timestamp(seconds: pinned + 1)), set: name))
            } else {
                try marks.put(PinnedMark(at: now, set: name, until: end, reason: reason))
            }
        }
        let result = Result(set: name, pinned: !remove, until: end)
        try Output(options: options).result(result) {
            remove
                ? "set \(name) is not pinned"
                : "set \(name) is pinned \(end.map { "until \($0.readable)" } ?? "for ever")"
        }
    }

    private struct Result: Encodable {
        var set: Timestamp
        var pinned: Bool
        var until: Timestamp?
    }
}
