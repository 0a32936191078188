import Foundation
import RecoveryPlan
import Synchronization

/// Tells of a run as it goes on, on standard error: a line for each event.
final class RunDisplay: Sendable {
    private let options: GlobalOptions
    private let record: RunRecord
    private let progress: RestoreProgress

    init(_ options: GlobalOptions, _ record: RunRecord, progress: RestoreProgress) {
        self.options = options
        self.record = record
        self.progress = progress
    }

    func during<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value { try await body() }

    func tell(_ text: String) {
        guard !options.quiet else { return }
        StandardError.write("  \(text)\n")
    }

    func observe(_ line: JournalLine) {
        guard !options.quiet, let text = Self.text(line.body.event) else { return }
        StandardError.write("dr: \(text)\(left(line))\n")
    }

    /// The time that is left of the RTO.
    private func left(_ line: JournalLine) -> String {
        guard let rto = record.rto else { return "" }
        let clocks = RecoveryClocks(record)
        let elapsed = clocks.since(record.rtoFrom, max(0, line.body.at.timeIntervalSince(record.startedAt)))
        return " (\(Units.duration(seconds: Int(rto - elapsed))) left of \(Units.duration(rto)))"
    }

    private static func text(_ event: JournalEvent) -> String? {
        switch event {
        case .runBegan(let record): "run \(record.identity.id) of \(record.identity.scenario) begins"
        case .runResumed: "the run goes on"
        case .stepBegan(let attempt):
            "\(attempt.step): begins\(attempt.attempt > 1 ? ", attempt \(attempt.attempt)" : "")"
        case .stepFinished(let result):
            "\(result.step): \(result.outcome.rawValue) in \(Units.duration(result.seconds))"
                + (result.error.map { ": \($0)" } ?? "") + (result.isRetried ? "; it is tried again" : "")
        case .stepReproved(let step, let holds, let detail):
            holds ? "\(step): done already, and still so" : "\(step): no longer as it was left: \(detail ?? "")"
        case .stepSkipped(let step, let reason): "\(step): skipped, \(reason)"
        case .reached(let milestone): "reached: \(milestone.rawValue.replacing("_", with: " "))"
        case .rollbackBegan(let step): "\(step): rolling back"
        case .rollbackFinished(let step, let error):
            "\(step): rolled back\(error.map { ", with a failure: \($0)" } ?? "")"
        case .noted(let text): text
        case .checksFinished, .negativeControl, .liveStack, .runFinished: nil
        }
    }
}
