internal import Documents

/// The durations of a scenario's steps in earlier runs and drills.
package struct StepTimes: Sendable {
    private struct Entry {
        /// See ``Step/work``; nil if the journal does not record it.
        var work: String?
        var attempt: StepHistory.Attempt
        var kind: RunKind
    }

    private var entries: [String: [Entry]] = [:]
    /// The times of rehearsed restores, by ``Step/work``.
    private var rehearsed: [String: [StepHistory.Attempt]] = [:]
    /// Seconds from the last step to the end of the checks.
    private var checks: [(kind: RunKind, seconds: Double)] = []
    /// The number of runs with finished steps, by kind.
    private var counts: [RunKind: Int] = [:]
    /// The number of runs and drills with finished steps.
    package var runs: Int { counts.values.reduce(0, +) }
    /// The parameters of the newest run that was not a drill. A drill's parameters describe the drill directory.
    package private(set) var parameters: [String: String]?

    /// The number of runs of a kind that count, the newest first: the stack of years ago is not representative.
    package static let most = 24
    /// The number of measurements that a kind of run needs for a forecast without those of the other kind.
    package static let enough = 3

    package init() {}

    /// - Parameter readings: the journals of one scenario, the newest first.
    package init(_ readings: some Sequence<JournalReading>) {
        for reading in readings { add(reading) }
    }

    /// Adds the times of one run.
    /// - Parameter reading: a journal that is older than those added before.
    package mutating func add(_ reading: JournalReading) {
        let kind = reading.record?.kind ?? .recovery
        guard !isFull(kind) else { return }
        var timeline = RunTimeline(reading.lines)
        var works: [String: String] = [:]
        var before: Double?
        var isUsed = false
        for line in reading.lines {
            let seconds = timeline.seconds(line)
            switch line.body.event {
            case .stepBegan(let attempt): works[attempt.step] = attempt.work
            // A second attempt at a restore continues where the first one stopped: it does not time the whole restore.
            case .stepFinished(let result) where result.outcome == .done && (result.attempt == 1 || !result.isRestore):
                let attempt = StepHistory.Attempt(seconds: result.seconds, bytes: result.record?.restored?.bytes)
                entries[result.step, default: []].append(
                    Entry(work: works[result.step], attempt: attempt, kind: kind))
                isUsed = true
            case .checksFinished: if let before { checks.append((kind, seconds - before)) }
            // Alarms and remembered values are recorded at any time.
            case .noted, .remembered: continue
            // The time between two processes belongs to no step.
            case .runResumed:
                before = nil
                continue
            default: break
            }
            before = seconds
        }
        guard isUsed else { return }
        counts[kind, default: 0] += 1
        if let record = reading.record, !record.isDrill { parameters = parameters ?? record.parameters }
    }

    private func isFull(_ kind: RunKind) -> Bool { counts[kind] ?? 0 >= Self.most }
    package var isFull: Bool { RunKind.allCases.allSatisfy(isFull) }

    /// True if a forecast is possible: of the whole scenario, or of its restores.
    package var hasTimes: Bool { runs > 0 || !rehearsed.isEmpty }

    /// Adds the times of a rehearsal. A rehearsed restore counts in every scenario that has it.
    package mutating func add(_ rehearsal: RehearsalRecord) {
        for step in rehearsal.steps where step.seconds.isFinite && step.seconds >= 0 && step.bytes >= 0 {
            rehearsed[step.work, default: []].append(StepHistory.Attempt(seconds: step.seconds, bytes: step.bytes))
        }
    }

    /// Returns the history of a step. Attempts of a step with the same id but different work do not count.
    func history(of step: Step, for kind: RunKind = .recovery) -> StepHistory {
        StepHistory(attempts: Self.chosen(same(as: step), for: kind).map(\.attempt))
    }

    private func same(as step: Step) -> [Entry] {
        (entries[step.id] ?? []).filter { $0.work == nil || $0.work == step.work }
    }

    /// Returns the measurements of the kind, and those of the other kind too if these are too few.
    private static func chosen(_ entries: [Entry], for kind: RunKind) -> [Entry] {
        let own = entries.filter { $0.kind == kind }
        return own.count >= enough ? own : entries
    }

    private static func source(of kinds: [RunKind]) -> TimeForecast.Source {
        Set(kinds) == [.drill] ? .drills : Set(kinds) == [.recovery] ? .recoveries : .both
    }

    /// Forecasts a run of the plan.
    /// - Parameters:
    ///   - sizes: the sizes of the restores, by component.
    ///   - cold: what the store must thaw; nil if that is not known, so that only earlier thaws count.
    ///   - kind: the kind of run to forecast, whose own measurements are used where there are enough.
    package func forecast(
        _ plan: Plan, sizes: [String: SizeForecast] = [:], cold: ColdComponents? = nil, for kind: RunKind = .recovery
    ) -> RunForecast {
        var steps: [String: TimeForecast] = [:]
        for step in plan.steps {
            let forecast = forecast(step, step.wholeComponent.flatMap { sizes[$0] }, for: kind)
            steps[step.id] = cold?.forecast(step, measured: forecast) ?? forecast
        }
        let own = checks.filter { $0.kind == kind }
        let chosen = own.count >= Self.enough ? own : checks
        let end = TimeForecast(chosen.map(\.seconds))?.by(Self.source(of: chosen.map(\.kind)))
        return RunForecast(
            StepGraph(plan.steps), steps, checks: end, hasChecks: !plan.checks.isEmpty, thaw: cold?.thaw(before: plan))
    }

    /// Forecasts a step from its history, and at least as long as its waits and its rehearsals show.
    private func forecast(_ step: Step, _ size: SizeForecast?, for kind: RunKind) -> TimeForecast? {
        let waits = step.waitSeconds
        // Earlier runs may have waited for another length.
        if step.onlyWaits { return .wait(waits) }
        let bound = TimeForecast.lowerBound(
            rehearsal: StepHistory(attempts: step.work.flatMap { rehearsed[$0] } ?? []).forecast(size), waits: waits)
        let chosen = Self.chosen(same(as: step), for: kind)
        let forecast = StepHistory(attempts: chosen.map(\.attempt)).forecast(size)?
            .by(Self.source(of: chosen.map(\.kind)))
        return bound.map { forecast?.notBelow($0.low) ?? $0 } ?? forecast
    }
}

