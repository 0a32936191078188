internal import Foundation
internal import Synchronization

/// Counts the round trips that a client makes one after another, whatever the speed of the machine.
///
/// Requests are held until no further one arrives and none is being answered. Then all go on at once: what a client can
/// send without an answer to another request is in the same round.
package final class RoundTrips: Sendable {
    private struct State {
        /// The requests of each round; the last one is being collected.
        var rounds: [[String]] = [[]]
        var waiting = 0
        var answering = 0
        var changed = ContinuousClock.now
    }

    private let quiet: Duration
    private let state = Mutex(State())

    /// - Parameter quiet: the time without a request that ends a round. The client must send all requests that depend on the
    ///   same answers within it.
    package init(quiet: Duration = .milliseconds(200)) { self.quiet = quiet }

    /// The requests of each round, such as `GET /bucket/key`.
    package var rounds: [[String]] { state.withLock { $0.rounds.filter { !$0.isEmpty } } }

    package func reset() { state.withLock { $0.rounds = [[]] } }

    /// Returns the number of rounds before the first one with such a request; nil if there is none.
    package func rounds(before isSought: (String) -> Bool) -> Int? {
        rounds.firstIndex { $0.contains(where: isSought) }
    }

    /// Blocks until the round of this request begins.
    func enter(_ request: String) {
        let mine = state.withLock { state in
            state.waiting += 1
            state.changed = .now
            state.rounds[state.rounds.count - 1].append(request)
            return state.rounds.count
        }
        while !begins(mine) { Thread.sleep(forTimeInterval: 0.005) }
    }

    private func begins(_ mine: Int) -> Bool {
        state.withLock { state in
            guard state.rounds.count == mine else { return true }
            guard state.answering == 0, ContinuousClock.now - state.changed >= quiet else { return false }
            state.answering = state.waiting
            state.waiting = 0
            state.rounds.append([])
            return true
        }
    }

    /// Notes that a request was answered.
    func leave() {
        state.withLock { state in
            state.answering -= 1
            state.changed = .now
        }
    }
}
