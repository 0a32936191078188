import Operations
import Synchronization

/// The newest state of each run that visitors look at, rendered once for all of them.
///
/// A run of some hundred steps takes much longer to render than to send.
final class RunStates: Sendable {
    struct Rendered: Sendable {
        var html: String
        var sentence: String
        var hasEnded: Bool
        /// Differs if the HTML differs.
        var id: String
        /// The server-sent event with the state.
        var event: String
    }

    private struct Known: Sendable {
        var state: Rendered
        var until: ContinuousClock.Instant
    }

    /// The maximum number of runs whose state is kept.
    static let most = 8
    /// A state is shown at least for this many times the time that it took to render.
    private static let rest = 4

    /// The time for which a state is shown.
    private let life: Duration

    private let known = Mutex<[String: Known]>([:])
    /// Viewers of one run wait for each other; a run that is slow to render delays few others.
    private let makers = (0..<RunStates.most).map { _ in Maker() }
    private let count = Atomic(0)

    private final class Maker: Sendable {
        let turn = Mutex<Void>(())
    }

    init(life: Duration = .milliseconds(900)) { self.life = life }

    /// The number of states that were rendered.
    var renderings: Int { count.load(ordering: .relaxed) }

    /// The number of runs whose state is kept.
    var kept: Int { known.withLock(\.count) }

    /// Returns the state of a run, at most a second old, or a little older if it takes long to render.
    /// - Parameter entry: reads the run.
    /// - Returns: nil if there is no such run.
    func state(of run: String, _ entry: () throws -> LiveRuns.Entry?) throws -> Rendered? {
        if let state = fresh(run) { return state }
        let maker = makers[Int(UInt(bitPattern: run.hashValue) % UInt(makers.count))]  // checked: below the count
        return try maker.turn.withLock { _ in
            if let state = fresh(run) { return state }
            let start = ContinuousClock.now
            guard let entry = try entry() else { return nil }
            let state = try RunEvents.rendered(entry)
            count.add(1, ordering: .relaxed)
            let end = ContinuousClock.now
            known.withLock { known in
                known = known.filter { $0.value.until > end }
                if known.count >= Self.most { known.removeAll() }
                known[run] = Known(state: state, until: max(start + life, end + (end - start) * Self.rest))
            }
            return state
        }
    }

    private func fresh(_ run: String) -> Rendered? {
        known.withLock { $0[run].flatMap { $0.until > .now ? $0.state : nil } }
    }
}
