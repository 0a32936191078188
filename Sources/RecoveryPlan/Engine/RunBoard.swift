package import Foundation
import Platform

/// What a run looks like at one moment: steps that run, how many are done, and the time that is left.
package struct RunBoard {
    private let title: String
    private let rto: Double?
    private var forecast: RunForecast?
    /// All steps of the plan.
    private let total: Int
    /// Reading of the monotonic clock at T3, and at the moment from which the RTO counts.
    private let started: Double
    private let counted: Double
    private var running: [(step: String, attempt: Int, began: Double)] = []
    private var done: Set<String> = []
    private var lost: Set<String> = []

    /// - Parameter now: reading of the monotonic clock.
    init(_ record: RunRecord, now: Double, wall: Date = WallClock.system.now) {
        title = "\(record.identity.scenario) from \(record.setsText)"
        rto = record.rto
        forecast = record.forecast
        total = record.steps.count
        // A resumed run began in another process: how long ago, the wall clock has to say.
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

    /// Against the RTO; nil where there is none.
    package func timeLeft(now: Double) -> String? {
        guard let rto else { return nil }
        let left = rto - (now - counted)
        let allowed = Units.duration(seconds: Int(clamping: rto))
        return left >= 0
            ? "\(Units.duration(seconds: Int(clamping: left))) left of \(allowed)"
            : "\(Units.duration(seconds: Int(clamping: -left))) over the \(allowed) allowed"
    }

    /// - Parameters:
    ///   - restores: a line for each restore that runs.
    ///   - height: of the screen; a board never fills it.
    package func lines(_ restores: [String], now: Double, height: Int) -> [String] {
        var head = "\(done.count) of \(total) steps done after \(Units.duration(seconds: Int(clamping: now - started)))"
        if !lost.isEmpty { head = "\(lost.count) lost, \(head)" }
        // What matters most stands where a narrow terminal does not cut it off.
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
