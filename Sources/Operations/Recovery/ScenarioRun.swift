import BackupRepository
import Components
import Cryptography
import Documents
import FoundationEssentials
internal import Glibc
import Kubernetes
import Logging
import Platform
import Components
package import RecoveryPlan
import StackConfiguration

/// One run of a plan with one backup set: a preview or a real run.
package struct ScenarioRun {
    package let session: Session
    package let plan: Plan
    package let record: RunRecord
    package let recovery: StackRecovery
    let services: any RecoveryServices
    package let runs: RunFolder
    /// Nil for a new run.
    let reading: JournalReading?
    package let forecast: RunForecast
    /// Events that follow the first line of the journal, or the line that resumes the run.
    package var preface: [JournalEvent] = []
    /// True for the negative control of a drill.
    package var isControl = false

    // MARK: Preparing

    /// - Parameters:
    ///   - requested: the name or an alias of the scenario.
    ///   - place: the isolated environment of a drill; nil for the stack itself.
    package static func prepare(
        _ requested: String, at selector: SetSelector, request: ReplayRequest, live: Session,
        recoveryKey: String?, in place: (any ReplayPlace)? = nil
    ) async throws -> ScenarioRun {
        let session = place?.session ?? live
        let entry = try live.planLibrary().entry(for: requested)
        let runs = try place?.runs ?? RunFolder(state: live.stateRoot)
        let opened = try await session.repository(recoveryKey: recoveryKey, allowsClear: request.allowsClear)
        // A drill and a rehearsal show that the store has everything: they read each document from it once.
        let repository =
            place == nil && request.purpose != .rehearsal
            ? session.remembering(opened) : session.readingOnce(opened)
        let writesLedger = place == nil && request.purpose == .run
        async let isLedgerKnown: Void = writesLedger ? LedgerRun.learnHead(of: repository, in: session) : ()
        let resumed = request.resumes ? try runs.resumable(request.run, scenario: entry.scenario) : nil
        // A resumed run keeps its parameters, unless new values are given.
        let before = resumed?.reading.record?.parameters ?? [:]
        let given = before.merging(request.parameters) { _, new in new }
        let restored = entry.restoredComponents(in: session, given)
        let chosen = try await session.selection(
            resumed?.reading.record.flatMap(\.selector) ?? selector, of: restored, in: repository,
            acceptsOlder: request.acceptsOlder)
        let selection = restored.map { chosen.only($0) }.flatMap { $0.parts.isEmpty ? nil : $0 } ?? chosen
        guard let set = selection.newest else { throw UsageError("there is no backup set to restore from") }
        let identity =
            resumed?.reading.record?.identity
            ?? RunIdentity(
                id: request.id ?? RunIdentity.newID(at: session.now()), stack: session.configuration.stack,
                scenario: entry.scenario, set: "\(set.name)")
        let text = PlanText(entry.text.text, file: entry.text.file, folder: session.folder)
        let overrides = try place?.overrides(given, of: text, session) ?? given
        let scope = session.planScope(.run, overrides: overrides, run: identity.id, set: "\(set.name)")
        let review = PlanReview(text, in: scope, session.planSurroundings())
        for finding in review.findings where finding.severity == .warning {
            Output(options: session.options).warn("\(finding.diagnostic)")
        }
        var plan = try review.checked()
        plan.releaseUnscaledWorkloads()
        if let place {
            plan.checks = place.checks(of: plan)
        } else {
            let isRecorded = try await session.pool.run {
                try selection.sets.contains { try Marks(repository).recorded(with: $0.name) != nil }
            }
            session.addProofs(to: &plan, isRecorded: isRecorded)
        }
        // A missing set is reported before the run changes anything.
        for step in plan.steps where step.onFailure.isFatal {
            guard let component = step.restoredComponent else { continue }
            _ = try await session.set(of: component, in: selection, repository)
        }
        let digests = try await session.pool.run {
            try selection.sets.map { ("\($0.name)", try repository.digest(ofSet: $0.name).hex) }
        }
        var record = try session.record(
            plan, text: text.text, identity: identity, selection: selection,
            digests: Dictionary(digests) { first, _ in first },
            request: request, earlier: resumed?.reading.record,
            unrestored: place == nil ? plan.unrestored(of: chosen) : [], isDrill: place != nil,
            bare: session.bareEnvironment(hasRecoveryKey: recoveryKey != nil))
        var history = request.history.map { RunFolder(reading: $0) } ?? runs
        history.stacks = session.journalStacks
        let past = history
        if resumed == nil {
            record.outline = try? PlanOutline(text)
            record.planChange = await session.pool.run { [record] in
                past.lastTest(of: entry.scenario).map {
                    PlanChange(since: $0, digest: record.planDigest, outline: record.outline)
                }
            }
        }
        var recovery = StackRecovery(session: session, repository: repository, selection: selection)
        recovery.restoring = Set(plan.steps.compactMap(\.restoredComponent))
        recovery.thawed = plan.thawedComponents
        if resumed == nil { recovery.lookedAt = recovery.restoring?.subtracting(recovery.thawed) ?? [] }
        // A run without such a step has nothing to thaw, or is refused: it does not wait for a look at the packs.
        let countsThaws = request.purpose == .preview || request.purpose == .run && plan.hasThaws && resumed == nil
        let cold = try await countsThaws ? recovery.coldComponents(of: plan) : nil
        await isLedgerKnown
        let times = await session.pool.run { past.stepTimes(of: entry.scenario)[entry.scenario] ?? StepTimes() }
        return ScenarioRun(
            session: session, plan: plan, record: record, recovery: recovery,
            services: place?.services(recovery) ?? recovery, runs: runs, reading: resumed?.reading,
            forecast: times.forecast(plan, sizes: selection.sizes, cold: cold, for: record.kind))
    }

    // MARK: Looking

    /// Returns the actions of each step; changes nothing.
    package func preview() async throws -> ScenarioPreview {
        var context = context { _ in }
        let selection = recovery.selection.only(recovery.restoring ?? [])
        var preview = ScenarioPreview(
            plan, record, forecast: forecast, point: RestorePoint(selection, now: session.now(), rpo: session.rpo),
            sets: selection.parts.mapValues { "\($0.set.name)" })
        preview.passedOver = selection.allPassedOver
        for (number, wave) in StepGraph(plan.steps).waves.enumerated() {
            for step in wave {
                var lines: [String] = []
                var bytes: Int?
                for action in step.stop + [step.action].compactMap({ $0 }) + step.start {
                    let part = try await action.action.preview(in: context)
                    (action.action as? KubectlAction)?.note(stopped: &context.stopped)
                    lines += part.lines
                    bytes = part.bytes.map { $0 + (bytes ?? 0) } ?? bytes
                }
                var proofs: [String] = []
                for condition in step.verify { proofs += try await condition.action.preview(in: context).lines }
                preview.add(
                    step, wave: number + 1, does: lines, proves: proofs, bytes: bytes,
                    forecast: forecast.steps[step.id])
            }
        }
        preview.preflight = try await PlanPreflight(plan: plan, context: context).run()
        return preview
    }

    // MARK: Running

    /// Asks the operator at the terminal to type the name of the scenario.
    /// - Throws: `UsageError` if there is no terminal, or the name does not match.
    package func confirm() async throws {
        let name = plan.scenario
        let question = TerminalQuestion("replay \(name)")
        guard TerminalQuestion.isPossible else {
            throw UsageError(
                "there is no terminal to confirm at: add --yes, or run with --dry-run first")
        }
        let answer = try await session.pool.run {
            try question.ask(
                "This runs the plan \(name) on \(session.configuration.stack) from \(record.setsText). "
                    + "Type the name of the scenario to continue: ")
        }
        guard answer == name else {
            throw UsageError("the answer '\(answer)' is not the name of the scenario: nothing was changed")
        }
    }

    /// - Parameter ignoringPreflight: true to start although the plan's clusters show errors.
    package func carryOut(ignoringPreflight: Bool = false) async throws -> ScenarioResult {
        if !record.isDrill { try await preflight(ignoringErrors: ignoringPreflight) }
        let follower = RunFollower(reading, progress: recovery.progress, isControl: isControl)
        let display = RunDisplay(
            session.options, follower, progress: recovery.progress,
            environment: ProcessInfo.processInfo.environment)
        let mirror = LiveMirror(
            follower, folder: "\(runs.path)/\(record.identity.id)",
            // A machine without a configuration does not write to the store.
            send: session.isWithoutConfiguration || session.recorded != nil
                ? nil : LiveMirror.sender(to: recovery.repository, tool: Release.tool, clock: session.clock))
        let notices = recovery.notices
        for component in record.unrestored ?? [] {
            Output(options: session.options).warn(ScenarioPreview.unrestored(component))
        }
        if !record.isDrill { try await refuseMisplaced() }
        // While the begin is recorded: the restores need these documents first, and nothing is stopped yet.
        let (restores, isNew) = (recovery, reading == nil)
        async let areFetched: Void = isNew ? restores.fetchFirstDocuments() : ()
        // A resumed run has restored some components. Each restore looks again.
        async let areReadable: Void = isNew ? restores.refuseArchived(for: plan) : ()
        var (running, ledger) = (self, await recordedBegin())
        await areFetched
        do { try await areReadable } catch {
            await ledger?.end("failed", after: error, in: recovery.repository)
            throw error
        }
        if !record.isDrill { notices.open(session) }
        if let begun = ledger?.begun { running.preface.insert(.ledger(begin: begun), at: 0) }
        let outcome: RunOutcome
        do {
            outcome = try await mirror.during {
                try await display.during { [running] in
                    try await running.run(
                        observer: { line in
                            follower.observe(line)
                            display.observe(line)
                        }, tell: { display.tell($0) })
                }
            }
        } catch {
            await notices.close()
            await ledger?.end("failed", after: error, in: recovery.repository)
            throw error
        }
        if outcome.end.verdict != .interrupted { notices.post(outcome.end.notice(of: record, at: session.clock.now)) }
        await notices.close()
        let path = runs.journal(of: record.identity.id)
        let reading = try JournalReading(path: path)
        await ledger?.end(
            outcome.end.verdict.ledgerWord, exitCode: outcome.end.verdict.exitCode, in: recovery.repository
        ) {
            $0.journal = reading.lines.last.flatMap { Digest(hex: $0.digest) }
            $0.reason = outcome.end.reasons.first
        }
        var result = ScenarioResult(outcome, record, reading: reading, journal: path)
        result.passedOver = recovery.selection.allPassedOver
        return result
    }

    /// Writes the begin of a recovery to the ledger; nil for a drill, which writes its own.
    private func recordedBegin() async -> LedgerRun? {
        guard !record.isDrill else { return nil }
        var ledger = LedgerRun(
            of: .recovery, in: session, telling: Output(options: session.options), run: record.identity.id)
        ledger.entry.scenario = record.identity.scenario
        ledger.entry.components = record.components
        ledger.entry.plan = Digest(hex: record.planDigest)
        ledger.entry.forecast = forecast.total?.expected
        if let set = Timestamp(record.identity.set), let sha256 = Digest(hex: record.setDigest) {
            ledger.entry.set = .init(name: set, sha256: sha256)
        }
        await ledger.begin(in: recovery.repository, announces: true)
        return ledger
    }

    /// Looks at the clusters of the plan before anything is declared.
    /// - Throws: ``PreflightError`` with all errors.
    private func preflight(ignoringErrors: Bool) async throws {
        let findings = try await PlanPreflight(plan: plan, context: context { _ in }).run()
        let output = Output(options: session.options)
        let errors = findings.filter { $0.severity == .error }
        guard errors.isEmpty || ignoringErrors else { throw PreflightError(errors) }
        for finding in findings { output.warn(finding.text) }
    }

    /// Refuses the run while nothing is declared or stopped yet.
    private func refuseMisplaced() async throws {
        for case let restore as RestoreAction in plan.steps.compactMap(\.action?.action) where restore.to == nil {
            guard let component = session.configuration.component(named: restore.component) else { continue }
            try await session.refuseMisplaced(component)
        }
    }

    /// - Parameter observer: called with each line of the journal after it is durable; from any thread.
    private func run(
        observer: @escaping @Sendable (JournalLine) -> Void, tell: @escaping @Sendable (String) -> Void
    ) async throws -> RunOutcome {
        let lock = try runs.lock(record.identity.scenario, run: record.identity.id, holder: record.holder)
        defer { withExtendedLifetime(lock) {} }
        let journal: Journal
        var record = record
        if let reading {
            // The journal was read before the lock was held, so another process may have continued the run.
            guard try JournalReading(path: runs.journal(of: record.identity.id)) == reading else {
                throw JournalError(
                    .held, object: "run \(record.identity.id)", "another process continued the run in the meantime",
                    hint: "look at its result, then resume it again if needed")
            }
            journal = try Journal(continuing: runs.journal(of: record.identity.id), reading, observer: observer)
            try journal.append(.runResumed(by: record.holder))
            for event in preface { try journal.append(event) }
        } else {
            record.forecast = forecast
            journal = try Journal(creating: runs.make(record.identity.id), observer: observer)
            try journal.append(.runBegan(run: record))
            for event in preface { try journal.append(event) }
        }
        // A drill adds it at its end.
        if !record.isDrill {
            let context = await session.auditContext(
                of: recovery.selection.sets, clusters: plan.clusterNames, run: record.identity.id, in: nil)
            try journal.append(.audited(context: context))
        }
        var run = PlanRun(plan: plan, record: record, context: context(tell: tell), journal: journal)
        if let reading { run.resume = ResumePoint(reading) }
        return try await run.run()
    }

    private func context(tell: @escaping @Sendable (String) -> Void) -> ActionContext {
        var environment = ProcessInfo.processInfo.environment
        for (name, value) in plan.parameters { environment["DR_PARAM_\(name.uppercased())"] = value }
        environment["DR_RUN"] = record.identity.id
        environment["DR_SET"] = record.identity.set
        environment["DR_SCENARIO"] = record.identity.scenario
        return ActionContext(
            run: record.identity, services: services, pool: session.pool, logger: session.logger,
            environment: environment, folder: session.programFolder, tell: tell)
    }
}

