internal import Platform

/// Why nothing may be dropped before a person has looked. Times are seconds since 1970.
package enum Freeze: Hashable, Sendable {
    /// The last runs failed: what is old may soon be all there is.
    case failedRuns(Int)
    /// Nothing was seen for long: the clock leapt, or nothing ran.
    case gap(from: Int, to: Int)
    /// Some component was not backed up whole for long: time uses the history up, and nothing replaces it.
    case noBackups(since: Int, now: Int)
    /// The plan would drop a larger share of the sets than is allowed at once.
    case largeDrop(dropped: Int, of: Int, allowed: Double)

    /// For people, one line without a full stop.
    package var text: String {
        switch self {
        case .failedRuns(let count): "the last \(count) backup runs failed"
        case .gap(let from, let to):
            "nothing was seen between \(Moment.readable(from)) and \(Moment.readable(to)): the clock leapt, or nothing ran"
        case .noBackups(let since, let now):
            "no complete set was made since \(Moment.readable(since)), and it is \(Moment.readable(now))"
        case .largeDrop(let dropped, let all, let allowed):
            "\(dropped) of \(all) sets would be dropped, more than \(Self.percent(allowed)) at once"
        }
    }

    /// What to do about it, for a hint.
    package var remedy: String {
        switch self {
        case .failedRuns: "see why backups fail; a complete backup lets pruning go on"
        case .gap: "check the clock, then look at `dr prune --dry-run`"
        case .noBackups: "make a backup first, or raise longest_gap for a repository that is at rest"
        case .largeDrop: "look at `dr prune --dry-run`, then raise largest_drop if it is meant"
        }
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int(clamping: (share * 1000).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)%" : "\(tenths / 10).\(tenths % 10)%"
    }

    /// Everything that stands against carrying a plan out.
    /// A clock that is behind stops nothing: every set looks younger than it is, so that more is kept, and what is named
    /// after a later time stays.
    /// - Parameters:
    ///   - times: of all sets, oldest first.
    ///   - oldestNewest: of each configured component the newest set that holds it whole and is not in the future; of
    ///     these the oldest.
    static func all(
        times: [Int], oldestNewest: Int?, dropped: Int, circumstances: PruneCircumstances, limits: FreezeLimits
    ) -> [Freeze] {
        let now = circumstances.now
        var freezes: [Freeze] = []
        if limits.failedRuns > 0, circumstances.failedRuns >= limits.failedRuns {
            freezes.append(.failedRuns(circumstances.failedRuns))
        }
        if let gap = gap(times: times, circumstances: circumstances, limit: limits.longestGap) {
            freezes.append(gap)
        }
        if let oldestNewest, now - oldestNewest > limits.longestGap {
            freezes.append(.noBackups(since: oldestNewest, now: now))
        }
        if dropped > limits.unjudgedDrop, Double(dropped) > limits.largestDrop * Double(times.count) {
            freezes.append(.largeDrop(dropped: dropped, of: times.count, allowed: limits.largestDrop))
        }
        return freezes
    }

    /// The first stretch since the last prune in which neither a set nor a prune shows that time went by.
    private static func gap(times: [Int], circumstances: PruneCircumstances, limit: Int) -> Freeze? {
        guard var sign = circumstances.lastPrune, sign <= circumstances.now else { return nil }
        let first = times.partitioningIndex { $0 > sign }
        for time in times[first...].prefix(while: { $0 <= circumstances.now }) + [circumstances.now] {
            if time - sign > limit { return .gap(from: sign, to: time) }
            sign = time
        }
        return nil
    }
}

extension [Int] {
    /// Of the first element for which `belongs` holds, in an array where it holds for all that follow.
    func partitioningIndex(where belongs: (Int) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
