package import Components
import Documents
import Platform
package import RecoveryPlan

/// The output of `dr plan show`.
package struct PlanReport: Encodable {
    package struct Objectives: Encodable {
        var rto: String?
        var rtoFrom: RTOStart
        var rpo: String?
    }

    package struct CriticalPath: Encodable {
        var steps: [String]
        /// The longest time by time-outs and attempts.
        var seconds: Int
    }

    package struct Parameter: Encodable {
        var name: String
        var value: String?
        var about: String?
        var oneOf: [String]
    }

    package struct StepReport: Encodable {
        var id: String
        var about: String?
        /// The number of the step's wave, from 1; steps of one wave may run concurrently.
        var wave: Int
        var needs: [String]
        var action: [String]
        var stop: [String]
        var start: [String]
        var verify: [String]
        var rollback: [String]
        /// The time-out of one attempt, in seconds.
        var timeout: Int
        var attempts: Int
        /// The delay before the second attempt, in seconds.
        var backoff: Int
        var onFailure: Step.FailurePolicy
    }

    struct LeftOut: Encodable {
        var id: String
        var reason: String
    }

    package var scenario: String
    package var aliases: [String]
    package var procedure: String?
    package var about: String?
    package var file: String
    package var objectives: Objectives
    package var criticalPath: CriticalPath
    package var parameters: [Parameter]
    package var steps: [StepReport]
    var leftOut: [LeftOut]
    package var checks: [String]
    /// The forecast of today's time by earlier runs and drills on this machine; nil without any.
    package var forecast: RunForecast?
    /// The forecast compared with the RTO, today and at the present growth.
    package var outlook: RecoveryOutlook?
    /// The agreement of earlier forecasts with the measured times; nil without a forecast.
    package var calibration: [ForecastHistory.Summary]?

    package init(_ plan: Plan, from entry: PlanLibrary.Entry, in context: ActionContext) async throws {
        scenario = plan.scenario
        aliases = plan.aliases
        procedure = plan.procedure
        about = plan.about
        file = entry.text.file
        objectives = Objectives(
            rto: plan.objectives.rto?.description, rtoFrom: plan.objectives.rtoFrom,
            rpo: plan.objectives.rpo?.description)
        let graph = StepGraph(plan.steps)
        let path = graph.criticalPath { Double($0.longestDuration) }
        criticalPath = CriticalPath(steps: path.steps, seconds: Int(clamping: path.length))
        parameters = plan.declared.map {
            Parameter(name: $0.name, value: $0.value?.text, about: $0.about, oneOf: $0.oneOf)
        }
        leftOut = plan.leftOut.map { LeftOut(id: $0.step.id, reason: $0.reason) }
        checks = plan.checks
        steps = []
        for (index, wave) in graph.waves.enumerated() {
            for step in wave { steps.append(try await Self.report(step, wave: index + 1, context)) }
        }
    }

    private static func report(_ step: Step, wave: Int, _ context: ActionContext) async throws -> StepReport {
        func lines(_ actions: [AnyAction]) async throws -> [String] {
            var lines: [String] = []
            for action in actions { lines += try await action.action.preview(in: context).lines }
            return lines
        }
        return StepReport(
            id: step.id, about: step.about, wave: wave, needs: step.needs,
            action: try await lines(step.action.map { [$0] } ?? []), stop: try await lines(step.stop),
            start: try await lines(step.start), verify: try await lines(step.verify),
            rollback: try await lines(step.rollback), timeout: Int(step.timeout.duration.components.seconds),
            attempts: step.retry.attempts, backoff: Int(step.retry.backoff.duration.components.seconds),
            onFailure: step.onFailure)
    }
}

// MARK: Text

extension PlanReport {
    /// - Parameter kinds: the kinds of the components, by name.
    package func text(kinds: [String: any ComponentKind.Type]) -> String {
        var lines = ["\(([scenario] + aliases).joined(separator: ", "))\(procedure.map { " (\($0))" } ?? ""), \(file)"]
        if let about { lines.append(about) }
        lines.append(
            "RTO \(objectives.rto ?? "-") from \(objectives.rtoFrom.rawValue), RPO \(objectives.rpo ?? "-"); with all "
                + "time-outs, at most \(Units.duration(seconds: criticalPath.seconds)): "
                + criticalPath.steps.joined(separator: " → "))
        if !parameters.isEmpty { lines += ["", "PARAMETERS", parameterTable] }
        for step in steps {
            if step.wave != lines.last(where: { $0.hasPrefix("WAVE ") }).flatMap({ Int($0.dropFirst(5)) }) {
                lines += ["", "WAVE \(step.wave)"]
            }
            lines += step.text(forecast)
        }
        if !leftOut.isEmpty { lines += ["", "SKIPPED"] + leftOut.map { "  \($0.id): \($0.reason)" } }
        if !checks.isEmpty { lines += ["", "CHECKS", "  \(checks.joined(separator: ", "))"] }
        // Last, so that it is visible after the rest has scrolled away.
        lines +=
            [""]
            + (outlook?.text(kinds: kinds) ?? [
                "FORECAST", "  no data: the plan was never run or drilled on this machine",
            ]) + origin + thaw
        lines += (calibration ?? []).map { "  earlier forecasts, \($0.text)" }
        return lines.joined(separator: "\n")
    }

    /// The runs that today's forecast comes from.
    private var origin: [String] {
        switch forecast?.total?.source {
        case .recoveries?: ["  measured in recoveries"]
        case .drills?: ["  measured in drills, because fewer than \(StepTimes.enough) recoveries were run"]
        case .both?:
            ["  measured in recoveries and drills, because some steps ran in fewer than \(StepTimes.enough) recoveries"]
        case nil: []
        }
    }

    private var thaw: [String] {
        (forecast?.thaw).map { ["  with a thaw of archived packs before the run: \($0.text)"] } ?? []
    }

    private var parameterTable: String {
        var table = Table([("  NAME", .left), ("VALUE", .left), ("", .left)])
        for parameter in parameters {
            let choice = parameter.oneOf.isEmpty ? "" : "One of \(parameter.oneOf.joined(separator: ", ")). "
            table.add(["  \(parameter.name)", parameter.value ?? "(required)", choice + (parameter.about ?? "")])
        }
        return table.text
    }
}

extension PlanReport.StepReport {
    /// - Parameter forecast: nil if no step of the plan was ever run.
    fileprivate func text(_ forecast: RunForecast?) -> [String] {
        var policy = ["at most \(Units.duration(seconds: timeout))"]
        if attempts > 1 { policy.append("\(attempts) attempts, first delay \(Units.duration(seconds: backoff))") }
        if onFailure != .abort { policy.append("on failure \(onFailure.rawValue)") }
        if let forecast { policy.append("forecast \(forecast.steps[id]?.text ?? "no data")") }
        if !needs.isEmpty { policy.append("after \(needs.joined(separator: ", "))") }
        var lines = ["  \(id): \(policy.joined(separator: "; "))"]
        if let about { lines.append("      \(about)") }
        for (word, actions) in [
            ("stop", stop), ("do", action), ("start", start), ("verify", verify), ("undo", rollback),
        ] {
            for (index, action) in actions.enumerated() {
                let label = index == 0 ? word : ""
                lines.append("    \(label)\(String(repeating: " ", count: 8 - label.count))\(action)")
            }
        }
        return lines
    }
}