extension Step {
    /// The part of the step that determines its duration: the action and the restored component.
    ///
    /// Programs are not distinguished, because their arguments differ in each drill.
    package var work: String? {
        guard let action else { return nil }
        guard let restore = action.action as? RestoreAction else { return action.keyword }
        let parts = restore.paths.isEmpty ? "" : ": \(restore.paths.joined(separator: ", "))"
        return "\(action.keyword) \(restore.component)\(parts)"
    }

    /// The seconds of the waits of a set length in one attempt: `wait: 30s` as its action, in `stop` and in `start`.
    /// A wait for a condition may be over at once, so it does not count.
    var waitSeconds: Double {
        (stop + (action.map { [$0] } ?? []) + start).compactMap { ($0.action as? WaitAction)?.time }
            .reduce(0) { $0 + $1.duration / .seconds(1) }
    }

    /// True if the step waits for a set length and does nothing else.
    var onlyWaits: Bool {
        (action?.action as? WaitAction)?.time != nil && stop.isEmpty && start.isEmpty && verify.isEmpty
    }

    /// The component that the step restores.
    package var restoredComponent: String? { (action?.action as? RestoreAction)?.component }

    /// The component that the step restores completely. The size of a partial restore is not known in advance.
    var wholeComponent: String? {
        (action?.action as? RestoreAction).flatMap { $0.paths.isEmpty ? $0.component : nil }
    }
}

extension StepResult {
    fileprivate var isRestore: Bool { record?.restored != nil }
}
