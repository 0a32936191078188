package import Platform

/// Sends notifications to every channel in the background: in order within a channel, with retries, and without one
/// channel waiting for another.
///
/// A caller that posts never waits and never fails. The dispatcher owns its tasks, so that an interrupted run can still
/// send a notification; ``finish(within:)`` ends them.
package final class Dispatcher: Sendable {
    private let lanes: [Lane]
    private let workers: [Task<Void, Never>]

    /// - Parameter pool: the threads to send on, one for each channel; by default the dispatcher makes its own.
    package init(_ channels: [any Channel], policy: DeliveryPolicy = DeliveryPolicy(), pool: BlockingPool? = nil) {
        let pool = pool ?? BlockingPool(threads: min(max(channels.count, 1), 16))
        let lanes = channels.map { Lane(to: $0, policy: policy, pool: pool) }
        self.lanes = lanes
        workers = lanes.map { lane in Task { await lane.work() } }
    }

    deinit { for worker in workers { worker.cancel() } }

    /// Passes a notification to the channels whose filter admits it.
    package func post(_ notice: Notice) {
        for lane in lanes where lane.channel.filter.admits(notice) { lane.post(notice) }
    }

    /// Accepts no more notifications, and waits until all are delivered or dropped, for at most `limit`.
    /// - Returns: the undelivered notifications with their causes; the same report if called again.
    package func finish(within limit: Duration) async -> DeliveryReport {
        for lane in lanes { lane.close() }
        // A separate task, because the caller's task is already cancelled if the run was interrupted.
        let timer = Task { [workers] in
            try? await Task.sleep(for: limit)
            for worker in workers { worker.cancel() }
        }
        for worker in workers { await worker.value }
        timer.cancel()
        return lanes.reduce(into: DeliveryReport()) { report, lane in
            let result = lane.result
            report.delivered += result.delivered
            report.undelivered += result.undelivered
        }
    }
}
