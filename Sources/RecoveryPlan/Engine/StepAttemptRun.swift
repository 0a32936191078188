internal import Documents
internal import Synchronization

/// One attempt at one step: `stop`, the action, `start`, and the proof that it holds.
struct StepAttemptRun: Sendable {
    let step: Step
    let context: ActionContext
    let clock: any Clock<Duration>

    /// - Returns: what the action recorded.
    /// - Throws: ``ActionError``; `CancellationError`.
    func run() async throws -> ActionRecord {
        let standstill = Standstill()
        do {
            return try await within(step.timeout) {
                let record = try await act(standstill)
                try await prove()
                return record
            }
        } catch {
            try await restart(standstill.phase, after: error)
            throw error
        }
    }

    /// Whether the postconditions hold. A step without any is taken at its word.
    func prove() async throws {
        for condition in step.verify { _ = try await condition.action.perform(in: context) }
    }

    private func act(_ standstill: Standstill) async throws -> ActionRecord {
        guard let action = step.action else { return ActionRecord("nothing to do") }
        if !step.stop.isEmpty { standstill.phase = .stopped }
        for stop in step.stop { _ = try await stop.action.perform(in: context) }
        let record = try await action.action.perform(in: context)
        if !step.stop.isEmpty { standstill.phase = .starting }
        for start in step.start { _ = try await start.action.perform(in: context) }
        standstill.phase = .none
        return record
    }

    /// What was stopped for the action is not left standing still because that failed, hung or was interrupted.
    private func restart(_ phase: Standstill.Phase, after error: any Error) async throws {
        guard phase != .none, !step.start.isEmpty else { return }
        var second: any Error = error
        if phase == .stopped {
            // Whoever interrupts a run does not wait long.
            let limit = Task.isCancelled ? min(step.timeout.duration, .seconds(60)) : step.timeout.duration
            do {
                // In a task of its own: that of the step may be cancelled.
                try await Task {
                    try await within(Period.seconds(Int(limit.components.seconds))) {
                        for start in step.start { _ = try await start.action.perform(in: context) }
                    }
                }.value
                return
            } catch let failure { second = failure }
        }
        let first = phase == .stopped ? "\(error)\nand what" : "what"
        throw ActionError(
            (error as? ActionError)?.reason ?? .failed, "step '\(step.id)'",
            "\(first) it had stopped could not be started again: \(second)", hint: "start it by hand")
    }

    func within<Value: Sendable>(
        _ limit: Period, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask { [clock] in
                try await clock.sleep(for: limit.duration)
                throw ActionError(
                    .failed, "step '\(step.id)'", "it did not end within \(limit)",
                    hint: "see what it waits for, or give it a longer 'timeout'")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}

/// Whether what a step stopped is still down.
private final class Standstill: Sendable {
    enum Phase {
        /// Nothing is down.
        case none
        case stopped
        /// It is being started again.
        case starting
    }

    private let state = Mutex(Phase.none)

    var phase: Phase {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
