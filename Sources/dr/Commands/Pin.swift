import ArgumentParser
import BackupRepository
import FoundationEssentials
import Operations
import Platform
import StackConfiguration

struct Pin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a backup set regardless of the retention policy, until a date or forever.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Backup set: \(SetSelector.words).")
    var set: SetSelector

    @Option(
        name: .long,
        help: "End of the pin: YYYY-MM-DD (UTC), an RFC 3339 time, a time such as 20261128T230000Z, or 'forever'.")
    var until: String?

    @Option(name: .long, help: "Reason, recorded with the pin.")
    var reason: String?

    @Flag(name: .long, help: "Remove the pin.")
    var remove = false

    func validate() throws {
        guard (until != nil) != remove else { throw ValidationError("add either --until or --remove") }
        _ = try end()
    }

    /// - Returns: nil for a pin without an end.
    private func end() throws -> Timestamp? {
        guard let until, until != "forever" else { return nil }
        if let time = Timestamp(until) { return time }
        for text in [until, "\(until)T00:00:00Z"] {
            if let date = try? Date(text, strategy: .iso8601) {
                return Timestamp(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down)))
            }
        }
        throw ValidationError("--until: '\(until)' is not a valid date")
    }

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository()
        let name = try await session.set(set, in: repository).name
        let end = try end(), now = session.now()
        if let end, end <= now { throw ValidationError("--until: \(end.rfc3339) is in the past") }
        let grace = session.configuration.retention.grace ?? Prune.usualGrace
        let fate = try await session.pool.run { [reason, remove] in
            let marks = Marks(repository)
            if remove {
                // A pin from the future, by a wrong clock, must not outlive its removal.
                let pinned = try SetMarks(marks)[name].pinnedAt?.seconds ?? 0
                try marks.put(UnpinnedMark(at: max(now, Timestamp(seconds: pinned + 1)), set: name))
                return PinnedSet.safe
            }
            try marks.put(PinnedMark(at: now, set: name, until: end, reason: reason))
            return try PinnedSet(name, in: repository, grace: grace, now: now)
        }
        switch fate {
        case .safe: break
        case .announced:
            Output(options: options).note(
                "a prune had announced the removal of set \(name); a prune that begins from now on keeps it")
        case .due:
            throw RepositoryError(
                .setRemoved, object: "\(name)",
                "the pin is written, but the removal of the set is announced and due: "
                    + "a prune that runs now may remove it",
                hint: "wait until no prune runs, then run `dr list`: a set that it shows is kept")
        case .gone:
            throw RepositoryError(
                .setRemoved, object: "\(name)", "a prune removed the set before it read the pin",
                hint: "`dr list` lists the sets; versions of the bucket may still have its objects")
        }
        let result = Result(set: name, pinned: !remove, until: end)
        try Output(options: options).result(result) {
            remove
                ? "set \(name) is not pinned"
                : "set \(name) is pinned \(end.map { "until \($0.readable)" } ?? "forever")"
        }
    }

    private struct Result: Encodable {
        var set: Timestamp
        var pinned: Bool
        var until: Timestamp?
    }
}
