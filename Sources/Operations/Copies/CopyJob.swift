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
    /// False to keep in the copies what their retention drops.
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
        /// The reason why the copy was not brought up to date.
        package var error: String?
        /// The newest set in the copy.
        package var newest: Timestamp?

        package var isWhole: Bool { error == nil && failed.isEmpty }

        package var text: String {
            if let error { return "copy \(name): failed: \(error)" }
            let lines = failed.map { "copy \(name): set \($0.set) was not copied: \($0.reason)" }
            if isDryRun { return "copy \(name): would copy \(Units.count(sets.count, "set"))" }
            let state = newest.map { "newest set \($0)" } ?? "no set yet"
            let sent =
                sets.isEmpty
                ? "up to date"
                : "copied \(Units.count(sets.count, "set")), \(Units.count(objects, "object")), \(Units.bytes(bytes))"
            return (["copy \(name): \(sent), \(state)"] + lines).joined(separator: "\n")
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
                throw CancellationError()
            } catch { outcome.error = "\(error)" }
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
        let (plan, lacking) = try await session.pool.run { [names = Set(unreadable.map(\.set))] in
            (try SetCopy.plan(wanted, for: target), Set(try SetCopy.plan(names, for: target).sets))
        }
        outcome.failed = unreadable.filter { lacking.contains($0.set) }
        outcome.newest = plan.newest
        guard let target, !isDryRun else {
            outcome.sets = plan.sets
            return
        }
        let progress = WorkProgress()
        var job = SetCopy(
            source, to: target, tool: Release.tool, now: session.now(), pool: session.pool, progress: progress)
        job.limit = copy.bandwidth.map { RateLimit(bytesPerSecond: $0) }
        let display = ProgressDisplay(options: session.options, work: [(copy.name, progress)])
        let report = try await display.during { [job] in try await job.run(plan.sets) }
        (outcome.sets, outcome.objects, outcome.bytes) = (report.sets, report.objects, report.bytes)
        outcome.failed += report.failed
        outcome.newest = (report.sets + [plan.newest].compactMap { $0 }).max()
        if prunes { await prune(target, at: place, named: copy.name) }
    }

    /// Opens the copy; nil in a dry run if it is empty.
    /// - Throws: `RepositoryError` `.otherRepository`.
    private func open(
        _ copy: CopyConfiguration, at place: Session, of source: Repository
    ) async throws -> Repository? {
        let isEmpty = try await session.pool.run {
            let store = try StoreFactory.make(
                place.configuration.store, create: !isDryRun, use: session.storeUse, logger: session.logger)
            guard try store.head(Layout.description) == nil else { return false }
            if !isDryRun { try SetCopy.begin(from: source, in: store) }
            return true
        }
        if isEmpty, isDryRun { return nil }
        let target = try await place.repository()
        guard target.description.id == source.description.id else {
            throw RepositoryError(
                .otherRepository, object: target.store.location,
                "it is repository \(target.description.id), and the copies of \(source.description.id) need another place",
                hint: "name an empty prefix or directory as copy '\(copy.name)'")
        }
        return target
    }

    private func prune(_ target: Repository, at place: Session, named name: String) async {
        if target.signing.refusalToSign(as: [.prune], at: session.now()) != nil { return }
        do {
            var prune = try place.prune(of: target)
            // The notes of this machine are about the first store, and the snapshots of the sources are its own.
            prune.state = nil
            prune.repository.cache = nil
            prune.forget = { _, _ in }
            let report = try await prune.run()
            for refusal in report.frozen { output.warn("pruning copy \(name) is frozen: \(refusal.reason)") }
            for warning in report.warnings { output.warn("copy \(name): \(warning)") }
        } catch is CancellationError {
            output.warn("pruning copy \(name) was interrupted; the next run continues it")
        } catch { output.warn("copy \(name) could not be pruned: \(error)") }
    }

    /// Notes the state of the copy for `dr status`. A note that cannot be written costs nothing else.
    private func note(_ outcome: Outcome, of source: Repository) {
        guard let state = try? session.state(of: source) else { return }
        let before = state.copyNote(outcome.name)
        var note = CopyNote(at: session.now())
        note.succeeded = outcome.isWhole ? note.at : before?.succeeded
        note.newest = outcome.error == nil ? outcome.newest : before?.newest
        note.missing = outcome.failed.count
        note.error = outcome.error ?? outcome.failed.first.map { "set \($0.set): \($0.reason)" }
        do { try state.record(note, ofCopy: outcome.name) } catch {
            output.warn("the state of copy \(outcome.name) could not be noted: \(error)")
        }
    }
}
