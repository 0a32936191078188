package import Platform

/// Tells every channel in the background: in order within a channel, none waiting for another, failures tried again.
///
/// Whoever posts never waits and never fails. The tasks are its own, so that a run that is interrupted can still say
/// so; ``finish(within:)`` ends them.
package final class Dispatcher: Sendable {
    private let lanes: [Lane]
    private let workers: [Task<Void, Never>]

    /// - Parameter pool: threads to send on, one for each channel; its own when left out.
    package init(_ channels: [any Channel], policy: DeliveryPolicy = DeliveryPolicy(), pool: BlockingPool? = nil) {
        let pool = pool ?? BlockingPool(threads: min(max(channels.count, 1), 16))
        let lanes = channels.map { Lane(to: $0, policy: policy, pool: pool) }
        self.lanes = lanes
        workers = lanes.map { lane in Task { await lane.work() } }
    }

    deinit { for worker in workers { worker.cancel() } }

    /// Hands a notice to the channels that are to have it.
    package func post(_ notice: Notice) {
        for lane in lanes where lane.channel.filter.admits(notice) { lane.post(notice) }
    }

    /// Waits until all is delivered or given up, at most so long, and takes no more.
    /// - Returns: what was not delivered, and why. The same again when called again.
    package func finish(within limit: Duration) async -> DeliveryReport {
        for lane in lanes { lane.close() }
        // Not bound to the caller's task: that of an interrupted run is cancelled already.
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
