package import BackupRepository
import ObjectStorage
import Platform
import StackConfiguration

/// `dr repair`: heals one store of the repository from the others.
package struct RepairJob {
    private let session: Session
    private let output: Output
    /// The copy to repair; nil for the first store.
    package var copy: String?
    /// The copies to take objects from; empty for all other stores.
    package var sources: [String] = []
    package var readsData = false
    package var isDryRun = false
    /// The file of a private key that opens encrypted documents.
    package var recoveryKey: String?

    package init(_ session: Session, _ output: Output) {
        self.session = session
        self.output = output
    }

    package struct Outcome: Encodable, Sendable {
        package var location: String
        package var dryRun: Bool
        /// The stores that objects are taken from.
        package var sources: [String] = []
        /// The stores that could not be used, each with the reason.
        package var away: [String] = []
        /// Sets that were gone from the first store, newest first; in a dry run, those that would be copied back.
        package var copied: [Timestamp] = []
        package var failed: [UncopiedSet] = []
        /// Sets whose objects were looked at.
        package var sets = 0
        package var repaired: [StoreRepair.Defect] = []
        /// Bytes that were put back.
        package var bytes = 0
        package var lost: [StoreRepair.Defect] = []
        /// Objects of which a store could not be asked, as while it has them archived.
        package var unread: [StoreRepair.Defect] = []

        package var isWhole: Bool { lost.isEmpty && unread.isEmpty && failed.isEmpty }
        package var foundDefects: Bool { !copied.isEmpty || !repaired.isEmpty || !isWhole }

        package var text: String {
            var lines = away.map { "passed over: \($0)" }
            if !copied.isEmpty {
                lines.append(
                    "\(dryRun ? "would copy back" : "copied back") \(Units.count(copied.count, "set")) that "
                        + "\(copied.count == 1 ? "is" : "are") gone, the newest \(copied[0])")
            }
            lines += failed.map { "set \($0.set) was not copied back: \($0.reason)" }
            lines += repaired.map { defect in
                let source = defect.source.map { ", from \($0)" } ?? ""
                return
                    "\(dryRun ? "would put back" : "put back") '\(defect.object.printable)'\(source): \(defect.reason)"
            }
            lines += lost.map { "LOST '\($0.object.printable)': \($0.reason)" }
            lines += unread.map { "not put back '\($0.object.printable)': \($0.reason)" }
            lines.append("\(Units.count(sets, "set")) looked at in \(location): \(verdict)")
            return lines.joined(separator: "\n")
        }

        /// The sets whose documents no store has whole.
        fileprivate var lostSets: [Timestamp] {
            lost.compactMap { defect in
                guard defect.object.hasPrefix(Layout.setPrefix), defect.object.hasSuffix(".json") else { return nil }
                return Timestamp(String(defect.object.dropFirst(Layout.setPrefix.count).dropLast(5)))
            }
        }

        private var verdict: String {
            if !foundDefects { return "nothing to repair" }
            var parts: [String] = []
            if !copied.isEmpty {
                parts.append("\(Units.count(copied.count, "set")) \(dryRun ? "to copy back" : "copied back")")
            }
            if !repaired.isEmpty {
                let size = dryRun ? "" : ", \(Units.bytes(bytes))"
                parts.append("\(Units.count(repaired.count, "object")) \(dryRun ? "to put back" : "put back")\(size)")
            }
            if !lost.isEmpty { parts.append("\(Units.count(lost.count, "object")) lost in all stores") }
            if !unread.isEmpty { parts.append("\(Units.count(unread.count, "object")) that could not be read") }
            if !failed.isEmpty { parts.append("\(Units.count(failed.count, "set")) not copied back") }
            return parts.joined(separator: ", ")
        }
    }

    /// - Throws: `UsageError`; errors of the store to repair; `CancellationError`.
    package func run() async throws -> Outcome {
        do { return try await heal() } catch let error as ObjectStoreError {
            guard let copy, let place = try session.copies([copy]).first else { throw error }
            throw place.advising(error)
        }
    }

    private func heal() async throws -> Outcome {
        let place = try copy.map { try session.on(session.copies([$0])[0]) } ?? session
        var outcome = Outcome(location: "\(place.configuration.store.url)", dryRun: isDryRun)
        var copyNames: [String: String] = [:]
        var foreign: RepositoryError?
        let others = try await openSources(
            &outcome, of: place.knownRepository, naming: &copyNames, foreign: &foreign)
        guard !others.isEmpty else {
            if session.configuration.store.copies.isEmpty {
                throw UsageError("dr.yaml has no copies", hint: "add them to `store: copies:`; see docs/copies.md")
            }
            if let foreign { throw foreign }
            throw ObjectStoreError(
                .unreachable, operation: "repair", key: nil, outcome.away.joined(separator: "; "),
                store: outcome.location, hint: "no other store of the repository can be used")
        }
        outcome.sources = others.map(\.store.location)
        guard let target = try await open(place, like: others[0]) else {
            try await copyBack(from: others, named: copyNames, to: nil, &outcome)
            return outcome
        }
        if let copy {
            let kept = try await place.keptSets(in: others[0], by: place.configuration.retention.policy)
            let lacking = try await session.pool.run { try SetCopy.lacking(kept, in: target).count }
            if lacking > 0 {
                output.note("copy \(copy) lacks \(Units.count(lacking, "set")): `dr copy \(copy)` brings them")
            }
        } else {
            try await copyBack(from: others, named: copyNames, to: target, &outcome)
        }
        let progress = WorkProgress()
        var repair = StoreRepair(
            target, from: others, now: session.now(), pool: session.pool, progress: progress)
        repair.readsData = readsData
        repair.isDryRun = isDryRun
        repair.state = try? StateFolder(session.stateFolder, repository: target.description)
        repair.lanes = session.lanes
        if let copy { copyNames[target.store.location] = copy }
        repair.copyNames = copyNames
        let display = ProgressDisplay(options: session.options, work: [("", progress)])
        let report = try await display.during { [repair] in try await repair.run() }
        (outcome.sets, outcome.bytes) = (report.sets, report.bytes)
        (outcome.repaired, outcome.lost, outcome.unread) = (report.repaired, report.lost, report.unread)
        if !isDryRun {
            place.noteDamage(
                report.lost.count, depth: readsData ? .data : .structure, isComplete: report.unread.isEmpty, in: target)
            session.noteCopyDamage(of: target)
        }
        if let set = outcome.lostSets.first {
            output.note("hint: `\(DropAdvice.command(for: set, inCopy: copy))` removes a set that no store has whole")
        }
        return outcome
    }

    // MARK: Stores

    /// Opens the stores to take objects from: the first one and the copies in their order, without the one to repair.
    /// - Parameters:
    ///   - known: the id of the repository to repair; nil if this machine does not know it.
    ///   - copyNames: gets the names of the opened copies, by location.
    ///   - foreign: gets the first error about a place that holds another repository.
    private func openSources(
        _ outcome: inout Outcome, of known: String?, naming copyNames: inout [String: String],
        foreign: inout RepositoryError?
    ) async throws -> [Repository] {
        let copies = try session.copies(sources).filter { $0.name != copy }
        var places = copies.map { (name: "copy \($0.name)", session: session.on($0)) }
        if copy != nil, sources.isEmpty { places.insert(("the first store", session), at: 0) }
        var opened: [Repository] = []
        for (name, place) in places {
            do {
                let repository = try await place.repository(recoveryKey: recoveryKey)
                if let wanted = known ?? opened.first?.description.id, wanted != repository.description.id {
                    throw RepositoryError(
                        .otherRepository, object: repository.store.location,
                        "it is repository \(repository.description.id), not \(wanted)")
                }
                if let copyName = place.copyName { copyNames[repository.store.location] = copyName }
                opened.append(repository)
            } catch is CancellationError { throw CancellationError() } catch {
                if let error = error as? RepositoryError, error.reason == .otherRepository {
                    foreign = foreign ?? error
                }
                outcome.away.append(Self.passedOver(name, error))
            }
        }
        return opened
    }

    private static func passedOver(_ name: String, _ error: any Error) -> String {
        "\(name): \("\(error)".split(whereSeparator: \.isNewline).joined(separator: "; "))"
    }

    /// Opens the store to repair. A first store that is empty becomes one of the repository; only `dr copy` begins a copy.
    /// - Returns: nil in a dry run if it has no description.
    /// - Throws: `RepositoryError` `.otherRepository` if it holds another one, `.notARepository` for an empty copy.
    private func open(_ place: Session, like source: Repository) async throws -> Repository? {
        if let known = place.knownRepository, known != source.description.id {
            throw RepositoryError(
                .otherRepository, object: source.store.location,
                "it is repository \(source.description.id), and \(place.configuration.store.url) was \(known)")
        }
        let copy = try self.copy.map { try session.copies([$0])[0] }
        let seen = copy.flatMap { session.seenSet(in: $0, of: source) }
        do {
            let isNew = try await session.pool.run {
                let store =
                    if let copy { try session.begunStore(of: copy, seen: seen) } else {
                        try StoreFactory.make(
                            place.configuration.store, create: !isDryRun, use: session.storeUse, logger: session.logger)
                    }
                guard try SetCopy.needsDescription(store) else { return false }
                if !isDryRun { try SetCopy.begin(from: source, in: store) }
                return true
            }
            if isNew, isDryRun { return nil }
        } catch let error as ObjectStoreError
            where error.reason == .noSuchStore && isDryRun && copy == nil
        { return nil }
        let target = try await place.repository(recoveryKey: recoveryKey)
        guard target.description.id == source.description.id else {
            throw RepositoryError(
                .otherRepository, object: target.store.location,
                "it is repository \(target.description.id), and the other store holds \(source.description.id)")
        }
        return target
    }

    // MARK: Sets that are gone

    /// The sets that the retention of the first store keeps and that it neither has nor pruned, newest first.
    private func wanted(
        from source: Repository, for target: Repository?, _ outcome: inout Outcome
    ) async throws -> [Timestamp] {
        var unreadable: [Timestamp: String] = [:]
        let kept = try await session.keptSets(in: source, by: session.configuration.retention.policy) {
            unreadable[$0] = $1
        }
        // Of the unreadable ones, those that the target has are examined later.
        let gone = try await session.pool.run { [names = Set(unreadable.keys)] in
            try SetCopy.lacking(names, in: target)
        }
        for name in gone where !outcome.failed.contains(where: { $0.set == name }) {
            outcome.failed.append(
                UncopiedSet(set: name, reason: "its document cannot be read: \(unreadable[name] ?? "")"))
        }
        return try await session.pool.run { try SetCopy.lacking(kept, in: target) }
    }

    /// - Parameter target: nil in a dry run if the store to repair is empty.
    private func copyBack(
        from others: [Repository], named copyNames: [String: String], to target: Repository?, _ outcome: inout Outcome
    ) async throws {
        var done: Set<Timestamp> = []
        for (number, source) in others.enumerated() {
            // The store whose sets are copied comes first: its marks say which runs have ended.
            let rest = others.enumerated().filter { $0.offset != number }.map(\.element)
            do {
                try await copyBack(
                    from: source.fallingOver(to: rest), named: copyNames[source.store.location], to: target, &done,
                    &outcome)
            } catch let error as ObjectStoreError where others.contains(where: { $0.store.location == error.store }) {
                outcome.away.append(Self.passedOver(source.store.location, error))
            }
        }
        outcome.failed.removeAll { done.contains($0.set) }
        outcome.copied = done.sorted(by: >)
    }

    private func copyBack(
        from source: Repository, named copyName: String?, to target: Repository?, _ done: inout Set<Timestamp>,
        _ outcome: inout Outcome
    ) async throws {
        let sets = try await wanted(from: source, for: target, &outcome).filter { !done.contains($0) }
        guard let target, !isDryRun else {
            let passed = try await SetCopy.passedOver(
                sets, from: source, to: target, isRepair: true, sourceCopy: copyName, pool: session.pool)
            done.formUnion(Set(sets).subtracting(passed.map(\.set)))
            return note(passed, &outcome)
        }
        let progress = WorkProgress()
        var job = SetCopy(
            source, to: target.unremembered, tool: Release.tool, now: session.now(), pool: session.pool,
            progress: progress)
        job.isRepair = true
        job.sourceCopy = copyName
        let display = ProgressDisplay(options: session.options, work: [("", progress)])
        let report = try await display.during { [job] in try await job.run(sets) }
        done.formUnion(report.sets)
        // Those of an earlier repair that was killed.
        if sets.isEmpty, report.marks > 0 {
            output.note("brought back \(Units.count(report.marks, "mark")) of \(source.store.location)")
        }
        outcome.bytes = outcome.bytes.addingClamped(report.bytes)
        note(report.failed, &outcome)
    }

    /// The reason of the last store that was asked stays.
    private func note(_ failed: [UncopiedSet], _ outcome: inout Outcome) {
        for failure in failed {
            outcome.failed.removeAll { $0.set == failure.set }
            outcome.failed.append(failure)
        }
    }
}
