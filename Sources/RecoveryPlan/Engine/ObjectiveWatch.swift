internal import Documents
internal import Notifications
internal import Platform
internal import Synchronization

/// Raises an alarm when the remaining time of a run's RTO is too short, and another when the RTO has expired.
///
/// Each process raises each alarm once: a resumed run raises it again.
final class ObjectiveWatch: Sendable {
    /// A warning that the RTO is at risk or has expired.
    struct Alarm: Equatable {
        var text: String
        var severity: Notice.Severity
        var facts: [String: String]
    }

    private struct State {
        var remaining: RemainingTime
        var isStopped = false
        var raisedAtRisk = false
        var raisedExpired = false
    }

    private let state: Mutex<State>
    /// Seconds.
    private let rto: Double
    /// The reading of the monotonic clock at which the RTO expires.
    private let deadline: Double

    /// - Parameters:
    ///   - clocks: the run's times so far, from its journal.
    ///   - now: a reading of the monotonic clock.
    /// - Returns: nil if the run has no RTO.
    init?(_ record: RunRecord, _ graph: StepGraph, clocks: RecoveryClocks, now: Double = MonotonicClock.seconds) {
        guard let rto = record.rto else { return nil }
        self.rto = rto
        deadline = now + rto - clocks.since(record.rtoFrom, clocks.elapsed)
        state = Mutex(State(remaining: RemainingTime(graph, record.forecast)))
    }

    func begin(_ step: String) { state.withLock { $0.remaining.begin(step, at: MonotonicClock.seconds) } }
    func settle(_ step: String) { state.withLock { $0.remaining.settle(step) } }

    /// Stops all alarms: the run is finished or has failed.
    func stop() { state.withLock { $0.isStopped = true } }

    /// Checks the remaining time every second until the RTO has expired.
    /// - Parameter raise: called with each alarm, and never after ``stop()`` has returned.
    func watch(_ clock: any Clock<Duration>, _ raise: @Sendable (Alarm) -> Void) async {
        while !Task.isCancelled {
            let isActive = state.withLock { state in
                guard !state.isStopped else { return false }
                if let alarm = alarm(&state, now: MonotonicClock.seconds) { raise(alarm) }
                return !state.raisedExpired
            }
            guard isActive, (try? await clock.sleep(for: .seconds(1))) != nil else { return }
        }
    }

    /// The alarm that is due now, if any.
    func alarm(now: Double) -> Alarm? { state.withLock { alarm(&$0, now: now) } }

    private func alarm(_ state: inout State, now: Double) -> Alarm? {
        let left = deadline - now
        let allowed = Self.words(rto)
        guard left >= 0 else {
            guard !state.raisedExpired else { return nil }
            state.raisedExpired = true
            return Alarm(
                text: "RTO exceeded: \(allowed) have passed and the recovery is still running", severity: .critical,
                facts: ["rto_seconds": Self.number(rto), "left_seconds": "0"])
        }
        let expected = state.remaining.expected(at: now)
        guard expected > left, !state.raisedAtRisk else { return nil }
        state.raisedAtRisk = true
        return Alarm(
            text: "RTO at risk: the remaining steps need at least \(Self.words(expected)) according to earlier runs, "
                + "and \(Self.words(left)) of \(allowed) are left",
            severity: .warning,
            facts: [
                "rto_seconds": Self.number(rto), "left_seconds": Self.number(left),
                "expected_seconds": Self.number(expected),
            ])
    }

    private static func words(_ seconds: Double) -> String { "\(Period.seconds(Int(clamping: seconds.rounded())))" }
    private static func number(_ seconds: Double) -> String { "\(Int(clamping: seconds.rounded()))" }
}
