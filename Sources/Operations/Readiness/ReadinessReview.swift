import BackupRepository
import Components
import Cryptography
import Documents
import FoundationEssentials
import Platform
package import RecoveryPlan
import Reporting
import Retention
import StackConfiguration

/// Checks, without changing anything, if the scenarios of a stack could be recovered now.
package struct ReadinessReview {
    package let session: Session
    /// The checks to skip.
    package var without: Set<ReadinessRow.Check> = []
    /// The time for each part that asks a store, a server or a cluster.
    package var limit = Duration.seconds(60)

    package init(session: Session) { self.session = session }

    // MARK: Scenarios

    /// Returns the plans of the stack's own folder, and the built-in plans that were run or drilled here.
    package func usedScenarios(_ library: PlanLibrary) async -> [String] {
        let tested = Set(await session.stepTimes().filter { $0.value.runs > 0 }.keys)
        return library.entries.filter { !$0.isBuiltIn || tested.contains($0.scenario) }.map(\.scenario)
    }

    /// - Parameter entries: the plans to check.
    /// - Throws: `UsageError` without a plan: nothing is ready then.
    package func run(_ entries: [PlanLibrary.Entry]) async throws -> ReadinessReport {
        guard !entries.isEmpty else {
            throw UsageError("no plan is configured, run or drilled here: name a scenario of `dr plan list`")
        }
        async let facts = bound { [session] in try await StoreFacts.read(session) }
        async let gaps =
            without.contains(.gaps) ? nil : bound { [session] in try await GapSearch(session: session).run() }
        let common = Common(facts: try await facts, gaps: try await gaps)
        var scenarios: [ScenarioReadiness] = []
        for entry in entries { scenarios.append(try await review(entry, common)) }
        return ReadinessReport(
            stack: session.configuration.stack, at: Moment.text(session.clock.now), scenarios)
    }

    /// The facts that do not depend on the scenario.
    private struct Common {
        var facts: Result<StoreFacts, NoAnswer>
        /// Nil if the check is skipped.
        var gaps: Result<GapReport, NoAnswer>?
    }

    private func bound<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Result<Value, NoAnswer> {
        do { return .success(try await TimeBound.run(limit, work)) } catch let error as NoAnswer {
            return .failure(error)
        }
    }

    // MARK: One scenario

    private func review(_ entry: PlanLibrary.Entry, _ common: Common) async throws -> ScenarioReadiness {
        let scenario = entry.scenario
        let history = await session.testHistory(of: scenario)
        let plan = try? session.plan(entry, asIn: history.times)
        let parameters = plan?.parameters ?? [:]
        let review =
            PlanReview(
                entry.text, in: session.planScope(.look, overrides: history.times.parameters == nil ? [:] : parameters),
                session.planSurroundings())
        let facts = try? common.facts.get()
        let tests = PlanTest.all(
            history.tests, ledger: facts?.ledger.tests[scenario] ?? [], facts?.drills[scenario] ?? [])
        let limits = session.configuration.ready
        let now = session.now()
        var rows = [
            ReadinessRow.plan(review, scenario: scenario),
            ReadinessRow.drill(
                tests, untrusted: facts?.untrustedDrills[scenario]?.seconds, scenario: scenario, now: now.seconds,
                limit: limits.drill.wholeSeconds),
            ReadinessRow.planChange(
                tests, scenario: scenario, digest: Digest(of: [UInt8](entry.text.text.utf8)).hex,
                outline: try? PlanOutline(entry.text)),
            ReadinessRow.store(common.facts),
        ]
        let components = Set(plan?.steps.compactMap(\.restoredComponent) ?? [])
        rows += storeRows(facts, components, now: now)
        rows.append(
            ReadinessRow.forecast(
                outlook(of: plan, history.times, sizes: facts?.sizes, now: now),
                of: Self.parts(of: plan, history.tests, digest: Digest(of: [UInt8](entry.text.text.utf8)).hex),
                scenario: scenario))
        rows.append(
            ReadinessRow.forecastAccuracy(
                ForecastHistory(scenario: scenario, history.outcomes),
                tolerance: session.configuration.forecast.tolerance))
        if let plan {
            let homes = Dictionary(
                session.configuration.components.compactMap { part in part.home.map { (part.name, $0) } }
            ) { $1 }
            let sizes = facts?.latest.components.mapValues(\.bytes) ?? [:]
            rows.append(
                facts == nil ? .unknown(.space, Self.noStore) : .space(plan.spaceNeeds(homes: homes, bytes: sizes)))
            rows += try await clusterRows(plan, scenario: scenario)
        }
        switch common.gaps {
        case .success(let report)?: rows.append(.gaps(report))
        case .failure(let error)?: rows.append(.unknown(.gaps, error.description, remedy: "dr gap"))
        case nil: break
        }
        return ScenarioReadiness(scenario: scenario, rows.filter { !without.contains($0.check) })
    }

    private static let noStore = "the store cannot be read"

    private func storeRows(_ facts: StoreFacts?, _ components: Set<String>, now: Timestamp) -> [ReadinessRow] {
        guard let facts else {
            return [.ledger, .backup, .verification, .recoveryKeys].map {
                .unknown($0, Self.noStore, remedy: "dr doctor")
            }
        }
        let limits = session.configuration.ready
        return [
            ReadinessRow.ledger(facts.ledger),
            ReadinessRow.backup(
                of: components, facts.latest, now: now, rpo: session.rpo,
                tolerance: session.configuration.retention.policy.limits.clockTolerance),
            ReadinessRow.verification(
                of: components, facts.latest, facts.marks, verified: facts.verified, now: now,
                limit: limits.verified.wholeSeconds),
            ReadinessRow.recoveryKeys(facts.recipients, limit: limits.key.wholeSeconds),
        ]
    }

    private static func parts(of plan: Plan?, _ tests: [PlanTest], digest: String) -> ReadinessRow.PlanParts {
        guard let plan else { return ReadinessRow.PlanParts() }
        let steps = plan.steps.map(\.id)
        let drill = tests.filter { $0.record?.isDrill == true }.max { $0.at < $1.at }?.record
        // A step that the plan did not have then is new, and not skipped.
        let skipped = drill.flatMap { $0.planDigest == digest ? Set(steps).subtracting($0.steps) : nil }
        return ReadinessRow.PlanParts(
            count: steps.count + (plan.checks.isEmpty ? 0 : 1), skippedInDrills: skipped ?? [])
    }

    /// The forecast of the plan; nil without a run or drill on this host.
    private func outlook(
        of plan: Plan?, _ times: StepTimes, sizes: ComponentSizes?, now: Timestamp
    ) -> RecoveryOutlook? {
        guard let plan, times.runs > 0 else { return nil }
        return session.outlook(of: plan, times, sizes: sizes ?? ComponentSizes(gap: Self.noStore), now: now)
    }

    private func clusterRows(_ plan: Plan, scenario: String) async throws -> [ReadinessRow] {
        var rows: [ReadinessRow] = []
        if !without.contains(.cluster) {
            let preflight = PlanPreflight(plan: plan, context: session.preflightContext(for: plan))
            let uses = preflight.usesCluster
            switch try await bound({ uses ? try await preflight.run() : [] }) {
            case .success(let found): rows.append(.cluster(found, usesCluster: uses, scenario: scenario))
            case .failure(let error):
                rows.append(
                    ReadinessRow(
                        .cluster, is: .red, error.description, remedy: "dr plan validate \(scenario) --cluster"))
            }
        }
        guard !without.contains(.snapshots) else { return rows }
        let restored = Set(plan.steps.compactMap(\.restoredComponent))
        let kept = session.configuration.components.filter { restored.contains($0.name) && ($0.volume?.keep ?? 0) > 0 }
        var found: [KeptSnapshots] = []
        for component in kept {
            guard let volume = component.volume else { continue }
            var snapshots = KeptSnapshots(component: component.name, wanted: volume.keep)
            switch try await bound({ [session] in try await session.readySnapshots(component, volume) }) {
            case .success(let times): (snapshots.ready, snapshots.newest) = (times.count, times.max())
            case .failure(let error): snapshots.failure = error.description
            }
            found.append(snapshots)
        }
        return rows + [.snapshots(found)]
    }
}

