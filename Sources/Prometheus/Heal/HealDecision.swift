internal import Platform

/// Decides which blocks of backups belong in a live data directory, from times and ancestry alone.
///
/// Retention and compaction remove blocks on purpose. A block is missing only if the server has nothing of its time,
/// and neither of the two explains its absence.
struct HealDecision: Sendable {
    /// A block of the live directory.
    struct Live: Sendable {
        var name: String
        /// Nil if its `meta.json` cannot be read.
        var meta: BlockMeta?
    }

    /// The reasons why a block of a backup is not put back.
    enum Verdict: Equatable, Sendable {
        case missing
        /// The server has samples of this time, in another block or in its head.
        case covered
        /// A live block was compacted from it.
        case compacted
        /// It is older than the server's retention.
        case expired
        /// The server may have deleted it: it is older than the oldest live block.
        case maybeExpired
        /// Samples of this time may be in the head of a server that does not answer.
        case maybeInHead
    }

    var live: [Live]
    /// The time from which the server's head has samples, in milliseconds; `.max` for an empty head, nil if the server
    /// does not answer.
    var head: Int?
    /// The server's retention; nil if it does not answer.
    var retention: PrometheusRetention?
    /// Milliseconds since 1970.
    var now: Int
    /// True to put back blocks that the server may have deleted.
    var restoresMissing = false

    private var ranges: [(from: Int, to: Int)] { live.compactMap { $0.meta.map { ($0.minTime, $0.maxTime) } } }

    /// The blocks that live ones were compacted from.
    private var ancestors: Set<String> {
        Set(live.compactMap(\.meta).flatMap { $0.sources + $0.parents }).union(live.map(\.name))
    }

    /// True if blocks may be missing: without a gap no backup has to be read.
    var hasGap: Bool {
        let sorted = ranges.sorted { $0.from < $1.from }
        guard var end = sorted.first?.to, let start = sorted.first?.from else { return true }
        for range in sorted {
            if range.from > end { return true }
            end = max(end, range.to)
        }
        if let head, head != .max, head > end { return true }
        if restoresMissing { return true }
        guard let time = retention?.time, isByTimeAlone else { return false }
        return start > now.subtractingClamped(time)
    }

    /// Judges a block of a backup that the live directory does not have.
    func verdict(on block: BlockMeta) -> Verdict {
        let ranges = ranges
        // A block without sources is of an early version: only its own name is known.
        let sources = block.sources.isEmpty ? [block.ulid] : block.sources
        let ancestors = ancestors
        if ancestors.contains(block.ulid) || sources.allSatisfy(ancestors.contains) { return .compacted }
        if ranges.contains(where: { $0.from < block.maxTime && block.minTime < $0.to }) { return .covered }
        let newest = ranges.map(\.to).max() ?? .min
        if let head {
            if head < block.maxTime { return .covered }
        } else if block.minTime >= newest {
            return .maybeInHead
        }
        // Retention removes the oldest blocks first, so a block after a live one was not removed by it.
        if let oldest = ranges.map(\.from).min(), block.maxTime > oldest { return .missing }
        if let time = retention?.time, time > 0,
            max(now, newest).subtractingClamped(block.maxTime) >= time
        {
            return .expired
        }
        return restoresMissing || isByTimeAlone ? .missing : .maybeExpired
    }

    /// True if time alone decides what the server deletes.
    private var isByTimeAlone: Bool {
        retention.map { !$0.isUnclear && $0.size == nil && $0.percentage == nil } ?? false
    }

    /// True if these blocks together hold what a live block was compacted from.
    func replaces(_ blocks: [BlockMeta], _ damaged: BlockMeta) -> Bool {
        let sources = Set(damaged.sources)
        let found = blocks.map { Set($0.sources) }
        guard !sources.isEmpty, found.allSatisfy({ !$0.isEmpty && $0.isSubset(of: sources) }) else { return false }
        return found.reduce(Set()) { $0.union($1) } == sources
    }
}
