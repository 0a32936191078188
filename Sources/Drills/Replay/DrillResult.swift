import BackupRepository
import Cryptography
import FoundationEssentials
import ObjectStorage
import Operations
import Platform
package import Components
import RecoveryPlan
package import Reporting
import StackConfiguration

/// The result of a drill.
package struct DrillResult: Encodable {
    package var run: String
    package var scenario: String
    package var set: String
    package var verdict: Evidence.Verdict
    package var reasons: [String]
    package var rto: TimeObjective
    package var rpo: LossObjective
    var negativeControl: NegativeControl?
    var liveStackUntouched: Bool?
    /// The compared components.
    var liveStackCompared: [String]
    var deviations: [String]
    package var checks: [CheckResult]
    package var files: [String]
    /// The environment of a bare drill; nil for a drill with a configuration.
    var bare: BareEnvironment?
    // For the ledger.
    let components: [String]
    let setDigest: String
    let planDigest: String
    let journalHead: String
    let reportDigest: String

    private enum CodingKeys: String, CodingKey {
        case run, scenario, set, verdict, reasons, rto, rpo, negativeControl, liveStackUntouched, liveStackCompared,
            deviations, checks, files, bare
    }

    package init(_ evidence: Evidence, _ written: ReportFiles.Written) {
        run = written.run
        scenario = evidence.subject.scenario
        set = evidence.subject.set
        verdict = evidence.verdict
        reasons = evidence.reasons
        rto = evidence.rto
        rpo = evidence.rpo
        negativeControl = evidence.negativeControl
        liveStackUntouched = evidence.liveStack?.isUntouched
        liveStackCompared = evidence.liveStack?.components.map(\.component) ?? []
        deviations = evidence.deviations
        checks = evidence.checks
        files = written.files
        bare = evidence.subject.bare
        components = evidence.subject.components
        setDigest = evidence.subject.setDigest
        planDigest = evidence.subject.planDigest
        journalHead = evidence.journal.head
        reportDigest = written.digest
    }

    /// The exit code of the command.
    var exitCode: Int {
        switch verdict {
        case .passed: 0
        case .late: 5
        case .failed, .partial, .inconclusive: 4
        }
    }

    package var text: String {
        var lines = [
            "drill of \(scenario) from set \(set): \(verdict == .passed ? "passed" : verdict.rawValue.uppercased())"
        ]
        lines += reasons.map { "  \($0)" }
        lines.append(
            "time to recover: \(rto.judged.map { Units.duration($0) } ?? "not validated")"
                + (rto.allowed.map { ", allowed \(Units.duration($0))" } ?? ""))
        if let forecast = rto.forecast, let seconds = rto.sinceStarted {
            lines.append(forecast.comparison(with: seconds))
        }
        lines.append(
            "data lost: \(rpo.worst.map { "at most \(Units.duration($0))" } ?? "not validated")"
                + (rpo.allowed.map { ", allowed \(Units.duration($0))" } ?? ""))
        if let control = negativeControl {
            lines.append(
                "negative control: \(control.damage): "
                    + (control.noticed ? "detected by \(control.red.joined(separator: ", "))" : "NOT DETECTED"))
            lines += (control.why ?? []).map { "  \($0)" }
        }
        let compared = liveStackCompared.joined(separator: ", ")
        if let liveStackUntouched {
            lines.append("live stack: \(liveStackUntouched ? "untouched" : "CHANGED") (\(compared))")
        } else {
            lines.append("live stack: not compared, because no component could be read before and after the drill")
        }
        if let bare { lines.append("bare: \(bare.text)") }
        lines += deviations.map { "deviation: \($0)" }
        lines += files.map { "wrote \($0)" }
        return lines.joined(separator: "\n")
    }
}
