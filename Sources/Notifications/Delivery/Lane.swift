internal import HTTP
internal import Platform
internal import Synchronization

/// The notifications of one channel, first in, first out.
final class Lane: Sendable {
    let channel: any Channel
    private let policy: DeliveryPolicy
    private let pool: BlockingPool
    private let state = Mutex(State())
    /// Signals new work: a notification, or the end.
    private let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private struct State {
        /// The waiting notifications; the first one is being tried.
        var pending: [Notice] = []
        /// The error of the first one's last try.
        var failure: String?
        var isClosing = false
        var report = DeliveryReport()
    }

    init(to channel: any Channel, policy: DeliveryPolicy, pool: BlockingPool) {
        self.channel = channel
        self.policy = policy
        self.pool = pool
    }

    func post(_ notice: Notice) {
        state.withLock { state in
            guard !state.isClosing, state.pending.count < policy.capacity else {
                let reason = state.isClosing ? "it was posted after the end" : "too many notifications were waiting"
                state.report.undelivered.append(Undelivered(channel: channel.name, event: notice.event, reason: reason))
                return
            }
            state.pending.append(notice)
        }
        signal.yield()
    }

    /// Accepts no more notifications; waiting retries start soon.
    func close() {
        state.withLock { $0.isClosing = true }
        signal.yield()
    }

    /// The delivered, dropped and waiting notifications.
    var result: DeliveryReport {
        state.withLock { state in
            var report = state.report
            for (index, notice) in state.pending.enumerated() {
                let reason = index == 0 ? state.failure : nil
                report.undelivered.append(
                    Undelivered(
                        channel: channel.name, event: notice.event, reason: reason ?? "the time-out passed"))
            }
            return report
        }
    }

    func work() async {
        for await _ in signals {
            while let notice = state.withLock({ $0.pending.first }) {
                guard await see(notice) else { return }
            }
            if state.withLock({ $0.isClosing && $0.pending.isEmpty }) { return }
        }
    }

    /// Tries one notification until it is delivered or dropped.
    /// - Returns: false if the time-out has passed.
    private func see(_ notice: Notice) async -> Bool {
        let deadline = ContinuousClock.now + policy.patience
        let waits = RetryPolicy(attempts: .max, base: policy.firstWait, cap: policy.longestWait)
        var attempt = 1
        while true {
            do {
                _ = try await pool.run { [channel] in try channel.deliver(notice) }
                advance { $0.delivered += 1 }
                return true
            } catch let error as DeliveryError {
                state.withLock { $0.failure = error.description }
                let delay = waits.delay(
                    after: attempt, retryAfter: error.retryAfter, jitter: .random(in: 0.5...1))
                guard error.isRetryable, ContinuousClock.now + delay < deadline else {
                    giveUp(notice, error.description)
                    return true
                }
                attempt += 1
                guard await pause(delay) else { return false }
            } catch {
                guard !(error is CancellationError) else { return false }
                giveUp(notice, "\(error)")
                return true
            }
        }
    }

    private func giveUp(_ notice: Notice, _ reason: String) {
        advance {
            $0.undelivered.append(Undelivered(channel: channel.name, event: notice.event, reason: reason))
        }
    }

    private func advance(_ note: (inout DeliveryReport) -> Void) {
        state.withLock { state in
            state.pending.removeFirst()
            state.failure = nil
            note(&state.report)
        }
    }

    /// Waits; at most a second after the dispatcher was closed.
    private func pause(_ delay: Duration) async -> Bool {
        let start = ContinuousClock.now
        while true {
            let limit = state.withLock { $0.isClosing } ? min(delay, .seconds(1)) : delay
            let left = limit - (ContinuousClock.now - start)
            guard left > .zero else { return true }
            do { try await Task.sleep(for: min(left, .milliseconds(100))) } catch { return false }
        }
    }
}