extension Session {
    /// Adds the checks that ask the servers for the restored data, for each plan that restores a component with such a
    /// server: without them a recovery is not validated.
    /// - Parameter isRecorded: true if queries or canaries are recorded with a set.
    fileprivate func addProofs(to plan: inout Plan, isRecorded: Bool) {
        let kinds = plan.steps.compactMap(\.restoredComponent).compactMap { name in
            configuration.component(named: name).map { type(of: $0.settings) as any ComponentKind.Type }
        }
        guard kinds.contains(where: { !CheckRegistry.names(of: .proof, offeredBy: $0).isEmpty }) else { return }
        let proofs =
            [RestoredData.checkName] + (isRecorded ? [DataEquality.checkName, CanariesRestored.checkName] : [])
        plan.checks += proofs.filter { !plan.checks.contains($0) }
    }

    /// The folder of the cache and the journals.
    package var stateRoot: String {
        configuration.stateFolder(environment: ProcessInfo.processInfo.environment, isRoot: geteuid() == 0)
    }

    /// The environment of this process, if the configuration comes from a backup set.
    fileprivate func bareEnvironment(hasRecoveryKey: Bool) -> BareEnvironment? {
        recordedSet.map { set in
            BareEnvironment(
                configuration: "\(set)", user: "uid \(geteuid())", host: RunHolder.current.host,
                variables: ProcessInfo.processInfo.environment.keys.sorted(), trust: trust.map(\.hex),
                hasRecoveryKey: hasRecoveryKey)
        }
    }

