package import FoundationEssentials
import Platform

/// The progress of a run: the running steps, the number of finished steps, and the remaining time.
package struct RunBoard {
    private let title: String
    private let rto: Double?
    private var forecast: RunForecast?
    /// The number of steps in the plan.
    private let total: Int
    /// The reading of the monotonic clock at T3.
    private let started: Double
    /// The reading of the monotonic clock at the start of the RTO.
    private let counted: Double
    private var running: [(step: String, attempt: Int, began: Double)] = []
    private var done: Set<String> = []
    private var lost: Set<String> = []

    /// - Parameter now: reading of the monotonic clock.
    package init(_ record: RunRecord, now: Double, wall: Date = WallClock.system.now) {
        title = "\(record.identity.scenario) from \(record.setsText)"
        rto = record.rto
        forecast = record.forecast
        total = record.steps.count
        // A resumed run started in another process, so only the wall clock gives the elapsed time.
        let before = max(0, wall.timeIntervalSince(record.startedAt))
        started = now - before
        counted = now - RecoveryClocks(record).since(record.rtoFrom, before)
    }

    package mutating func observe(_ event: JournalEvent, now: Double) {
        switch event {
        case .runBegan(let record): forecast = record.forecast
        case .stepBegan(let attempt):
            running.removeAll { $0.step == attempt.step }
            running.append((attempt.step, attempt.attempt, now))
        case .stepFinished(let result):
            running.removeAll { $0.step == result.step }
            if result.outcome == .done { done.insert(result.step) }
            if result.outcome == .failed, !result.isRetried { lost.insert(result.step) }
        case .stepReproved(let step, let holds, _): if holds { done.insert(step) } else { done.remove(step) }
        case .stepSkipped(let step, _): lost.insert(step)
        case .rollbackBegan(let step): running.append((step, 0, now))
        case .rollbackFinished(let step, _): running.removeAll { $0.step == step }
        default: break
        }
    }

    /// Returns the time left of the RTO; nil if there is no RTO.
    package func timeLeft(now: Double) -> String? {
        guard let rto else { return nil }
        let left = rto - (now - counted)
        let allowed = Units.duration(seconds: Int(clamping: rto))
        return left >= 0
            ? "\(Units.duration(seconds: Int(clamping: left))) left of \(allowed)"
            : "RTO of \(allowed) exceeded by \(Units.duration(seconds: Int(clamping: -left)))"
    }

    /// Returns the lines to display.
    /// - Parameters:
    ///   - restores: one line for each running restore.
    ///   - height: the height of the screen, which the lines never fill.
    package func lines(_ restores: [String], now: Double, height: Int) -> [String] {
        var head = "\(done.count) of \(total) steps done after \(Units.duration(seconds: Int(clamping: now - started)))"
        if !lost.isEmpty { head = "\(lost.count) failed or skipped, \(head)" }
        // The most important value comes first, because a narrow terminal cuts the line off.
        if let left = timeLeft(now: now) { head = "\(left), \(head)" }
        head += ": \(title)"
        let steps = running.map { entry -> String in
            var line = "  \(entry.step): \(Units.duration(seconds: Int(clamping: now - entry.began)))"
            if let usual = forecast?.steps[entry.step]?.expected, entry.attempt > 0 {
                line += " of about \(Units.duration(seconds: Int(clamping: usual.rounded())))"
            }
            if entry.attempt == 0 { line += ", rolling back" }
            return entry.attempt > 1 ? "\(line), attempt \(entry.attempt)" : line
        }
        let body = steps + restores.map { "  \($0)" }
        let room = max(1, height - 3)
        return [head] + (body.count <= room ? body : body.prefix(room - 1) + ["  and \(body.count - room + 1) more"])
    }
}
