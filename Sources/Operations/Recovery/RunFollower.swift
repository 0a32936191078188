package import FoundationEssentials
import Platform
package import RecoveryPlan
import Synchronization

/// Follows the run of this process, for its terminal and for the copy in the store. May be called from any thread.
package final class RunFollower: Sendable {
    private struct State {
        var observer: RunObserver?
        var timeline: RunTimeline?
        /// The monotonic clock at the last line.
        var uptime = 0.0
        var events = 0
    }

    private let state: Mutex<State>
    private let progress: RestoreProgress
    private let isControl: Bool

    /// - Parameters:
    ///   - earlier: the journal of a resumed run so far.
    ///   - isControl: true for the negative control of a drill.
    package init(_ earlier: JournalReading?, progress: RestoreProgress, isControl: Bool = false) {
        self.progress = progress
        self.isControl = isControl
        state = Mutex(State())
        for line in earlier?.lines ?? [] { observe(line) }
    }

    /// A follower of work without a journal, such as a rehearsal.
    package init(_ record: RunRecord, progress: RestoreProgress) {
        self.progress = progress
        isControl = false
        state = Mutex(State(observer: RunObserver(record), uptime: MonotonicClock.seconds))
    }

    /// Takes a line of the journal.
    package func observe(_ line: JournalLine) {
        state.withLock { state in
            if state.observer == nil, case .runBegan(let record) = line.body.event {
                state.observer = RunObserver(record)
                state.timeline = RunTimeline([line])
            }
            guard let seconds = state.timeline?.seconds(line) else { return }
            state.uptime = line.body.uptime
            state.events += 1
            state.observer?.observe(line.body.event, at: seconds, wall: line.body.at.timeIntervalSince1970)
        }
    }

    /// The number of lines so far.
    package var events: Int { state.withLock { $0.events } }

    /// Returns the run now; nil before its first line.
    package func run(now: Double = MonotonicClock.seconds, wall: Date = WallClock.system.now) -> WatchedRun? {
        let (found, uptime) = state.withLock { ($0.observer?.run, $0.uptime) }
        guard var run = found?.advanced(by: now - uptime) else { return nil }
        run.heardAt = wall.timeIntervalSince1970
        if isControl { run.isControl = true }
        run.transfers = run.end == nil ? progress.transfers(now: now) : []
        return run.bounded()
    }
}
