internal import Platform

/// The share that one run reads, so that all packs are read again within the period: the rule, without a store.
///
/// The packs that were read longest ago come first. They are due at three quarters of the period, so that an outage of
/// the last quarter has no effect. A run's share is the need of the most urgent part: the bytes of the packs that are
/// due at some time, divided by the runs that are left until then; the largest of these quotients, over all times.
struct ReadingPace: Equatable, Sendable {
    /// In seconds.
    var period: Int
    /// The observed seconds between runs.
    var interval: Int

    /// A pack, or several at one position.
    struct Due: Equatable, Sendable {
        var position: UInt32
        /// The time when it was last read, in seconds since 1970.
        var read: Int
        var bytes: Int
    }

    private var aim: Int { max(period / 4 * 3, 1) }
    /// The largest number of even shares that a run reads, or one pack: after a long outage many runs catch up.
    private static let most = 4

    init(period: Int, interval: Int) {
        self.period = max(period, 1)
        self.interval = max(interval, 60)
    }

    /// - Parameter sets: the times of runs, oldest first. The upper quartile of the newest gaps is used, so that
    ///   outages and additional manual runs have little effect. One day if there is no gap yet.
    init(period: Int, sets: [Timestamp]) {
        let newest = sets.suffix(13)
        let gaps = zip(newest, newest.dropFirst()).map { $1.seconds - $0.seconds }.sorted()
        self.init(period: period, interval: gaps.isEmpty ? 86_400 : gaps[gaps.count * 3 / 4])
    }

    /// Returns the share of this run, and the credit for the next.
    /// - Parameters:
    ///   - queue: all packs; the one read longest ago first, then by position.
    ///   - credit: of the last run: 0, or less if it has read beyond its share.
    func choice(from queue: [Due], credit: Int, now: Int) -> (count: Int, credit: Int) {
        let total = queue.lazy.map(\.bytes).clampedSum()
        guard total > 0 else { return (queue.count, 0) }
        var sum = 0, share = 0, overdue = 0
        for (number, due) in queue.enumerated() {
            sum = sum.addingClamped(due.bytes)
            guard number + 1 == queue.count || queue[number + 1].read != due.read else { continue }
            let left = (due.read + aim - now) / interval
            if left < 1 { overdue = sum }
            share = max(share, Self.quotient(sum, max(left, 1)))
        }
        let most = Self.quotient(total, max(aim / interval, 1)).multipliedClamped(by: Self.most)
        // A run after the reading of a large pack may read less, unless a pack is overdue.
        var budget = min(share, most) + max(credit, -total)
        if overdue > 0 { budget = max(budget, min(overdue, most)) }
        var count = 0
        while budget > 0, count < queue.count {
            budget -= queue[count].bytes
            count += 1
        }
        return (count, min(budget, 0))
    }

    private static func quotient(_ bytes: Int, _ runs: Int) -> Int { bytes / runs + (bytes % runs > 0 ? 1 : 0) }
}
