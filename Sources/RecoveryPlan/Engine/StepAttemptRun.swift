internal import Documents
internal import Synchronization

/// One attempt at one step: `stop`, the action, `start`, and the postconditions.
struct StepAttemptRun: Sendable {
    let step: Step
    let context: ActionContext
    let clock: any Clock<Duration>

    /// Runs the attempt within the step's time-out.
    /// - Returns: the action's record.
    /// - Throws: ``ActionError``; `CancellationError`.
    func run() async throws -> ActionRecord {
        let downtime = Downtime()
        do {
            let timed = timed(step.timeout)
            return try await within(step.timeout) {
                let record = try await timed.act(downtime)
                try await timed.verify()
                return record
            }
        } catch {
            try await restart(downtime.phase, after: error)
            throw error
        }
    }

    /// The same attempt with a deadline for its actions, so that they can report what they wait for before it is over.
    func timed(_ limit: Period) -> StepAttemptRun {
        var context = context
        context.deadline = .now + limit.duration
        return StepAttemptRun(step: step, context: context, clock: clock)
    }

    /// Verifies the postconditions. A step without postconditions always passes.
    func verify() async throws {
        for condition in step.verify { _ = try await condition.action.perform(in: context) }
    }

    private func act(_ downtime: Downtime) async throws -> ActionRecord {
        guard let action = step.action else { return ActionRecord("nothing to do") }
        if !step.stop.isEmpty { downtime.phase = .stopped }
        for stop in step.stop { _ = try await stop.action.perform(in: context) }
        let record = try await action.action.perform(in: context)
        if !step.stop.isEmpty { downtime.phase = .starting }
        for start in step.start { _ = try await start.action.perform(in: context) }
        downtime.phase = .none
        return record
    }

    /// Starts the stopped servers again after the action failed, hung or was interrupted.
    private func restart(_ phase: Downtime.Phase, after error: any Error) async throws {
        guard phase != .none, !step.start.isEmpty else { return }
        var second: any Error = error
        if phase == .stopped {
            // An operator who interrupts a run does not wait long.
            let limit = Task.isCancelled ? min(step.timeout.duration, .seconds(60)) : step.timeout.duration
            do {
                // In a separate task: the step's task may be cancelled.
                try await Task {
                    let limit = Period.seconds(Int(limit.components.seconds))
                    let timed = timed(limit)
                    try await within(limit) {
                        for start in step.start { _ = try await start.action.perform(in: timed.context) }
                    }
                }.value
                return
            } catch let failure { second = failure }
        }
        let first = phase == .stopped ? "\(error)\nand " : ""
        throw ActionError(
            (error as? ActionError)?.reason ?? .failed, operation: "step '\(step.id)'",
            "\(first)the servers that the step stopped could not be started again: \(second)",
            hint: "start them by hand")
    }

    func within<Value: Sendable>(
        _ limit: Period, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask { [clock] in
                try await clock.sleep(for: limit.duration)
                throw ActionError(
                    .failed, operation: "step '\(step.id)'", "timed out after \(limit)",
                    hint: "check what the step waits for, or raise its 'timeout'")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}

/// The state of the servers that a step stops and starts.
private final class Downtime: Sendable {
    enum Phase {
        /// The step has stopped nothing, or has started everything again.
        case none
        case stopped
        /// The step is starting the servers again.
        case starting
    }

    private let state = Mutex(Phase.none)

    var phase: Phase {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
