internal import Platform

/// A reason to stop pruning until an operator has checked. Times are seconds since 1970.
package enum Freeze: Hashable, Sendable {
    /// The last runs failed: the old sets may soon be the only usable ones.
    case failedRuns(Int)
    /// No set and no prune for a long time: the clock jumped, or no backup ran.
    case gap(from: Int, to: Int)
    /// Some component has had no whole backup for a long time: its sets expire, and no new ones replace them.
    case noBackups(since: Int, now: Int)
    /// The plan would drop a larger share of the sets than is allowed at once.
    case largeDrop(dropped: Int, of: Int, allowed: Double)

    /// The reason for people, one line without a full stop.
    package var text: String {
        switch self {
        case .failedRuns(let count): "the last \(count) backup runs failed"
        case .gap(let from, let to):
            "no set or prune between \(Moment.readable(from)) and \(Moment.readable(to)): the clock jumped or no backup ran"
        case .noBackups(let since, let now):
            "no complete set since \(Moment.readable(since)); the time is now \(Moment.readable(now))"
        case .largeDrop(let dropped, let all, let allowed):
            "\(dropped) of \(all) sets would be dropped, more than \(Self.percent(allowed)) at once"
        }
    }

    /// The action that resolves it, for a hint.
    package var remedy: String {
        switch self {
        case .failedRuns: "find out why backups fail; pruning resumes after a complete backup"
        case .gap: "check the clock, then review `dr prune --dry-run`"
        case .noBackups: "run a backup first, or raise longest_gap for an inactive repository"
        case .largeDrop: "review `dr prune --dry-run`, then raise largest_drop if this is intended"
        }
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int(clamping: (share * 1000).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)%" : "\(tenths / 10).\(tenths % 10)%"
    }

    /// Every reason not to carry out a plan.
    /// A clock that is behind is not a reason: every set looks younger than it is, so more sets are kept, and sets with
    /// a later name stay.
    /// - Parameters:
    ///   - times: of all valid sets, oldest first.
    ///   - sets: the number of sets that the policy judges, with those of abandoned runs.
    ///   - oldestNewest: the oldest of the newest sets of each configured component. Only sets count that hold the
    ///     component whole and are not in the future.
    static func all(
        times: [Int], sets: Int, oldestNewest: Int?, dropped: Int, circumstances: PruneCircumstances,
        limits: FreezeLimits
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
        if dropped > limits.unjudgedDrop, Double(dropped) > limits.largestDrop * Double(sets) {
            freezes.append(.largeDrop(dropped: dropped, of: sets, allowed: limits.largestDrop))
        }
        return freezes
    }

    /// The first period since the last prune without a set or a prune as evidence that time passed.
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
    /// The position of the first element that matches `belongs`, in an array in which all following elements match too.
    func partitioningIndex(where belongs: (Int) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
