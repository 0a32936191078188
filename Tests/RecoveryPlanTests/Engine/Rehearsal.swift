import Documents
import Foundation
import Lab
import Logging
import Notifications
import Platform
import Components
import Synchronization
import Testing

@testable import RecoveryPlan

/// A fixture for the engine. The test defines the effects of its actions, and they count their calls.
final class Rehearsal: Sendable {
    let folder: TemporaryFolder
    let stage = Stage()
    private static let pool = BlockingPool(threads: 4)

    init() throws { folder = try TemporaryFolder("rehearsal") }

    var journalPath: String { "\(folder.path)/journal.jsonl" }

    func reading() throws -> JournalReading { try JournalReading(path: journalPath) }

    func context() -> ActionContext {
        ActionContext(
            run: Self.identity, services: StageServices(stage: stage), pool: Self.pool, logger: Logger(label: "test"),
            environment: [:], folder: folder.path, tell: { _ in })
    }

    static let identity = RunIdentity(id: "run", stack: "lab", scenario: "test", set: "20261123T010000Z")

    static func record(startedAt: Date = Date()) -> RunRecord {
        RunRecord(
            identity: identity, isDrill: false, procedure: nil, planDigest: "p", parameters: [:], setDigest: "s",
            components: [], tool: "dr test",
            holder: RunHolder(person: "me", host: "here", process: 1, boot: MonotonicClock.boot), startedAt: startedAt)
    }

    /// Runs a plan from the beginning.
    func run(
        _ plan: Plan, record: RunRecord = Rehearsal.record(), clock: any Clock<Duration> = QuickClock(),
        observer: @escaping @Sendable (JournalLine) -> Void = { _ in }
    ) async throws -> RunOutcome {
        let journal = try Journal(creating: journalPath, observer: observer)
        try journal.append(.runBegan(run: record))
        var run = PlanRun(plan: plan, record: record, context: context(), journal: journal)
        run.clock = clock
        return try await run.run()
    }

    /// Resumes the run from its journal.
    func resume(_ plan: Plan) async throws -> RunOutcome {
        let reading = try reading()
        let record = try #require(reading.record)
        let journal = try Journal(continuing: journalPath, reading)
        try journal.append(.runResumed(by: record.holder))
        var run = PlanRun(plan: plan, record: record, context: context(), journal: journal)
        run.clock = QuickClock()
        run.resume = ResumePoint(reading)
        return try await run.run()
    }

    func step(_ id: String, needs: [String] = [], _ change: (inout Step) -> Void = { _ in }) -> Step {
        var step = Step()
        step.id = id
        step.needs = needs
        step.action = act(id)
        // Minutes on this clock, so that a step does not time out because the machine is busy.
        step.timeout = .hours(3000)
        change(&step)
        return step
    }

    func act(_ name: String) -> AnyAction {
        AnyAction(StagedAction(name: name, stage: stage), location: Location(file: "test"))
    }

    static func plan(_ steps: [Step], checks: [String] = []) -> Plan {
        var plan = Plan()
        plan.scenario = "test"
        plan.steps = steps
        plan.checks = checks
        return plan
    }
}

/// The effects of a rehearsal's actions.
final class Stage: Sendable {
    struct State {
        var log: [String] = []
        var behaviours: [String: @Sendable (Int) async throws -> Void] = [:]
        var truths: Set<String> = []
        var verdicts: [String: CheckResult.Verdict] = [:]
        var notices: [Notice] = []
        var discarded: [String] = []
    }
    let state = Mutex(State())

    var log: [String] { state.withLock { $0.log } }
    func count(_ name: String) -> Int { log.count { $0 == name } }

    /// - Parameter body: receives the number of the call, from 1.
    func on(_ name: String, _ body: @escaping @Sendable (Int) async throws -> Void) {
        state.withLock { $0.behaviours[name] = body }
    }

    func fail(_ name: String, _ reason: ActionError.Reason = .failed, times: Int = .max) {
        on(name) { number in
            if number <= times { throw ActionError(reason, operation: name, "as rehearsed") }
        }
    }

    func perform(_ name: String) async throws {
        let (behaviour, number) = state.withLock { state in
            state.log.append(name)
            return (state.behaviours[name], state.log.count { $0 == name })
        }
        try await behaviour?(number)
    }
}

struct StagedAction: Action {
    static let keyword = "staged"
    static let isCondition = true
    static let shape = Shape<StagedAction>(schema: [:]) { _, _ in nil }
    var name: String
    var stage: Stage

    static func == (left: Self, right: Self) -> Bool { left.name == right.name }

    func preview(in context: ActionContext) async throws -> ActionPreview { ActionPreview([name]) }
    func perform(in context: ActionContext) async throws -> ActionRecord {
        try await stage.perform(name)
        return ActionRecord("did \(name)")
    }
}

/// An action that behaves as a `restore` of the named component.
struct StagedRestore: Action {
    static let keyword = "restore"
    static let isCondition = false
    static let shape = Shape<StagedRestore>(schema: [:]) { _, _ in nil }
    var component: String
    var newest: Int
    var stage: Stage
    /// The content to discard, as the services report it.
    var previous: String?
    var ownerShortfall: String?

    static func == (left: Self, right: Self) -> Bool { left.component == right.component }

    func preview(in context: ActionContext) async throws -> ActionPreview { ActionPreview([component]) }
    func perform(in context: ActionContext) async throws -> ActionRecord {
        try await stage.perform(component)
        var restored = RestoredComponent(
            component: component, set: context.run.set, newest: newest, files: 1, bytes: 10)
        (restored.previous, restored.ownerShortfall) = (previous, ownerShortfall)
        return ActionRecord("restored", restored: restored)
    }
}

struct StageServices: RecoveryServices {
    var stage: Stage

    func previewRestore(
        _ request: ComponentRestoreRequest, in run: RunIdentity, stopped: Set<StoppedWorkload>
    ) async throws -> ActionPreview {
        ActionPreview([])
    }
    func restore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> RestoredComponent {
        throw ActionError(.hopeless, operation: "restore", "not rehearsed")
    }
    func discardPrevious(of restored: [RestoredComponent], in run: RunIdentity) async -> [String] {
        stage.state.withLock { $0.discarded += restored.compactMap(\.previous) }
        return []
    }
    func check(_ names: [String], in run: RunIdentity) async -> [CheckResult] {
        names.map { name in
            CheckResult(
                name, component: String(name.prefix { $0 != "_" }),
                stage.state.withLock { $0.verdicts[name] ?? .passed }, measured: "m", target: "t")
        }
    }
    func notify(_ notice: Notice) async -> String? {
        stage.state.withLock { $0.notices.append(notice) }
        return nil
    }
    func backup(maximumAge: Int?) async throws -> String { "20261123T010000Z" }
    func confirm(_ question: String) async throws {}
    func now() -> Date { Date() }
}

/// A clock on which minutes pass in milliseconds, so that tests can wait for time-outs and backoffs.
struct QuickClock: Clock {
    typealias Instant = ContinuousClock.Instant
    var now: Instant { .now }
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await ContinuousClock().sleep(for: (deadline - .now) / 10_000)
    }
}
