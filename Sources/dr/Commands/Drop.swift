import ArgumentParser
import BackupRepository
import Documents
import ObjectStorage
import Operations
import Platform
import StackConfiguration

struct Drop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove one backup set, regardless of the retention policy.",
        discussion: """
            Use it for a set whose name comes from a wrong clock, or that must not be restored. Restores and dr status \
            skip the set immediately. The first prune after the grace period removes it; until then, `dr pin` undoes \
            the drop. With --copy, the set goes from that copy alone, and `dr pin` does not undo it. Refuses a pinned set \
            and the last set that holds a component whole, unless --force is given. Exit code 1: pruning is frozen, and \
            the removal waits.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Name of the set.")
    var set: String

    @Option(name: .long, help: "Reason, recorded with the set.")
    var reason: String

    @Option(
        name: .long,
        help: "Time until the removal; 0s removes the set immediately (default: retention.grace, else 24h).")
    var grace: PeriodText?

    @Option(name: .long, help: "Drop it from this copy of `store: copies:` in dr.yaml, and not from the first store.")
    var copy: String?

    @Flag(name: .long, help: "Show what would be removed, and change nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Drop the set even if it is pinned, or is the last that holds a component whole.")
    var force = false

    @Flag(name: .shortAndLong, help: "Skip the confirmation prompt.")
    var yes = false

    func validate() throws {
        guard Timestamp(set) != nil else {
            throw ValidationError("'\(set)' is not the name of a set, such as 20261128T230000Z")
        }
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason must not be empty") }
    }

    func run() async throws {
        guard let name = Timestamp(set) else { return }
        let first = try Session(options)
        let session = try copy.map { try first.on(first.copies([$0])[0]) } ?? first
        let output = Output(options: options)
        let opened = try await session.repository()
        // Before anything is written to it.
        if let copy { try first.requireCopy(opened, named: copy) }
        let repository = try await dryRun ? opened : session.writableRepository()
        let names = try await session.pool.run { try repository.setNames() }
        guard names.contains(name) else {
            throw RepositoryError(
                .noSuchSet, object: Layout.set(name).text, "there is no such set",
                hint: "run `dr list\(copy.map { " --copy \($0)" } ?? "")` to see the sets")
        }
        let marks = try await session.pool.run { try SetMarks(Marks(repository)) }
        let isPinned = marks[name].pinned?.holds(at: session.now()) == true
        let last = try await lastHeld(by: name, among: names, marks: marks, in: repository, session: session)
        if !force { try refuse(name, isPinned: isPinned, last: last) }
        let wasDropped = marks[name].dropReason(at: session.now()) != nil
        if !dryRun, !yes { try await confirm(name, session) }
        var report: PruneReport?
        if !dryRun {
            if !wasDropped || isPinned {
                try await mark(name, isPinned: isPinned, marks: marks, in: repository, session: session)
            }
            if let reason = repository.signing.refusalToSign(as: [.prune], at: session.now()) {
                output.note("note: this machine does not prune: \(reason)")
            } else {
                var prune = try session.prune(of: repository).ofDroppedSets
                if let grace { prune.grace = grace.seconds }
                let display = ProgressDisplay(options: options, work: [("", prune.progress)])
                report = try await display.during { [prune] in try await prune.run() }
            }
        }
        if let report { PruneText.warn(report, output) }
        let result = Result(
            set: name, copy: copy, reason: reason, dryRun: dryRun, lastOf: last, prune: report,
            removed: report?.sets.first { $0.name == name }?.fate == .removed)
        try output.result(result) { text(result, report) }
        if report?.frozen.isEmpty == false { throw ExitStatus.failed }
    }

    private func refuse(_ name: Timestamp, isPinned: Bool, last: [String]) throws {
        if isPinned {
            guard copy == nil else {
                throw ValidationError("set \(name) is pinned\(place("in")): add --force to drop it there")
            }
            throw ValidationError("set \(name) is pinned: run `dr pin \(name) --remove` first, or add --force")
        }
        if !last.isEmpty {
            throw ValidationError(
                "set \(name) is the last\(place("in")) that holds \(last.joined(separator: ", ")) whole: run "
                    + "`\(copy.map { "dr copy \($0)" } ?? "dr backup")` first, or add --force")
        }
    }

    /// The words for the copy; empty for the first store.
    private func place(_ word: String) -> String { copy.map { " \(word) copy \($0)" } ?? "" }

    private func confirm(_ name: Timestamp, _ session: Session) async throws {
        let question = TerminalQuestion("drop set \(name)\(place("from"))?")
        guard TerminalQuestion.isPossible else {
            throw ValidationError("there is no terminal to confirm at: add --yes, or run with --dry-run first")
        }
        try await session.pool.run { try question.confirm() }
    }

    /// - Returns: the components that this set holds whole, and that no other usable set holds whole.
    private func lastHeld(
        by name: Timestamp, among names: [Timestamp], marks: SetMarks, in repository: Repository, session: Session
    ) async throws -> [String] {
        let set: BackupSet
        do { set = try await session.pool.run { try repository.set(name) } } catch let error as RepositoryError {
            // A damaged set holds nothing that could be restored. Another machine may read this one.
            guard [.encrypted, .newerVersion].contains(error.reason), !force else { return [] }
            throw ValidationError(
                "what set \(name) holds is not known, because it cannot be read here (\(error.detail)): add --force")
        }
        var last = Set(set.components.filter(\.value.isWhole).keys)
        let now = session.now()
        for other in names.reversed() where other != name && !last.isEmpty {
            let facts = marks[other]
            guard facts.dropReason(at: now) == nil, !facts.isDamaged, !repository.scope.isFuture(other, at: now)
            else { continue }
            do {
                let held = try await session.pool.run { try repository.set(other) }
                guard held.stack == set.stack else { continue }
                last.subtract(held.components.filter(\.value.isWhole).keys)
            } catch is RepositoryError { continue }
        }
        return last.sorted()
    }

    private func mark(
        _ name: Timestamp, isPinned: Bool, marks: SetMarks, in repository: Repository, session: Session
    ) async throws {
        let dropped = DroppedMark(at: session.now(), tool: Release.tool, set: name, reason: reason)
        let pinnedAt = isPinned ? marks[name].pinnedAt : nil
        _ = try await session.pool.run {
            let marks = Marks(repository)
            if let pinnedAt {
                let unpinned = max(dropped.at, Timestamp(seconds: pinnedAt.seconds + 1))
                try marks.put(UnpinnedMark(at: unpinned, set: name))
            }
            try marks.put(dropped)
        }
    }

    private func text(_ result: Result, _ report: PruneReport?) -> String {
        let name = result.set
        var lines: [String] = []
        if dryRun {
            lines.append("set \(name) would be dropped\(place("from")): \(reason)")
        } else if result.removed {
            lines.append("set \(name) is removed\(place("from")): \(reason)")
        } else {
            let due = report?.sets.first { $0.name == name }?.due
            let when = due.map { "the first prune after \($0.readable)" } ?? "a later prune"
            // `dr pin` is about the first store.
            let undo = copy == nil ? ", `dr pin \(name) --until forever` undoes the drop" : ""
            lines.append("set \(name) is dropped\(place("from")): \(reason); \(when) removes it\(undo)")
        }
        if !result.lastOf.isEmpty {
            lines.append("it is the last set\(place("in")) that holds \(result.lastOf.joined(separator: ", ")) whole")
        }
        if let report { lines.append(PruneText.summary(report)) }
        return lines.joined(separator: "\n")
    }

    private struct Result: Encodable {
        var set: Timestamp
        /// The copy that it is dropped from; absent for the first store.
        var copy: String?
        var reason: String
        var dryRun: Bool
        /// Components that no other usable set holds whole.
        var lastOf: [String]
        /// The prune that announced or removed the set; absent in a dry run.
        var prune: PruneReport?
        var removed: Bool
    }
}

/// A length of time on the command line, in whole seconds; may be zero.
struct PeriodText: ExpressibleByArgument {
    var seconds: Int

    init?(argument: String) {
        guard let period = try? Period(argument) else { return nil }
        seconds = Int(period.duration.components.seconds)
    }
}