/// The journals of a scenario on this host, in the forms that readiness needs.
struct TestHistory: Sendable {
    var tests: [PlanTest] = []
    var times = StepTimes()
    var outcomes: [ForecastOutcome] = []
}

extension Session {
    /// Reads the journals of a scenario, without creating the folder.
    func testHistory(of scenario: String) async -> TestHistory {
        let (root, stacks) = (stateRoot, journalStacks)
        return await pool.run {
            var history = TestHistory()
            guard FileManager.default.fileExists(atPath: "\(root)/runs"), var runs = try? RunFolder(state: root) else {
                return history
            }
            runs.stacks = stacks
            for reading in runs.readings(of: scenario) {
                history.times.add(reading)
                if let test = PlanTest(reading) { history.tests.append(test) }
                if let outcome = ForecastOutcome(reading) { history.outcomes.append(outcome) }
            }
            return history
        }
    }

    /// The times at which the component's ready volume snapshots were created, in seconds since 1970.
    fileprivate func readySnapshots(
        _ component: ComponentConfiguration, _ volume: KubernetesVolume
    ) async throws -> [Int] {
        try await moverHost(component, volume).snapshots.all()
            .filter { $0["status"]?["readyToUse"]?.bool == true }.compactMap(\.created)
    }
}

extension Period {
    fileprivate var wholeSeconds: Int { Int(clamping: duration.components.seconds) }
}
