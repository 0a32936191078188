import BackupRepository
import FoundationEssentials
package import Components
import Platform
package import RecoveryPlan

/// The result of a run of a plan.
package struct ScenarioResult: Encodable {
    struct ClockTimes: Encodable {
        var failed: String?
        var detected: String?
        var declared: String?
        var started: String
        var targetReady: String?
        var dataRestored: String?
        var validated: String?
    }

    package var run: String
    package var scenario: String
    package var set: String
    /// The set of each component, by component; nil if all components come from the same set.
    package var sets: [String: String]?
    /// By component: the newer sets that were not used, newest first; nil if there are none. A resumed run names none: its
    /// sets were chosen when it began.
    var passedOver: [String: [RestoreSelection.PassedOver]]?
    package var verdict: RunEnd.Verdict
    package var reasons: [String]
    var clocks: ClockTimes
    package var objectives: ObjectivesJudgement
    /// The forecast of the run's time; nil if a step had never been run.
    package var forecast: TimeForecast?
    /// The measured minus the expected time in seconds; nil without a forecast or a validation.
    var forecastError: Double?
    package var checks: [CheckResult]
    /// The missing parts and the manual work of the restored components, one line each.
    var warnings: [String]
    /// The evidence that the stack is recovered; nil if there is none.
    var validatedBy: Validation?
    package var journal: String
    private let setsText: String

    private enum CodingKeys: String, CodingKey {
        case run, scenario, set, sets, passedOver, verdict, reasons, clocks, objectives, forecast, forecastError, checks
        case warnings, validatedBy, journal
    }

    enum Validation: String, Encodable {
        case checks
        /// The plan declares no checks, so only the postconditions of its steps were verified.
        case postconditions
    }

    package init(_ outcome: RunOutcome, _ record: RunRecord, reading: JournalReading, journal: String) {
        run = record.identity.id
        scenario = record.identity.scenario
        set = record.identity.set
        sets = record.sets
        setsText = record.setsText
        verdict = outcome.end.verdict
        reasons = outcome.end.reasons
        objectives = outcome.judgement
        let expected = reading.record?.forecast?.total
        forecast = expected
        forecastError = outcome.judgement.sinceStarted.flatMap { actual in expected.map { actual - $0.expected } }
        checks = outcome.checks
        warnings = Self.warnings(in: reading.lines)
        if verdict.isValidated { validatedBy = checks.isEmpty ? .postconditions : .checks }
        self.journal = journal
        let clocks = RecoveryClocks(reading.lines) ?? RecoveryClocks(record)
        self.clocks = ClockTimes(
            failed: record.failedAt.map(Moment.text), detected: record.detectedAt.map(Moment.text),
            declared: record.declaredAt.map(Moment.text), started: Moment.text(clocks.started),
            targetReady: clocks.moment(clocks.targetReady).map(Moment.text),
            dataRestored: clocks.moment(clocks.dataRestored).map(Moment.text),
            validated: clocks.moment(clocks.validated).map(Moment.text))
    }

    /// The warnings of the last restore of each step, in the order of the steps' ends.
    private static func warnings(in lines: [JournalLine]) -> [String] {
        var found: [String] = []
        for line in lines {
            guard case .stepFinished(let result) = line.body.event, let part = result.record?.restored else { continue }
            for warning in part.warnings.map({ "\(part.component): \($0)" }) where !found.contains(warning) {
                found.append(warning)
            }
        }
        return found
    }

    package var text: String {
        var lines = ["\(scenario) from \(setsText): \(words)"]
        lines += reasons.map { "  \($0)" }
        lines.append(clockTable)
        lines += times
        lines.append(forecastLine)
        lines += losses
        lines.append(checks.isEmpty ? unchecked : checkTable)
        lines.append("journal: \(journal)")
        if let next { lines.append(next) }
        return lines.joined(separator: "\n")
    }

    private var words: String {
        switch verdict {
        case .recovered: "recovered and \(validation)"
        case .late: "recovered and \(validation), but an objective was MISSED"
        case .partial: "PARTLY recovered, \(validation)"
        case .notValidated: "finished, but NOT VALIDATED"
        case .failed: "FAILED"
        case .rolledBack: "FAILED, and rolled back"
        case .interrupted: "interrupted"
        }
    }

    private var validation: String {
        validatedBy == .postconditions ? "validated only by the postconditions of its steps" : "validated"
    }

    private var clockTable: String {
        var table = Table([("CLOCK", .left), ("", .left), ("AT (UTC)", .left)])
        let moments = [
            ("T0", "failed", clocks.failed), ("T1", "detected", clocks.detected), ("T2", "declared", clocks.declared),
            ("T3", "started", clocks.started), ("T4", "target ready", clocks.targetReady),
            ("T5", "data restored", clocks.dataRestored), ("T6", "validated", clocks.validated),
        ]
        for (name, what, moment) in moments {
            let isGiven = moment != nil || ["T4", "T5", "T6"].contains(name)
            table.add([name, what, moment ?? (isGiven ? "-" : "not given, same as the next")])
        }
        return table.text
    }

    private var times: [String] {
        guard let started = objectives.sinceStarted else {
            return ["time to recover: unknown, because the recovery is not validated"]
        }
        var line = "time to recover: \(Units.duration(objectives.sinceDeclared ?? started)) since declared, "
        line += "\(Units.duration(objectives.sinceFailed ?? started)) since failed, "
        line += "\(Units.duration(started)) since started"
        guard let rto = objectives.rto, let met = objectives.rtoMet else { return [line + "; there is no objective"] }
        let judged = "allowed since \(objectives.rtoFrom.rawValue): \(Units.duration(rto))"
        return [line + "; \(judged): \(met ? "met" : "MISSED")"]
    }

    private var forecastLine: String {
        guard let forecast else { return "forecast: none, because there is no data" }
        return objectives.sinceStarted.map { forecast.comparison(with: $0) } ?? "forecast: \(forecast.text)"
    }

    private var losses: [String] {
        guard !objectives.losses.isEmpty else { return [] }
        var table = Table([("COMPONENT", .left), ("NEWEST DATUM", .left), ("LOST", .right), ("VALIDATED", .left)])
        for loss in objectives.losses {
            table.add([
                loss.component, Units.moment(milliseconds: loss.newest),
                loss.seconds.map { Units.duration($0) } ?? "unknown",
                loss.isValidated ? "yes" : "NO",
            ])
        }
        var line =
            "data lost: "
            + (objectives.worstLoss.map { "at most \(Units.duration($0))" }
                ?? "unknown, because no component is validated")
        if let skew = objectives.skew { line += ", skew between components \(Units.duration(skew))" }
        if let rpo = objectives.rpo, let met = objectives.rpoMet {
            line += "; allowed: \(Units.duration(rpo)): \(met ? "met" : "MISSED")"
        }
        return [table.text, line]
    }

    private var unchecked: String {
        validatedBy == nil
            ? "checks: none ran"
            : "checks: the plan declares none, so the stack as a whole was not checked"
    }

    private var checkTable: String {
        var table = Table([
            ("CHECK", .left), ("COMPONENT", .left), ("VERDICT", .left), ("MEASURED", .left), ("TARGET", .left),
        ])
        for check in checks {
            let verdict = check.verdict == .failed ? (check.isCritical ? "FAILED" : "warning") : check.verdict.rawValue
            table.add([check.name, check.component ?? "-", verdict, check.measured, check.target])
        }
        return table.text
    }

    private var next: String? {
        switch verdict {
        case .recovered, .late: "next: run `dr report \(run)` to make the evidence"
        case .partial, .notValidated, .failed:
            "next: fix the errors above, then resume: dr restore --scenario \(scenario) --resume \(run)"
        case .interrupted: "next: dr restore --scenario \(scenario) --resume \(run)"
        case .rolledBack: "next: fix the errors above, then start a new run"
        }
    }
}
