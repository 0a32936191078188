internal import Platform

/// How much one run reads, so that everything is read again within the period: the rule, without a store.
///
/// What was read longest ago comes first. It is to be read again at three quarters of the period, so that an outage of
/// the last quarter breaks nothing. A run's share is what the most urgent part needs: of the packs that are to be read
/// by some moment, the bytes by the runs that are left until then; the largest of these quotients, over all moments.
struct ReadingPace: Equatable, Sendable {
    /// In seconds.
    var period: Int
    /// Seconds from run to run, as observed.
    var interval: Int

    /// A pack, or several of one place.
    struct Due: Equatable, Sendable {
        var position: UInt32
        /// When it was last read, in seconds since 1970.
        var read: Int
        var bytes: Int
    }

    private var aim: Int { max(period / 4 * 3, 1) }
    /// No run reads more than so many even shares, or one pack: after a long outage many runs catch up.
    private static let most = 4

    init(period: Int, interval: Int) {
        self.period = max(period, 1)
        self.interval = max(interval, 60)
    }

    /// - Parameter sets: when runs were seen, oldest first. Of the newest gaps the upper quartile counts: neither an
    ///   outage nor runs by hand in between make much of a difference. A day, where there is no gap yet.
    init(period: Int, sets: [Timestamp]) {
        let newest = sets.suffix(13)
        let gaps = zip(newest, newest.dropFirst()).map { $1.seconds - $0.seconds }.sorted()
        self.init(period: period, interval: gaps.isEmpty ? 86_400 : gaps[gaps.count * 3 / 4])
    }

    /// What this run reads, and what that leaves of the credit.
    /// - Parameters:
    ///   - queue: all there is; the one read longest ago first, then by position.
    ///   - credit: of the last run: 0, or less where it has read beyond its share.
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
        // Whoever has read a large pack may rest, but not until something is overdue.
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
