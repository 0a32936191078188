package import BackupRepository
internal import FoundationEssentials
package import HTTP
package import Platform

/// Checks a restored Prometheus data directory, and gives advice before its server starts.
package struct PrometheusRestorer: ComponentRestorer {
    package static let kind = "prometheus"

    private static let width = 2
    /// Prometheus' default retention.
    private static let defaultRetention = "15d"
    private static let traits = RunningServer.Traits(
        flag: "storage.tsdb.path", lock: "lock", files: ["lock", "queries.active"], folders: ["wal"])

    private let api: PrometheusAPI?
    private let pool: BlockingPool
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - url: the server that will use the data, if one is configured; its retention is read if it answers.
    ///   - now: milliseconds since 1970.
    package init(url: String?, client: HTTPClient, pool: BlockingPool, now: @escaping @Sendable () -> Int) {
        api = url.map { PrometheusAPI(url: $0, client: client, pool: pool) }
        self.pool = pool
        self.now = now
    }

    /// Verifies every block in the tree. Prometheus ignores other entries, and so does this check.
    package func examine(restored tree: String) async throws -> [Damage] {
        let found = FoundDamage()
        let blocks = await pool.run { DataDirectory(tree).blocks() }
        try await blocks.concurrentForEach(limit: Self.width) { [pool] name in
            let report = try await pool.run { try BlockVerifier("\(tree)/\(name)").verify() }
            found.add(
                report.damage.map { part in
                    Damage(path: part.path.isEmpty ? name : "\(name)/\(part.path)", reason: part.reason)
                })
        }
        return found.list
    }

    package func obstacles(to target: String) async -> [String] {
        await pool.run { RunningServer(on: target, Self.traits).signs() }
    }

    package func inspector(of path: String) -> (any ContentInspector)? {
        ChunkSegmentVerifier.applies(to: path) ? SegmentInspector(path) : nil
    }

    package func advice(restored tree: String, target: String) async -> [String] {
        let (blocks, signs, hasShipper) = await pool.run {
            (
                Self.blocks(in: tree), RunningServer(on: target, Self.traits).signs(),
                FileManager.default.fileExists(atPath: "\(target)/thanos.shipper.json")
            )
        }
        var advice = signs
        advice += Self.futureAdvice(blocks, now: now())
        advice += await retentionAdvice(blocks, target: target)
        if hasShipper {
            advice.append(
                "'\(target)' is under a Thanos sidecar: stop it, and prevent a second upload of restored blocks, "
                    + "because blocks that overlap those of the bucket halt the Thanos compactor")
        }
        return advice
    }

    // MARK: Times

    private struct Block: Sendable {
        var meta: BlockMeta
        /// Bytes of index and chunks.
        var size: Int
    }

    private static func blocks(in tree: String) -> [Block] {
        DataDirectory(tree).blocks().compactMap { name in
            guard let meta = try? BlockMeta(readingFrom: "\(tree)/\(name)") else { return nil }
            let chunks = (try? FileManager.default.contentsOfDirectory(atPath: "\(tree)/\(name)/chunks")) ?? []
            let files = ["index"] + chunks.map { "chunks/\($0)" }
            let sizes = files.map { (try? BlockFile($0, in: "\(tree)/\(name)"))?.size ?? 0 }
            return Block(meta: meta, size: sizes.reduce(0, &+))
        }
    }

    /// A block that ends in the future makes the head refuse every sample until then, while targets look healthy.
    private static func futureAdvice(_ blocks: [Block], now: Int) -> [String] {
        // A block is cut only after its end, so that a correct clock never makes one that ends later than now.
        guard let newest = blocks.map(\.meta.maxTime).max(), span(from: now, to: newest) > 60_000 else { return [] }
        return [
            "the newest block ends at \(text(newest)), in the future: until then the server will refuse every new "
                + "sample as out of bounds. Check this machine's clock; if it is right, do not restore that block"
        ]
    }

    /// Retention compares a block's end with the newest block's. Blocks that are too old then are deleted at the start,
    /// the others when the first new block is cut, two to three hours later.
    private func retentionAdvice(_ blocks: [Block], target: String) async -> [String] {
        let ends = blocks.map(\.meta.maxTime)
        guard let oldest = blocks.map(\.meta.minTime).min(), let oldestEnd = ends.min(), let newestEnd = ends.max()
        else {
            return []
        }
        let now = now()
        let needed = "\(Self.span(from: oldest, to: max(now, newestEnd)) / 86_400_000 + 1)d"
        let remedy = "start it with --storage.tsdb.retention.time=\(needed) or more to keep them"
        guard let text = try? await api?.runtimeInfo().retention else {
            // The server that made the backup kept the span from oldest to newest. With the same retention it loses
            // little if little time has passed.
            let usual = max(
                Self.span(from: oldestEnd, to: newestEnd), PrometheusDuration.parse(Self.defaultRetention) ?? 0)
            guard Self.span(from: oldestEnd, to: now) > usual else { return [] }
            return [
                "the restored blocks reach back to \(Self.text(oldest)), and the server's retention is not known "
                    + "(\(Self.defaultRetention) by default): it deletes blocks that are older; \(remedy)"
            ]
        }
        var retention = PrometheusRetention(text)
        if let share = try? await api?.loadedConfiguration().retentionPercentage {
            retention.percentage = share
            // The server then reports no retention, or only a part of it.
            if text.isEmpty { retention.isUnclear = false }
        }
        var advice: [String] = []
        if let time = retention.time, time > 0 {
            let atOnce = ends.count { Self.span(from: $0, to: newestEnd) >= time }
            let later = max(0, ends.count { Self.span(from: $0, to: now) >= time } - atOnce)
            if atOnce > 0 { advice.append("\(atOnce) of \(ends.count) blocks are deleted when the server starts") }
            if later > 0 {
                advice.append("\(later) of \(ends.count) blocks are deleted two to three hours after the server starts")
            }
            advice = advice.map { "\($0), because its retention is \(text): \(remedy)" }
        }
        let size = blocks.lazy.map(\.size).clampedSum()
        if let limit = retention.size, limit > 0, size > limit {
            advice.append(
                "the restored blocks are \(size) bytes, more than the server's retention of \(text): it deletes the "
                    + "oldest; raise --storage.tsdb.retention.size to keep them")
        }
        if let share = retention.percentage, share > 0,
            let volume = await pool.run({ DataDirectory(target).volumeSize() }),
            Double(size) > Double(volume) * share / 100
        {
            advice.append(
                "the restored blocks are \(size) bytes, more than the server's retention of \(share) % of the volume of "
                    + "'\(target)': it deletes the oldest; raise storage.tsdb.retention.percentage to keep them")
        }
        if retention.isUnclear {
            advice.append(
                "dr cannot interpret the server's retention, '\(text)': check that it keeps blocks back to "
                    + "\(Self.text(oldest)), \(size) bytes in all, or the server deletes the oldest when it starts")
        }
        return advice
    }

    /// `later - earlier`, or the nearest number that an integer holds: both may come from a hostile `meta.json`.
    private static func span(from earlier: Int, to later: Int) -> Int {
        let (difference, overflow) = later.subtractingReportingOverflow(earlier)
        guard overflow else { return difference }
        return later > earlier ? .max : .min
    }

    /// RFC 3339 if the year has up to four digits, otherwise the number itself.
    private static func text(_ milliseconds: Int) -> String {
        guard (-62_135_596_800_000...253_402_300_799_999).contains(milliseconds) else {
            return "\(milliseconds) ms since 1970"
        }
        return RFC3339.text(seconds: Int(clamping: (Double(milliseconds) / 1000).rounded(.down)))
    }
}
