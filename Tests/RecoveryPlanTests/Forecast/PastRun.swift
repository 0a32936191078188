import Documents
import Foundation

@testable import RecoveryPlan

/// The journal of a finished run, built line by line on a clock that the test sets.
struct PastRun {
    struct Part {
        var step: String
        var seconds: Double
        var bytes: Int?
        var work: String?
        var outcome = StepResult.Outcome.done
        var attempt = 1

        static func restore(_ step: String, _ seconds: Double, bytes: Int, of component: String? = nil) -> Part {
            Part(step: step, seconds: seconds, bytes: bytes, work: "restore \(component ?? step)")
        }

        static func run(_ step: String, _ seconds: Double, outcome: StepResult.Outcome = .done) -> Part {
            Part(step: step, seconds: seconds, work: "run", outcome: outcome)
        }
    }

    var parts: [Part]
    /// The duration of the checks in seconds; nil if they did not run.
    var checks: Double?
    var isDrill = false
    var parameters: [String: String] = [:]

    /// True if the steps run in sequence.
    func reading() throws -> JournalReading {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var lines: [JournalLine] = []
        var uptime = 1000.0
        func note(_ event: JournalEvent) throws {
            lines.append(
                try JournalLine(
                    .init(
                        number: lines.count, at: start.addingTimeInterval(uptime - 1000), uptime: uptime,
                        previous: lines.last?.digest ?? "", event: event)))
        }
        var record = Rehearsal.record(startedAt: start)
        record.isDrill = isDrill
        record.parameters = parameters
        try note(.runBegan(run: record))
        for part in parts {
            try note(.stepBegan(attempt: StepAttempt(step: part.step, attempt: part.attempt, work: part.work)))
            uptime += part.seconds
            var action = ActionRecord("did it")
            action.restored = part.bytes.map {
                RestoredComponent(component: part.step, set: "s", newest: 0, files: 1, bytes: $0)
            }
            try note(
                .stepFinished(
                    result: StepResult(
                        step: part.step, attempt: part.attempt, outcome: part.outcome, seconds: part.seconds,
                        record: action)))
        }
        if let checks {
            uptime += checks / 2
            try note(.noted(text: "an alarm"))
            uptime += checks / 2
            try note(.checksFinished(checks: []))
        }
        return try JournalReading([UInt8]((lines.map(\.text).joined(separator: "\n") + "\n").utf8), name: "past run")
    }
}

extension StepTimes {
    init(_ runs: PastRun...) throws { self.init(try runs.map { try $0.reading() }) }
}

extension Step {
    static func restoring(_ component: String, as id: String? = nil, needs: [String] = []) -> Step {
        var action = RestoreAction()
        action.component = component
        return Step(id ?? component, action, needs: needs)
    }

    static func running(_ id: String, needs: [String] = []) -> Step { Step(id, RunAction(), needs: needs) }

    /// A step that waits for a set length.
    static func waiting(_ id: String, _ seconds: Int, needs: [String] = []) -> Step {
        Step(id, WaitAction(.seconds(seconds)), needs: needs)
    }

    /// A step after `rebuild` that thaws, with the id `thaw`.
    static func thawing(_ request: ThawRequest) -> Step {
        var action = ThawAction()
        action.request = request
        return Step("thaw", action, needs: ["rebuild"])
    }

    private init(_ id: String, _ action: any Action, needs: [String]) {
        self.init()
        self.id = id
        self.needs = needs
        self.action = AnyAction(action, location: .init(file: "test"))
    }
}

extension WaitAction {
    init(_ time: Period) {
        self.init()
        self.time = time
    }
}

extension Int {
    static let mebibyte = 1 << 20
    static let gibibyte = 1 << 30
}
