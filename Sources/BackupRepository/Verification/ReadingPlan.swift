internal import Platform

/// The packs that one run reads, and the state afterwards: combines the ring and the pace, without a store.
struct ReadingPlan: Sendable {
    /// The state after all of ``ranges`` was read.
    private(set) var ring: ReadingRing
    /// The positions of the packs of this run, ascending.
    private(set) var ranges: [ClosedRange<UInt32>] = []
    /// The credit for the next run.
    private(set) var credit: Int
    /// The bytes of the share.
    private(set) var bytes = 0
    /// The totals over all packs.
    private(set) var totalPacks = 0, totalBytes = 0
    /// Bytes that are not in the share, and were last read longer ago than the period.
    private(set) var overdueBytes = 0

    struct Pack: Equatable, Sendable {
        var position: UInt32
        var bytes: Int
    }

    /// - Parameter began: the time that counts for packs that were never read.
    init(
        _ packs: [Pack], ring: ReadingRing, began: Timestamp, credit: Int, pace: ReadingPace, now: Timestamp
    ) {
        self.ring = ring
        var queue = packs.map { pack in
            ReadingPace.Due(
                position: pack.position, read: (ring.read(at: pack.position) ?? began).seconds, bytes: pack.bytes)
        }
        queue.sort { ($0.read, $0.position) < ($1.read, $1.position) }
        totalPacks = queue.count
        totalBytes = queue.lazy.map(\.bytes).clampedSum()
        var (count, credit) = pace.choice(from: queue, credit: credit, now: now.seconds)
        // Packs at the same position as the last one cannot be distinguished from it.
        while count > 0, count < queue.count, queue[count].position == queue[count - 1].position { count += 1 }
        self.credit = credit
        bytes = queue[..<count].lazy.map(\.bytes).clampedSum()
        overdueBytes = queue[count...].lazy.filter { now.seconds - $0.read > pace.period }.map(\.bytes).clampedSum()
        if count > 0 { mark(through: queue[count - 1], began: began, now: now) }
    }

    func contains(_ position: UInt32) -> Bool { ranges.contains { $0.contains(position) } }

    /// Marks all arcs that are older than that of `last`, and of those of the same age the positions up to its own.
    private mutating func mark(through last: ReadingPace.Due, began: Timestamp, now: Timestamp) {
        let arcs = ring.arcs
        for (number, arc) in arcs.enumerated() {
            let end = number + 1 < arcs.count ? arcs[number + 1].from - 1 : .max
            let time = (arc.read ?? began).seconds
            guard time < last.read || (time == last.read && arc.from <= last.position) else { continue }
            let range = arc.from...(time < last.read ? end : min(end, last.position))
            ranges.append(range)
            ring.mark(range, read: now)
        }
    }
}
