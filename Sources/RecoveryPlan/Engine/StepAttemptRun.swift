internal import StrictYAML

/// One attempt at one step: `stop`, the action, `start`, and the proof that it holds.
struct StepAttemptRun: Sendable {
    let step: Step
    let context: ActionContext
    let clock: any Clock<Duration>

    /// - Returns: what the action recorded.
    /// - Throws: ``ActionError``; `CancellationError`.
    func run() async throws -> ActionRecord {
        try await within(step.timeout) {
            let record = try await act()
            try await prove()
            return record
        }
    }

    /// Whether the postconditions hold. A step without any is taken at its word.
    func prove() async throws {
        for condition in step.verify { _ = try await condition.action.perform(in: context) }
    }

    private func act() async throws -> ActionRecord {
        guard let action = step.action else { return ActionRecord("nothing to do") }
        for stop in step.stop { _ = try await stop.action.perform(in: context) }
        let record: ActionRecord
        do {
            record = try await action.action.perform(in: context)
        } catch {
            // What was stopped for the action is not left standing still because of its failure.
            if !step.stop.isEmpty { try await restart(after: error) }
            throw error
        }
        for start in step.start { _ = try await start.action.perform(in: context) }
        return record
    }

    private func restart(after error: any Error) async throws {
        // An interrupted run leaves the service down: the resumed one begins this step anew.
        guard !(error is CancellationError) else { return }
        for start in step.start {
            do { _ = try await start.action.perform(in: context) } catch let second {
                throw ActionError(
                    .failed, "step '\(step.id)'",
                    "\(error)\nand what it had stopped could not be started again: \(second)",
                    hint: "start it by hand")
            }
        }
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
