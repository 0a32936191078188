import Operations
import Platform
import RecoveryPlan

/// The words of the pages about runs.
struct RunWords {
    let run: WatchedRun
    /// The ids of the open steps, made once: a run has some hundred steps with some dozen needs each.
    private let open: Set<String>

    init(_ run: WatchedRun) { (self.run, open) = (run, run.openSteps) }

    /// The names that a text lists before it only counts.
    static let mostNames = 6

    /// Returns names in one line, the first ones of many.
    static func list(_ names: [String]) -> String {
        guard names.count > mostNames else { return names.joined(separator: ", ") }
        return names.prefix(mostNames).joined(separator: ", ") + " and \(names.count - mostNames) more"
    }

    static func duration(_ seconds: Double) -> String { Units.duration(seconds: Int(clamping: seconds.rounded())) }

    /// The state of a step in a few words.
    func short(_ step: WatchedStep) -> String {
        let seconds = step.seconds(at: run.elapsed).map(Self.duration)
        switch step.state {
        case .waiting:
            let waits = step.waits(among: open)
            return waits.isEmpty ? "waiting" : "waits for \(waits.count)"
        case .running:
            let usual = step.expected.map { ", \(step.isUntimed ? "at least" : "usually") \(Self.duration($0))" } ?? ""
            return (seconds ?? "running") + usual + (step.attempt > 1 ? ", attempt \(step.attempt)" : "")
        case .retrying: return "retries, \(step.failures) failed"
        case .done: return "done" + (seconds.map { " in \($0)" } ?? "")
        case .failed: return "failed" + (seconds.map { " after \($0)" } ?? "")
        case .skipped, .cancelled, .rollingBack, .rolledBack: return Self.word(step.state)
        }
    }

    /// The state of a step in a sentence.
    func status(_ step: WatchedStep) -> String {
        let waits = step.waits(among: open)
        var text = waits.isEmpty ? short(step) : "waits for \(Self.list(waits))"
        if let bytes = step.bytes { text += ", \(Units.bytes(bytes)) restored" }
        if let remark = step.remark, !remark.isEmpty { text += ": \(remark)" }
        return text
    }

    static func word(_ state: WatchedStep.State) -> String {
        switch state {
        case .cancelled: "interrupted"
        case .retrying: "retrying"
        default: state.words
        }
    }

    /// The colour of a state, as a class.
    static func tone(_ state: WatchedStep.State) -> String {
        switch state {
        case .done: "good"
        case .failed, .cancelled: "bad"
        case .retrying, .skipped, .rollingBack, .rolledBack: "warn"
        case .running: "busy"
        case .waiting: "quiet"
        }
    }

    static func verdict(_ verdict: RunEnd.Verdict) -> (word: String, tone: String) {
        switch verdict {
        case .recovered: ("recovered", "good")
        case .late: ("recovered late", "warn")
        case .partial: ("recovered in part", "warn")
        case .notValidated: ("not validated", "bad")
        case .failed: ("failed", "bad")
        case .rolledBack: ("rolled back", "bad")
        case .interrupted: ("interrupted", "warn")
        }
    }

    static func title(_ run: WatchedRun) -> String {
        let kind = run.isControl == true ? "Negative control of the drill" : run.isDrill ? "Drill" : "Recovery"
        return "\(kind) of \(run.scenario)"
    }

    /// A drill's verdict is that of its evidence, which its control run and its checks decide.
    private static func ended(_ entry: LiveRuns.Entry) -> (word: String, tone: String) {
        guard let end = entry.run.end else { return ("ended", "quiet") }
        if entry.run.isControl == true { return ("control run ended", "quiet") }
        guard entry.run.isDrill, entry.source == .store, end.verdict == .recovered || end.verdict == .late else {
            return verdict(end.verdict)
        }
        switch entry.run.verdict {
        case "passed"?: return ("passed", "good")
        case "failed"?: return ("failed", "bad")
        case let other?: return (other, "warn")
        case nil: return ("restored, verdict not known here", "quiet")
        }
    }

    /// The state of a run as a badge.
    static func badge(_ entry: LiveRuns.Entry) -> (word: String, tone: String) {
        switch entry.news {
        case .ended: return ended(entry)
        case .died: return ("killed", "bad")
        case .silent: return ("no news", "bad")
        case .current:
            if entry.run.count(.failed) > 0 { return ("running, with failures", "bad") }
            if (entry.run.rtoLeft ?? 1) < 0 { return ("running, RTO exceeded", "bad") }
            if (entry.run.spare ?? 1) < 0 { return ("running, RTO at risk", "warn") }
            return ("running", "busy")
        }
    }

    /// A moment as `2026-11-29 22:10:31 UTC`.
    static func moment(_ seconds: Double) -> String {
        RFC3339.text(milliseconds: Int(clamping: seconds) * 1000).replacing("T", with: " ").prefix(19) + " UTC"
    }
}
