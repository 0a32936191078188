internal import Documents
internal import Notifications
internal import Platform
internal import Synchronization

/// Looks, while a run goes on, whether the time left of its RTO will do; says so when it will not, and again when it is
/// over. Each is said once by each process: whoever resumes a run is told anew.
final class ObjectiveWatch: Sendable {
    /// What a run is told.
    struct Alarm: Equatable {
        var text: String
        var severity: Notice.Severity
        var facts: [String: String]
    }

    private struct State {
        var remaining: RemainingTime
        var isStopped = false
        var saidAtRisk = false
        var saidOver = false
    }

    private let state: Mutex<State>
    /// Seconds.
    private let rto: Double
    /// Reading of the monotonic clock at which the RTO ends.
    private let deadline: Double

    /// - Parameters:
    ///   - clocks: as the journal has them now.
    ///   - now: reading of the monotonic clock.
    /// - Returns: nil where there is no RTO.
    init?(_ record: RunRecord, _ graph: StepGraph, _ clocks: RecoveryClocks, now: Double = MonotonicClock.seconds) {
        guard let rto = record.rto else { return nil }
        self.rto = rto
        deadline = now + rto - clocks.since(record.rtoFrom, clocks.elapsed)
        state = Mutex(State(remaining: RemainingTime(graph, record.forecast)))
    }

    func begin(_ step: String) { state.withLock { $0.remaining.begin(step, at: MonotonicClock.seconds) } }
    func settle(_ step: String) { state.withLock { $0.remaining.settle(step) } }

    /// From here on nothing is said: the run ends, or has failed anyway.
    func stop() { state.withLock { $0.isStopped = true } }

    /// - Parameters:
    ///   - raise: called with each alarm, and never after ``stop()`` has returned.
    func watch(_ clock: any Clock<Duration>, _ raise: @Sendable (Alarm) -> Void) async {
        while !Task.isCancelled {
            let goesOn = state.withLock { state in
                guard !state.isStopped else { return false }
                if let alarm = alarm(&state, now: MonotonicClock.seconds) { raise(alarm) }
                return !state.saidOver
            }
            guard goesOn, (try? await clock.sleep(for: .seconds(1))) != nil else { return }
        }
    }

    /// The alarm that is due now.
    func alarm(now: Double) -> Alarm? { state.withLock { alarm(&$0, now: now) } }

    private func alarm(_ state: inout State, now: Double) -> Alarm? {
        let left = deadline - now
        let allowed = Self.words(rto)
        guard left >= 0 else {
            guard !state.saidOver else { return nil }
            state.saidOver = true
            return Alarm(
                text: "the \(allowed) allowed for recovering are over, and the run is not", severity: .critical,
                facts: ["rto_seconds": Self.number(rto), "left_seconds": "0"])
        }
        let expected = state.remaining.expected(at: now)
        guard expected > left, !state.saidAtRisk else { return nil }
        state.saidAtRisk = true
        return Alarm(
            text: "the objective is at risk: by earlier runs the rest takes \(Self.words(expected)) or more, and "
                + "\(Self.words(left)) are left of \(allowed)",
            severity: .warning,
            facts: [
                "rto_seconds": Self.number(rto), "left_seconds": Self.number(left),
                "expected_seconds": Self.number(expected),
            ])
    }

    private static func words(_ seconds: Double) -> String { "\(Period.seconds(Int(clamping: seconds.rounded())))" }
    private static func number(_ seconds: Double) -> String { "\(Int(clamping: seconds.rounded()))" }
}
