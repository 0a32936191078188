internal import BackupRepository
internal import FoundationEssentials
internal import Platform

/// The content of a snapshot, from its blocks' `meta.json` and, for the newest sample, from their indexes.
struct SnapshotContent {
    private(set) var blocks: [String] = []
    /// Time of the newest sample that is not later than the limit, in milliseconds since 1970; if all are later, of the
    /// newest. Nil when there is none or no block can be read.
    private(set) var newest: Int?
    /// Time of the newest sample, if it is later than the limit.
    private(set) var future: Int?
    private(set) var facts: [String: String] = [:]
    /// Entries of blocks' folders that do not belong to a block, such as `.nfs…` or `000001~` in `chunks`; Prometheus
    /// ignores them. Paths relative to the snapshot.
    private(set) var strays: [String] = []

    /// - Parameter limit: milliseconds since 1970; a later sample does not show the age of the data.
    /// - Throws: ``ComponentError`` when the directory cannot be listed; `CancellationError`. A damaged block is
    ///   skipped here: the examination reports it.
    init(of root: String, notAfter limit: Int = .max) throws {
        do {
            blocks = try FileManager.default.contentsOfDirectory(atPath: root).filter(BlockName.isBlock).sorted()
        } catch {
            throw ComponentError(
                .misconfigured, operation: "read snapshot '\(root)'", "cannot be listed",
                hint: "run as the server's user or as root")
        }
        let metas = blocks.compactMap { name in
            (try? BlockMeta(readingFrom: "\(root)/\(name)")).map { (name: name, meta: $0) }
        }
        // A block's maxTime is an upper bound, rounded up to hours in all blocks but the head's: the newest sample is
        // in the first block of this order, unless the next one's bound is greater than its newest sample.
        for (name, meta) in metas.sorted(by: { $0.meta.maxTime > $1.meta.maxTime }) {
            if let newest, meta.maxTime <= newest.addingClamped(1) { break }
            do {
                let block = BlockVerifier("\(root)/\(name)")
                let range = try block.timeRange(notAfter: limit)
                newest = [newest, range?.upperBound].compactMap { $0 }.max()
                if meta.maxTime &- 1 > limit, let last = try block.timeRange()?.upperBound, last > limit {
                    future = max(future ?? last, last)
                }
            } catch is ComponentError {
                continue
            }
        }
        strays = blocks.flatMap { block -> [String] in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(block)")) ?? []
            let chunks = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(block)/chunks")) ?? []
            return names.filter { !BlockName.isPart($0) }.map { "\(block)/\($0)" }
                + chunks.filter { BlockName.segmentNumber($0) == nil }.map { "\(block)/chunks/\($0)" }
        }.sorted()
        newest = newest ?? future
        facts["blocks"] = String(blocks.count)
        facts["samples"] = String(metas.reduce(0) { $0 &+ $1.meta.stats.samples })
        facts["series"] = String(metas.map(\.meta.stats.series).max() ?? 0)
        if let oldest = metas.map(\.meta.minTime).min() { facts["oldest"] = String(oldest) }
        if let newest { facts["newest"] = String(newest) }
    }
}