    /// Returns the record that defines the run.
    /// - Throws: `UsageError` if a resumed run would differ from the original run.
    fileprivate func record(
        _ plan: Plan, text: String, identity: RunIdentity, selection: RestoreSelection, digests: [String: String],
        request: ReplayRequest, earlier: RunRecord?, unrestored: [String], isDrill: Bool, bare: BareEnvironment?
    ) throws -> RunRecord {
        let digest = Digest(of: [UInt8](text.utf8)).hex
        let holder = RunHolder.current
        if var earlier {
            if !request.allowsChangedPlan {
                guard earlier.planDigest == digest else {
                    throw UsageError(
                        "the plan changed after run \(identity.id) began: review the change, then "
                            + "resume with --allow-changed-plan, or start a new run without --resume")
                }
                let changed = plan.parameters.filter { earlier.parameters[$0.key] != $0.value }.keys.sorted()
                guard changed.isEmpty else {
                    throw UsageError(
                        "run \(identity.id) began with other values of \(changed.joined(separator: ", ")): omit --param "
                            + "to resume with those values, or add --allow-changed-plan")
                }
                guard earlier.setDigest == digests[identity.set], (earlier.setDigests ?? digests) == digests else {
                    throw UsageError(
                        "\(earlier.setsText) changed after run \(identity.id) began: start a new run without --resume"
                            + ", or add --allow-changed-plan")
                }
            }
            earlier.holder = holder
            earlier.steps = plan.steps.map(\.id)
            earlier.needs = plan.needs
            return earlier
        }
        let now = clock.now
        var record = RunRecord(
            identity: identity, isDrill: isDrill, procedure: plan.procedure, planDigest: digest,
            parameters: plan.parameters, setDigest: digests[identity.set] ?? "",
            components: plan.steps.compactMap(\.restoredComponent), tool: Release.tool, holder: holder,
            startedAt: now)
        if selection.sets.count > 1 {
            record.sets = selection.parts.mapValues { "\($0.set.name)" }
            record.setDigests = digests
        }
        record.bare = bare
        record.unrestored = unrestored.isEmpty ? nil : unrestored
        record.steps = plan.steps.map(\.id)
        record.needs = plan.needs
        record.rto = (plan.objectives.rto ?? configuration.objectives.rto).map { $0.duration / .seconds(1) }
        record.rpo = (plan.objectives.rpo ?? configuration.objectives.rpo).map { $0.duration / .seconds(1) }
        record.rtoFrom = plan.objectives.rtoFrom
        record.forecastTolerance = configuration.forecast.tolerance
        record.failedAt = request.moments.failed
        record.detectedAt = request.moments.detected
        record.declaredAt = request.moments.declared
        return record
    }
}

