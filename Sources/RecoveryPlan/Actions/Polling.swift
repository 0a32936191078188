internal import Documents

/// How often a condition is asked again until it holds.
struct Polling: Equatable, Sendable {
    var every = Period.seconds(2)
    /// Nil: as long as the step may take.
    var within: Period?

    /// Asks until the condition holds.
    /// - Throws: the last refusal once the time is up; at once what asking again cannot change.
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

    /// As ``run(in:_:)``, but asks only once where no time is given.
    func runIfTimed(in context: ActionContext, _ ask: () async throws -> ActionRecord) async throws -> ActionRecord {
        within == nil ? try await ask() : try await run(in: context, ask)
    }
}
