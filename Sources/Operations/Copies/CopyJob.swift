package import BackupRepository
import ObjectStorage
import Platform
import StackConfiguration

/// `dr copy`, and the end of `dr backup`: brings the copies of the store up to date.
package struct CopyJob {
    private let session: Session
    private let output: Output
    /// The copies to bring up to date; empty for all.
    package var names: [String] = []
    package var isDryRun = false
    /// True to begin a copy anew that is gone from its place.
    package var creates = false
    /// False to keep in the copies what their retention drops. What the kept sets need is looked for in any case.
    package var prunes = true

    package init(_ session: Session, _ output: Output) {
        self.session = session
        self.output = output
    }

    /// The result for one copy.
    package struct Outcome: Encodable, Sendable {
        package var name: String
        package var location: String
        package var isDryRun: Bool
        /// The copied sets, newest first; in a dry run, those that would be copied.
        package var sets: [Timestamp] = []
        package var objects = 0
        /// Bytes of the objects as they are stored. Zero in a dry run.
        package var bytes = 0
        package var failed: [UncopiedSet] = []
        /// Sets that `dr copy` never sends again: a prune of the copy gave up an unfinished copy of each.
        package var abandoned: [Timestamp] = []
        /// Sets in the copy that lack an object there, newest first.
        package var incomplete: [PruneReport.Incomplete] = []
        /// The reason why the copy could not be looked through for what its sets need, on one line; absent if it was, and
        /// if ``error`` says more.
        package var unexamined: String?
        /// The reason why the copy was not brought up to date.
        package var error: String?
        /// The newest set in the copy.
        package var newest: Timestamp?

        package var isWhole: Bool { error == nil && failed.isEmpty && incomplete.isEmpty && unexamined == nil }

        package var text: String {
            if let error { return "copy \(name): failed: \(error)" }
            var lines = failed.map { "set \($0.set) was not copied: \($0.reason)" }
            lines += abandoned.map { "set \($0) is not copied: a prune of the copy gave up an unfinished copy of it" }
            lines += damage
            if let unknown { lines.append(unknown) }
            let isPreview = isDryRun && !sets.isEmpty
            return ([isPreview ? "would copy \(Units.count(sets.count, "set"))" : sent] + lines)
                .map { "copy \(name): \($0)" }.joined(separator: "\n")
        }

        private var sent: String {
            let state = newest.map { "newest set \($0)" } ?? "no set yet"
            guard sets.isEmpty else {
                return "copied \(Units.count(sets.count, "set")), \(Units.count(objects, "object")), "
                    + "\(Units.bytes(bytes)), \(state)"
            }
            if isWhole { return "up to date, \(state)" }
            let isKnown = !failed.isEmpty || !incomplete.isEmpty
            let nothing = isDryRun ? "nothing would be copied" : "nothing was copied"
            return "\(nothing)\(isKnown ? ", and it is not whole" : ""), \(state)"
        }

        /// A line that says why nobody knows whether the copy is whole.
        private var unknown: String? { unexamined.map { "it could not be looked through: \($0)" } }

        /// A line that names the newest set whose objects the copy lacks, and the command that puts them back.
        private var damage: [String] {
            guard let first = incomplete.first else { return [] }
            let more = incomplete.count > 1 ? ", and \(incomplete.count - 1) older sets are not whole" : ""
            return [
                "set \(first.set) is not whole there: \(first.reason)\(more): `dr repair --copy \(name)` puts back what "
                    + "another store has, and `\(DropAdvice.command(for: first.set, inCopy: name))` removes a set that "
                    + "none has"
            ]
        }

        /// The warning at the end of a backup; nil if the copy has all that it is to have.
        var warning: String? {
            if isWhole, abandoned.isEmpty { return nil }
            // What a copy lacks of sets that it has, only a repair brings: the text names it.
            let remedy = error == nil && failed.isEmpty && unexamined == nil ? "" : "; `dr copy \(name)` tries again"
            return "\(text)\nhint: the backup is complete\(remedy)"
        }

        /// The first reason why the copy is not whole, for ``CopyNote/error``.
        fileprivate var trouble: String? {
            error ?? failed.first.map { "set \($0.set): \($0.reason)" } ?? damage.first ?? unknown
        }
    }

    /// Brings the copies up to date, one after another. A copy that fails does not keep the others from it.
    /// - Parameter repository: the first store's; nil to open it.
    /// - Throws: errors of the first store, `UsageError`, `CancellationError`.
    package func run(from repository: Repository? = nil) async throws -> [Outcome] {
        let copies = try session.copies(names)
        guard !copies.isEmpty else {
            throw UsageError("dr.yaml has no copies", hint: "add them to `store: copies:`; see docs/copies.md")
        }
        let source = if let repository { repository } else { try await session.repository() }
        var outcomes: [Outcome] = []
        for copy in copies {
            var outcome = Outcome(name: copy.name, location: "\(copy.store.url)", isDryRun: isDryRun)
            do { try await bringUpToDate(copy, from: source, &outcome) } catch is CancellationError {
                // The sets are copied, and the rest was interrupted.
                if outcome.unexamined != nil, !isDryRun { note(outcome, of: source) }
                throw CancellationError()
            } catch { outcome.error = "\(copy.advising(error))" }
            if !isDryRun { note(outcome, of: source) }
            outcomes.append(outcome)
        }
        if !isDryRun { await session.noteCopies(of: source) }
        return outcomes
    }

    private func bringUpToDate(
        _ copy: CopyConfiguration, from source: Repository, _ outcome: inout Outcome
    ) async throws {
        let place = session.on(copy).askingOnce
        let target = try await open(copy, at: place, of: source)
        var unreadable: [UncopiedSet] = []
        let wanted = try await place.keptSets(in: source, by: place.configuration.retention.policy) { name, reason in
            unreadable.append(UncopiedSet(set: name, reason: "its document cannot be read: \(reason)"))
        }
        let now = session.now()
        let (lacking, unread, newest) = try await session.pool.run { [names = Set(unreadable.map(\.set))] in
            (
                try SetCopy.lacking(wanted, in: target), Set(try SetCopy.lacking(names, in: target)),
                try target.flatMap { try SetCopy.newest(in: $0, at: now) }
            )
        }
        outcome.failed = unreadable.filter { unread.contains($0.set) }
        outcome.newest = newest
        if let target { try await warnOfLoss(in: source, against: target, named: copy.name) }
        guard let target, !isDryRun else {
            let passed = try await SetCopy.passedOver(lacking, from: source, to: target, pool: session.pool)
            outcome.sets = lacking.filter { name in !passed.contains { $0.set == name } }
            outcome.failed += passed
            if let target { try await prune(target, at: place, &outcome) }
            return
        }
        let progress = WorkProgress()
        var job = SetCopy(
            source, to: target, tool: Release.tool, now: session.now(), pool: session.pool, progress: progress)
        job.limit = copy.bandwidth.map { RateLimit(bytesPerSecond: $0) }
        let display = ProgressDisplay(options: session.options, work: [(copy.name, progress)])
        let report = try await display.during { [job] in try await job.run(lacking) }
        (outcome.sets, outcome.objects, outcome.bytes) = (report.sets, report.objects, report.bytes)
        outcome.failed += report.failed
        outcome.abandoned = report.abandoned
        outcome.newest = (report.sets + [newest].compactMap { $0 }).max()
        try await prune(target, at: place, &outcome)
    }

    private func warnOfLoss(in source: Repository, against target: Repository, named name: String) async throws {
        let lost = try await session.pool.run { try SetCopy.lost(by: source, in: target) }
        guard let last = lost.last else { return }
        output.warn(
            "the first store lacks \(Units.count(lost.count, "set")) of copy \(name), up to \(last), and no prune removed "
                + "\(lost.count == 1 ? "it" : "them")\nhint: `dr repair` brings back what it lacks")
    }

    /// Opens the copy; nil in a dry run if it is empty.
    /// - Throws: `RepositoryError` `.otherRepository`, or `.notARepository` if the copy is gone from its place.
    private func open(
        _ copy: CopyConfiguration, at place: Session, of source: Repository
    ) async throws -> Repository? {
        let seen = creates ? nil : session.seenSet(in: copy, of: source)
        let isEmpty = try await session.pool.run {
            guard let store = try session.store(of: copy, creating: !isDryRun, seen: seen) else { return true }
            guard try store.head(Layout.description) == nil else { return false }
            if !isDryRun { try SetCopy.begin(from: source, in: store) }
            return true
        }
        if isEmpty, isDryRun { return nil }
        let target: Repository
        do { target = try await place.repository() } catch var error as RepositoryError
            where error.reason == .damaged && error.object == Layout.description.text
        {
            error.hint = "`dr repair --copy \(copy.name)` puts it back"
            throw error
        }
        guard target.description.id == source.description.id else {
            throw RepositoryError(
                .otherRepository, object: target.store.location,
                "it is repository \(target.description.id), and the copies of \(source.description.id) need another place",
                hint: "name an empty prefix or directory as copy '\(copy.name)'")
        }
        if isEmpty, try await session.pool.run({ try target.setNames().isEmpty }) {
            try? session.state(of: source).forgetCopy(copy.name)
        }
        if let objection = target.description.objection(asCopyOf: source.description) {
            output.warn(
                "copy \(copy.name): \(objection)\nhint: remove that object from the copy, and the next `dr copy` writes it "
                    + "again")
        }
        return target
    }

    /// Prunes the copy, or only looks for what its sets need where nothing is to be removed. Notes the sets in the copy that
    /// lack an object there, or the reason why they are not known.
    /// - Throws: `CancellationError`.
    private func prune(_ target: Repository, at place: Session, _ outcome: inout Outcome) async throws {
        let name = outcome.name
        let removes =
            prunes && !isDryRun && target.signing.refusalToSign(as: [.prune], at: session.now()) == nil
        do {
            var prune = try place.prune(of: target)
            prune.isDryRun = !removes
            let report = try await prune.run()
            outcome.incomplete = report.incomplete
            guard removes else { return }
            for refusal in report.frozen {
                output.warn("pruning copy \(name) is frozen: \(refusal.reason)\nhint: \(refusal.remedy)")
            }
            for warning in report.warnings { output.warn("copy \(name): \(warning)") }
        } catch is CancellationError {
            outcome.unexamined = "it was interrupted; the next run continues it"
            throw CancellationError()
        } catch {
            outcome.unexamined = "\(error)".split(whereSeparator: \.isNewline).joined(separator: "; ")
        }
    }

    /// Notes the state of the copy for `dr status`. A note that cannot be written costs nothing else.
    private func note(_ outcome: Outcome, of source: Repository) {
        guard let state = try? session.state(of: source) else { return }
        let before = state.copyNote(outcome.name)
        var note = CopyNote(at: session.now())
        note.succeeded = outcome.isWhole ? note.at : before?.succeeded
        note.location = outcome.location
        let isSamePlace = before?.location == nil || before?.location == outcome.location
        note.newest = outcome.error == nil ? outcome.newest : isSamePlace ? before?.newest : nil
        note.missing = outcome.failed.count
        note.error = outcome.trouble
        do { try state.record(note, ofCopy: outcome.name) } catch {
            output.warn("the state of copy \(outcome.name) could not be noted: \(error)")
        }
    }
}