extension Plan {
    /// The steps that each step needs, by id.
    fileprivate var needs: [String: [String]] {
        Dictionary(steps.map { ($0.id, $0.needs) }) { first, _ in first }
    }

    /// The components of the sets that no step restores, for a plan of the whole stack.
    fileprivate func unrestored(of selection: RestoreSelection) -> [String] {
        guard restores == .all else { return [] }
        return Set(selection.sets.flatMap(\.components.keys)).subtracting(steps.compactMap(\.restoredComponent))
            .sorted()
    }
}

extension RunRecord {
    /// The sets of the start of the run.
    fileprivate var selector: SetSelector? {
        if let sets { return .sets(sets.compactMapValues { Timestamp($0) }) }
        return Timestamp(identity.set).map { .named($0) }
    }
}

extension PlanLibrary.Entry {
    /// The components that the plan restores; nil if it restores none, or cannot be read yet.
    fileprivate func restoredComponents(in session: Session, _ parameters: [String: String]) -> Set<String>? {
        let text = PlanText(self.text.text, file: self.text.file, folder: session.folder)
        let plan =
            (try? text.read(in: session.planScope(.look, overrides: parameters)))
            ?? (try? text.read(in: session.planScope(.look)))
        let restored = Set(plan?.steps.compactMap(\.restoredComponent) ?? [])
        return restored.isEmpty ? nil : restored
    }
}
