import Documents
import Foundation
import HTTP
import Logging
import Notifications
import Platform
import Components
import Synchronization

@testable import RecoveryPlan

/// Services for tests of single actions. The test defines their results, and they record their calls.
final class ActionStage: RecoveryServices {
    struct State {
        var restores: [ComponentRestoreRequest] = []
        var notices: [Notice] = []
        var reasonNotToNotify: String?
        var questions: [String] = []
        var ages: [Int?] = []
        var messages: [String] = []
        /// The names of the failing checks, one element for each call.
        var failing: [[String]] = []
        var checkRuns = 0
        var refusesConfirmation = false
    }

    let state = Mutex(State())
    let connection: HTTPOptions?
    private static let pool = BlockingPool(threads: 4)

    init(connection: HTTPOptions? = nil) { self.connection = connection }

    func context(environment: [String: String] = [:]) -> ActionContext {
        ActionContext(
            run: RunIdentity(id: "r1", stack: "shop", scenario: "s", set: "20260101T000000Z"), services: self,
            pool: Self.pool, logger: Logger(label: "test"),
            environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }, folder: "/tmp",
            tell: { line in self.state.withLock { $0.messages.append(line) } })
    }

    /// Reads an action from a line of YAML.
    static func action(_ text: String) throws -> any Action {
        let plan = try PlanFixture.read("scenario: s\nsteps:\n  - id: a\n    \(text)\n")
        guard let action = plan.steps.first?.action?.action else { throw ActionError(.failed, operation: "read", text) }
        return action
    }

    func perform(_ text: String, environment: [String: String] = [:]) async throws -> ActionRecord {
        try await Self.action(text).perform(in: context(environment: environment))
    }

    func preview(_ text: String) async throws -> [String] {
        try await Self.action(text).preview(in: context()).lines
    }

    // MARK: Services

    func previewRestore(
        _ request: ComponentRestoreRequest, in run: RunIdentity, stopped: Set<StoppedWorkload>
    ) async throws -> ActionPreview {
        ActionPreview(["restore \(request.component)"], bytes: 7)
    }

    func restore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> RestoredComponent {
        state.withLock { $0.restores.append(request) }
        return RestoredComponent(component: request.component, set: run.set, newest: 1, files: 2, bytes: 3)
    }

    func check(_ names: [String], in run: RunIdentity) async -> [CheckResult] {
        let failing = state.withLock { state in
            defer { state.checkRuns += 1 }
            return state.checkRuns < state.failing.count ? state.failing[state.checkRuns] : []
        }
        return names.map { name in
            CheckResult(
                name, component: nil, name == "nothing" ? .skipped : failing.contains(name) ? .failed : .passed,
                isCritical: name != "soft",
                measured: "HTTP 503", target: "HTTP 200", detail: "see its log")
        }
    }

    func notify(_ notice: Notice) async -> String? {
        state.withLock {
            $0.notices.append(notice)
            return $0.reasonNotToNotify
        }
    }

    func backup(maximumAge: Int?) async throws -> String {
        state.withLock { $0.ages.append(maximumAge) }
        return "20260101T000000Z"
    }

    func confirm(_ question: String) async throws {
        let refuses = state.withLock { state in
            state.questions.append(question)
            return state.refusesConfirmation
        }
        if refuses { throw ActionError(.hopeless, operation: "ask", "the answer was no") }
    }

    func connection(to url: String) throws -> HTTPOptions? { connection }
    func now() -> Date { Date(timeIntervalSince1970: 5) }
}
