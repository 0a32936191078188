import Cryptography
import Foundation
import RecoveryPlan

/// A run of a plan whose journal a test writes, with the times that it chooses.
struct RecordedRun {
    var scenario = "loss"
    /// Days before now.
    var age: Double
    var isDrill = true
    var verdict = RunEnd.Verdict.recovered
    /// The result of the negative control; nil if there was none.
    var noticed: Bool? = true
    /// The plan's text.
    var plan: String?
    /// Seconds that the journal forecasts; nil for no forecast.
    var forecast: Double?

    /// The time of the run, seconds since 1970.
    func start(_ now: Int) -> Date { Date(timeIntervalSince1970: Double(now) - age * 86_400) }

    /// Writes the journal into a state folder.
    /// - Parameter number: makes the id of the run, which sorts by time.
    @discardableResult
    func write(_ number: Int, in state: String, now: Int) throws -> String {
        let identity = RunIdentity(
            id: "20260101T\(100_000 + number)Z-\(number)", stack: "monitoring", scenario: scenario,
            set: "20260101T000000Z")
        let start = start(now)
        var record = RunRecord(
            identity: identity, isDrill: isDrill, procedure: nil,
            planDigest: plan.map { Digest(of: [UInt8]($0.utf8)).hex } ?? "unknown", parameters: [:], setDigest: "s",
            components: ["tree"], tool: "dr test",
            holder: RunHolder(person: "me", host: "here", process: 1, boot: "b"), startedAt: start)
        record.outline = try plan.map { try PlanOutline(PlanText($0, file: "loss.yaml", folder: "/")) }
        if let forecast {
            record.forecast = RunForecast(
                StepGraph([Step.named("tree")]),
                ["tree": TimeForecast(expected: forecast, low: 0, high: forecast * 2, samples: 5, basis: .interval)])
        }
        record.forecastTolerance = 2
        let journal = try Journal(creating: RunFolder(state: state).make(identity.id), now: { start })
        try journal.append(.runBegan(run: record))
        try journal.append(.stepBegan(attempt: StepAttempt(step: "tree", attempt: 1, work: "restore tree")))
        var done = ActionRecord("restored")
        done.restored = RestoredComponent(component: "tree", set: identity.set, newest: 0, files: 1, bytes: 1)
        try journal.append(
            .stepFinished(result: StepResult(step: "tree", attempt: 1, outcome: .done, seconds: 2, record: done)))
        if verdict.isValidated { try journal.append(.reached(milestone: .validated)) }
        if let noticed {
            try journal.append(
                .negativeControl(damage: "a byte", expected: ["x"], red: noticed ? ["x"] : [], noticed: noticed))
        }
        try journal.append(.runFinished(end: RunEnd(verdict, reasons: [])))
        return identity.id
    }
}

extension Step {
    fileprivate static func named(_ id: String) -> Step {
        var step = Step()
        step.id = id
        return step
    }
}
