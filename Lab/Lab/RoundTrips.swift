internal import Foundation
internal import Synchronization

/// Counts the round trips that a client makes one after another, whatever the speed of the machine.
///
/// Requests are held until no further one can come: none is being answered, and the client waits. Then all go on at once:
/// what a client can send without an answer to another request is in the same round.
package final class RoundTrips: Sendable {
    private struct State {
        /// The requests of each round; the last one is being collected.
        var rounds: [[String]] = [[]]
        var waiting = 0
        var answering = 0
        var looked = ContinuousClock.now
        /// Since when every look found the client waiting, and their number.
        var quiet: (since: ContinuousClock.Instant, looks: Int)?
    }

    private let isClientWaiting: @Sendable () -> Bool
    private let state = Mutex(State())

    /// A client sleeps for a moment now and then, such as between two looks at a queue.
    private static let quiet = Duration.milliseconds(200)
    private static let looks = 10
    private static let pause = Duration.milliseconds(10)

    /// - Parameter isClientWaiting: true if no thread of the client runs or wants to. A busy machine then only makes a round
    ///   longer.
    package init(isClientWaiting: @escaping @Sendable () -> Bool) { self.isClientWaiting = isClientWaiting }

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
            state.quiet = nil
            state.rounds[state.rounds.count - 1].append(request)
            return state.rounds.count
        }
        while !begins(mine) { Thread.sleep(forTimeInterval: 0.005) }
    }

    private func begins(_ mine: Int) -> Bool {
        state.withLock { state in
            guard state.rounds.count == mine else { return true }
            let now = ContinuousClock.now
            guard state.answering == 0, now - state.looked >= Self.pause else { return false }
            state.looked = now
            guard isClientWaiting() else {
                state.quiet = nil
                return false
            }
            let quiet = state.quiet ?? (now, 0)
            state.quiet = (quiet.since, quiet.looks + 1)
            guard quiet.looks >= Self.looks, now - quiet.since >= Self.quiet else { return false }
            state.quiet = nil
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
            state.quiet = nil
        }
    }
}
