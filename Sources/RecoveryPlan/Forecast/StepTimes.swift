/// How long the steps of a scenario took in earlier runs and drills.
package struct StepTimes: Sendable {
    private struct Entry {
        /// As ``Step/work``; nil where the journal does not say it.
        var work: String?
        var attempt: StepHistory.Attempt
    }

    private var entries: [String: [Entry]] = [:]
    /// Seconds from the last step to the end of the checks.
    private var checks: [Double] = []
    /// With steps that were done.
    package private(set) var runs = 0
    /// Of the newest run that was no drill: a drill's are those of its own place.
    package private(set) var parameters: [String: String]?

    /// So many runs count, the newest: what a stack was years ago says little.
    package static let most = 24

    package init() {}

    /// - Parameter readings: of one scenario's runs, the newest first.
    package init(_ readings: some Sequence<JournalReading>) {
        for reading in readings { add(reading) }
    }

    /// - Parameter reading: older than those before.
    package mutating func add(_ reading: JournalReading) {
        guard !isFull else { return }
        var timeline = RunTimeline(reading.lines)
        var works: [String: String] = [:]
        var before: Double?
        var isUsed = false
        for line in reading.lines {
            let seconds = timeline.seconds(line)
            switch line.body.event {
            case .stepBegan(let attempt): works[attempt.step] = attempt.work
            // A second attempt at a restore goes on where the first one stopped: it says nothing of the whole.
            case .stepFinished(let result) where result.outcome == .done && (result.attempt == 1 || !result.isRestore):
                let attempt = StepHistory.Attempt(seconds: result.seconds, bytes: result.record?.restored?.bytes)
                entries[result.step, default: []].append(Entry(work: works[result.step], attempt: attempt))
                isUsed = true
            case .checksFinished: if let before { checks.append(seconds - before) }
            // An alarm may come at any time.
            case .noted: continue
            // The time that nothing ran is nobody's.
            case .runResumed:
                before = nil
                continue
            default: break
            }
            before = seconds
        }
        guard isUsed else { return }
        runs += 1
        if let record = reading.record, !record.isDrill { parameters = parameters ?? record.parameters }
    }

    package var isFull: Bool { runs >= Self.most }

    /// Of a step that did the same then: one of the same name that does something else now is a new one.
    func history(of step: Step) -> StepHistory {
        StepHistory(
            attempts: (entries[step.id] ?? []).filter { $0.work == nil || $0.work == step.work }.map(\.attempt))
    }

    /// - Parameter sizes: by component: what its restore would move.
    package func forecast(_ plan: Plan, sizes: [String: SizeForecast] = [:]) -> RunForecast {
        var steps: [String: TimeForecast] = [:]
        for step in plan.steps {
            steps[step.id] = history(of: step).forecast(step.wholeComponent.flatMap { sizes[$0] })
        }
        return RunForecast(
            StepGraph(plan.steps), steps, checks: TimeForecast(checks), hasChecks: !plan.checks.isEmpty)
    }
}

extension Step {
    /// What it does, as far as that rules how long it takes: the action, and which component it brings back.
    ///
    /// A program that a step runs is not told apart from another: its arguments are others in each drill.
    package var work: String? {
        guard let action else { return nil }
        guard let restore = action.action as? RestoreAction else { return action.keyword }
        let parts = restore.paths.isEmpty ? "" : ": \(restore.paths.joined(separator: ", "))"
        return "\(action.keyword) \(restore.component)\(parts)"
    }

    /// The component that the step brings back.
    package var restoredComponent: String? { (action?.action as? RestoreAction)?.component }

    /// The component that it brings back whole: how much a part of one holds is not known beforehand.
    var wholeComponent: String? {
        (action?.action as? RestoreAction).flatMap { $0.paths.isEmpty ? $0.component : nil }
    }
}

extension StepResult {
    fileprivate var isRestore: Bool { record?.restored != nil }
}
