import BackupRepository
package import Kubernetes
import Platform
import RecoveryPlan

/// The preview of a scenario, for `--dry-run`.
package struct ScenarioPreview: Encodable {
    struct StepPreview: Encodable {
        var id: String
        /// The number of the step's wave, from 1; steps of one wave can run concurrently.
        var wave: Int
        var needs: [String]
        var about: String?
        /// The actions, one line each, with real values.
        var does: [String]
        /// The postconditions.
        var proves: [String]
        var bytes: Int?
        var timeout: String
        var onFailure: String
        var forecast: TimeForecast?
    }

    var dryRun = true
    var scenario: String
    var set: String
    /// The set that each component would be restored from, by component.
    var sets: [String: String]
    /// By component: the newer sets that would not be used, newest first; nil if there are none.
    var passedOver: [String: [RestoreSelection.PassedOver]]?
    /// The data that a disaster at this time would lose.
    var restorePoint: RestorePoint
    var parameters: [String: String]
    var rto: Double?
    var rpo: Double?
    /// Nil if a step has never been run.
    var forecast: TimeForecast?
    /// The thaw of archived packs before the run, which counts in the time; nil if none is needed.
    var thaw: TimeForecast?
    /// The expected time of the steps with data; a lower bound.
    var atLeast: Double?
    /// The steps that have never been run.
    var withoutData: [String]
    var steps: [StepPreview] = []
    var checks: [String]
    /// The components of the set that no step restores.
    var unrestored: [String]
    /// The findings on the plan's clusters.
    package var preflight: [ClusterFinding] = []
    /// The bytes that would be restored.
    var bytes: Int { steps.compactMap(\.bytes).reduce(0, +) }

    init(
        _ plan: Plan, _ record: RunRecord, forecast: RunForecast, point: RestorePoint, sets: [String: String]
    ) {
        restorePoint = point
        self.sets = sets
        scenario = plan.scenario
        set = record.identity.set
        parameters = plan.parameters
        rto = record.rto
        rpo = record.rpo
        self.forecast = forecast.total
        thaw = forecast.thaw
        atLeast = forecast.atLeast
        withoutData = forecast.unknown
        checks = plan.checks
        unrestored = record.unrestored ?? []
    }

    static func unrestored(_ component: String) -> String {
        "\(component) is not restored: no step of the plan restores it\nhint: add a step, or restore it afterwards with "
            + "`dr restore --component \(component)`"
    }

    mutating func add(
        _ step: Step, wave: Int, does: [String], proves: [String], bytes: Int?, forecast: TimeForecast?
    ) {
        steps.append(
            StepPreview(
                id: step.id, wave: wave, needs: step.needs, about: step.about, does: does, proves: proves, bytes: bytes,
                timeout: "\(step.timeout)", onFailure: step.onFailure.rawValue, forecast: forecast))
    }

    package var text: String {
        var lines = ["would run \(scenario) from \(RunRecord.text(sets, newest: set))"]
        if Set(sets.values).count > 1 { lines.append(RestorePointText.text(restorePoint)) }
        for step in steps {
            let needs = step.needs.isEmpty ? "" : ", after \(step.needs.joined(separator: ", "))"
            lines.append("\(step.wave). \(step.id)\(needs) (at most \(step.timeout), on failure: \(step.onFailure))")
            if let about = step.about { lines.append("     \(about)") }
            lines += step.does.map { "     - \($0)" }
            lines += step.proves.map { "     = \($0)" }
        }
        if !checks.isEmpty { lines.append("then checks: \(checks.joined(separator: ", "))") }
        lines += unrestored.map { "warning: \(Self.unrestored($0))" }
        lines.append("data to restore: \(Units.bytes(bytes))")
        let allowed = rto.map { "; allowed: \(Units.duration($0))" } ?? ""
        lines.append("time: \(forecast?.text ?? incomplete)\(allowed)")
        if let thaw { lines.append("of it, a thaw of archived packs before the run: \(thaw.text)") }
        if !preflight.isEmpty {
            lines += ["preflight:"] + preflight.lines.map { "  \($0.replacing("\n", with: "\n  "))" }
        }
        lines.append("nothing was changed")
        return lines.joined(separator: "\n")
    }

    private var incomplete: String {
        guard let atLeast else { return "no data: the plan has never been run" }
        return "at least \(Units.duration(atLeast)), no data for \(withoutData.joined(separator: ", "))"
    }
}
