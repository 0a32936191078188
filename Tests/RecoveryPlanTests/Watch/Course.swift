import Foundation

@testable import RecoveryPlan

/// A run whose events a test chooses.
struct Course {
    private(set) var observer: RunObserver

    /// - Parameters:
    ///   - steps: the needs of each step; the plan has them in the order of their names.
    ///   - declaredBefore: seconds between the declaration and the start.
    init(_ record: RunRecord) { observer = RunObserver(record) }

    init(
        _ steps: [String: [String]], rto: Double? = nil, declaredBefore: Double? = nil,
        expected: [String: Double] = [:]
    ) {
        observer = RunObserver(
            Self.record(steps, rto: rto, declaredBefore: declaredBefore, expected: expected))
    }

    static func record(
        _ steps: [String: [String]], rto: Double? = nil, declaredBefore: Double? = nil,
        expected: [String: Double] = [:]
    ) -> RunRecord {
        let start = Date(timeIntervalSince1970: 1_796_000_000)
        var record = Rehearsal.record(startedAt: start)
        record.steps = steps.keys.sorted()
        record.needs = steps.mapValues { $0.sorted() }
        record.rto = rto
        record.declaredAt = declaredBefore.map { start.addingTimeInterval(-$0) }
        if !expected.isEmpty {
            record.forecast = RunForecast(
                StepGraph([]),
                expected.mapValues { TimeForecast(expected: $0, low: $0, high: $0, samples: 3, basis: .interval) })
        }
        return record
    }

    mutating func observe(_ event: JournalEvent, at seconds: Double) {
        observer.observe(event, at: seconds, wall: 1_796_000_000 + seconds)
    }

    mutating func begin(_ step: String, at seconds: Double, attempt: Int = 1) {
        observe(.stepBegan(attempt: StepAttempt(step: step, attempt: attempt)), at: seconds)
    }

    mutating func finish(_ step: String, at seconds: Double) {
        observe(
            .stepFinished(result: StepResult(step: step, attempt: 1, outcome: .done, seconds: 1)), at: seconds)
    }

    mutating func fail(_ step: String, at seconds: Double, _ error: String, isRetried: Bool = false) {
        observe(
            .stepFinished(
                result: StepResult(
                    step: step, attempt: 1, outcome: .failed, seconds: 1, error: error, isRetried: isRetried)),
            at: seconds)
    }

    func run(at elapsed: Double) -> WatchedRun { observer.run.advanced(by: elapsed - observer.run.elapsed) }
}
