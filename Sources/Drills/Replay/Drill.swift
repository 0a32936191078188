import BackupRepository
import Cryptography
import FoundationEssentials
internal import Glibc
import Kubernetes
import ObjectStorage
package import Operations
import Platform
import Components
package import RecoveryPlan
import Reporting
import StackConfiguration

/// A run of a plan in isolation, a control run with an injected fault, and the evidence of both.
package struct Drill {
    package let live: Session
    package let scenario: String
    package var at: SetSelector
    package var components: [String] = []
    package var request = ReplayRequest()
    package var recoveryKey: String?
    /// Keeps the drill directory for inspection.
    package var keeps = false
    package var control: Sabotage.Kind?
    package var timeLimit: Duration?
    /// Draws the backup set.
    package var drawsSet = false
    /// The place in the ledger that another process wrote for this drill.
    package var begun: LedgerBegin?

    package init(live: Session, scenario: String, at: SetSelector) {
        self.live = live
        self.scenario = scenario
        self.at = at
    }

    private var output: Output { Output(options: live.options) }

    /// - Returns: the evidence and the paths of its files.
    package func run() async throws -> DrillResult {
        let evidence = try DrillEvidence(live, scenario: scenario)
        var drill = self
        drill.request.id = request.id ?? RunIdentity.newID(at: live.now())
        let repository = try await live.repository(recoveryKey: recoveryKey)
        // Before the first entry: a usage error is no evidence.
        if begun == nil, live.recorded == nil { try await refuseUsageErrors(in: repository) }
        var ledger = DrillLedger(drill, run: drill.request.id ?? "")
        await ledger.begin(in: repository)
        do {
            drill.begun = begun ?? ledger.begun
            let result = try await drill.carryOut(evidence, in: repository)
            await ledger.end(result, in: repository)
            return result
        } catch {
            await ledger.end(error, in: repository)
            throw error
        }
    }

    /// Refuses a plan that is not valid, and a set that does not exist.
    private func refuseUsageErrors(in repository: Repository) async throws {
        let entry = try live.planLibrary().entry(for: scenario)
        let text = PlanText(entry.text.text, file: entry.text.file, folder: live.folder)
        let overrides = try live.configuration.drill.overrides(
            request.parameters, of: text, in: live, namespace: DrillNamespace.name(of: "\(live.now())"))
        let scope = live.planScope(.run, overrides: overrides, run: request.id ?? "", set: "\(live.now())")
        _ = try PlanReview(text, in: scope, live.planSurroundings()).checked()
        guard at != .latest else { return }
        _ = try await live.selection(at, of: nil, in: repository, acceptsOlder: request.acceptsOlder)
    }

    private func carryOut(_ evidence: DrillEvidence, in repository: Repository) async throws -> DrillResult {
        let runs = try RunFolder(state: live.stateRoot)
        let history = try await live.knownHistory(acceptsOlder: request.acceptsOlder, recoveryKey: recoveryKey)
        for finding in history { output.warn(finding) }
        // On a machine without a configuration, the live stack is elsewhere.
        let before = live.recorded == nil ? await LiveStack(session: live).look() : [:]
        var lottery = try await DrillLottery(self, in: repository).start()
        let replay = try await replay(runs, &lottery)
        if replay.verdict == .interrupted { throw CancellationError() }
        let run = replay.run
        let journal = try Journal(
            continuing: runs.journal(of: run), JournalReading(path: runs.journal(of: run)))
        for (component, reason) in replay.leftOut.sorted(by: { $0.key < $1.key }) {
            try journal.append(.noted(text: "\(component) is not drilled: \(reason)"))
        }
        if replay.verdict == .recovered || replay.verdict == .late {
            try await negativeControl(of: replay, &lottery.lottery, journal)
        }
        try Task.checkCancellation()
        let after = live.recorded == nil ? await LiveStack(session: live).look() : [:]
        let looks = LiveStackComparison(before: before, after: after)
        for (component, before, after) in looks.digests {
            try journal.append(.liveStack(component: component, isAfter: false, digest: before))
            try journal.append(.liveStack(component: component, isAfter: true, digest: after))
        }
        for line in history + replay.deviations + looks.blindSpots { try journal.append(.noted(text: line)) }
        let result = try await evidence.write(
            run, of: replay.selection.sets, restoredTo: replay.clusters, in: replay.repository, noting: journal)
        if !live.isWithoutConfiguration, live.recorded == nil {
            await LiveMirror.publish(
                verdict: result.verdict.rawValue, of: runs.journal(of: run), in: live, to: repository)
        }
        return result
    }

    // MARK: The run

    private var cluster: DrillCluster? {
        DrillCluster(live.configuration.drill, parameters: request.parameters)
    }

    private struct Replay {
        var run: String
        var verdict: RunEnd.Verdict
        var repository: Repository
        var selection: RestoreSelection
        /// The restoring step of each component.
        var steps: [String: String]
        var leftOut: [String: String]
        /// The deviations of the drill's servers for the evidence.
        var deviations: [String]
        /// The kubectl contexts of the clusters in which the drill restored.
        var clusters: [String]
    }

    private func replay(_ runs: RunFolder, _ lottery: inout DrillLottery.Start) async throws -> Replay {
        output.note("the drill:")
        let stage = try DrillStage(
            live, run: "\(live.now())-\(getpid())", components: components, cluster: cluster)
        do {
            let setting = DrillSetting(stage: stage, runs: runs, configuration: live.configuration.drill)
            var run = try await ScenarioRun.prepare(
                scenario, at: lottery.set, request: request, live: live, recoveryKey: recoveryKey, in: setting)
            run.preface = lottery.events
            try await refuseUnlessIsolated(run.plan, stage)
            try stage.claim(contexts: run.plan.contexts)
            let result = try await limited { [run] in
                try await stage.prepare()
                return try await run.carryOut()
            }
            await stage.close(keeping: keeps)
            if keeps { output.note("kept: \(stage.path)") }
            let steps = run.plan.steps.compactMap { step in step.restoredComponent.map { ($0, step.id) } }
            return Replay(
                run: result.run, verdict: result.verdict, repository: run.recovery.repository,
                selection: run.recovery.selection,
                steps: Dictionary(steps) { first, _ in first }, leftOut: stage.leftOut,
                deviations: stage.deviations, clusters: run.plan.clusterNames)
        } catch {
            await stage.close(keeping: false)
            throw error
        }
    }

    private func refuseUnlessIsolated(_ plan: Plan, _ stage: DrillStage) async throws {
        let contexts = await KubernetesContexts(live.pool)
        let settings = live.configuration.drill
        // All steps use one cluster, or the guard refuses them for their namespaces.
        var scopes = TypeScopes()
        if let first = plan.contexts.first {
            let kubectl = Kubectl(
                context: first, namespace: nil, environment: ProcessInfo.processInfo.environment, folder: "/",
                pool: live.pool)
            scopes = await TypeScopes(of: kubectl)
        }
        let reach = plan.reach(
            programs: settings.programs, namespace: stage.namespace, contexts: contexts, scopes: scopes,
            sharesLiveCluster: settings.cluster.sharesLiveCluster)
        let guardian = IsolationGuard(live: live.livePlaces(contexts))
        let places = stage.places + reach.places.filter { place in !stage.places.contains { $0.kind == place.kind } }
        let objections = await live.pool.run { guardian.objections(to: places) } + reach.refusals
        guard objections.isEmpty else {
            throw DrillError(
                "drill of \(plan.scenario)",
                "refused, nothing was changed:\n" + objections.map { "  \($0)" }.joined(separator: "\n"),
                hint: "see docs/drills.md for the permitted targets")
        }
    }

    private func limited<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        guard let timeLimit else { return try await body() }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: timeLimit)
                throw DrillError(
                    "drill of \(scenario)", "it did not finish within \(timeLimit)", hint: "increase --timeout"
                )
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    // MARK: The control run

    private func negativeControl(of replay: Replay, _ lottery: inout Lottery, _ journal: Journal) async throws {
        let kinds = live.configuration.components.filter { replay.steps[$0.name] != nil }
        let served = Set(
            kinds.filter { live.drillServer(of: $0) != nil || cluster?.has($0) == true }.map(\.name))
        let choice = SabotageChoice(
            session: live, repository: replay.repository, selection: replay.selection,
            components: kinds.map { ($0.name, $0.kind) }, served: served)
        lottery.draws = []
        let sabotage = try await choice.pick(control, by: &lottery)
        try journal.append(.lottery(lottery: lottery))
        guard let sabotage else {
            return try journal.append(.noted(text: "no fault of a negative control is possible"))
        }
        output.note("the negative control, which must fail: \(sabotage.text)")
        let red = try await sabotaged(sabotage, replay)
        // An interrupted control run detects nothing.
        try Task.checkCancellation()
        let expected = sabotage.expected(replay.steps, in: live)
        let noticed = Alarm.isNoticed(red, by: expected, asDamage: sabotage.isOfThePacks)
        try journal.append(
            .negativeControl(
                damage: sabotage.text, expected: expected, red: red.map(\.name), noticed: noticed,
                why: red.map { "\($0.name): \($0.why)" }))
    }

    /// Repeats the drill with the damage.
    /// - Returns: the failed steps and checks.
    private func sabotaged(_ sabotage: Sabotage, _ replay: Replay) async throws -> [Alarm] {
        let stage = try DrillStage(
            live, run: "\(live.now())-\(getpid())-control", components: components, cluster: cluster,
            damage: sabotage.lens)
        do {
            // The journal of the control run is removed with its folder; the drill's journal records the result.
            let runs = try RunFolder(state: stage.path)
            var request = request
            request.id = nil
            let setting = DrillSetting(
                stage: stage, runs: runs, configuration: live.configuration.drill, sabotage: sabotage)
            var selector = SetSelector.sets(replay.selection.parts.mapValues(\.set.name))
            if case .oldSet(let old, _) = sabotage { selector = .named(old) }
            var run = try await ScenarioRun.prepare(
                scenario, at: selector, request: request, live: live, recoveryKey: recoveryKey, in: setting)
            run.isControl = true
            try stage.claim(contexts: run.plan.contexts)
            let result = try await limited { [run] in
                try await stage.prepare()
                return try await run.carryOut()
            }
            let red = try red(in: JournalReading(path: result.journal), result.checks)
            await stage.close(keeping: false)
            return red
        } catch let error as RepositoryError where error.reason == .damaged {
            await stage.close(keeping: false)
            return [Alarm("repository", "\(error)", isDamage: true)]
        } catch {
            await stage.close(keeping: false)
            throw error
        }
    }

    private func red(in reading: JournalReading, _ checks: [CheckResult]) throws -> [Alarm] {
        let damaged = reading.lines.compactMap { line -> String? in
            guard case .stepFinished(let result) = line.body.event, result.reason == .damaged else { return nil }
            return result.step
        }
        let steps = try Evidence(reading).steps.filter { ["failed", "rollback failed"].contains($0.outcome) }.map {
            Alarm($0.id, $0.summary ?? "failed", isDamage: damaged.contains($0.id))
        }
        let failed = checks.filter { $0.verdict == .failed && $0.isCritical }.map { check in
            Alarm(check.name, [check.measured, check.detail].compactMap { $0 }.joined(separator: "; "))
        }
        return steps
            + failed.reduce(into: []) { red, one in
                if !red.contains(where: { $0.name == one.name }) { red.append(one) }
            }
    }
}
