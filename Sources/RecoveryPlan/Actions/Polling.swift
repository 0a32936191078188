internal import Documents

/// The interval and the time limit for repeating a condition until it holds.
struct Polling: Equatable, Sendable {
    var every = Period.seconds(2)
    /// Nil to repeat until the step's time-out.
    var within: Period?

    /// Repeats a condition until it holds.
    /// - Throws: the last error when the time is up; immediately an error that another attempt cannot change.
    func run(in context: ActionContext, _ ask: () async throws -> ActionRecord) async throws -> ActionRecord {
        let start = ContinuousClock.now
        var last: String?
        while true {
            do {
                return try await ask()
            } catch let error as ActionError where error.reason == .failed || error.reason == .notSo {
                let waited = ContinuousClock.now - start
                if let within, waited + every.duration > within.duration {
                    var refusal = error
                    refusal.detail += " (after \(within))"
                    throw refusal
                }
                if error.detail != last {
                    context.tell("waiting: \(error.operation): \(error.detail)")
                    last = error.detail
                }
                try await Task.sleep(for: every.duration)
            }
        }
    }

    /// Repeats a condition as ``run(in:_:)`` does, but tests it only once if there is no time limit.
    func runIfTimed(in context: ActionContext, _ ask: () async throws -> ActionRecord) async throws -> ActionRecord {
        within == nil ? try await ask() : try await run(in: context, ask)
    }
}
