internal import BackupRepository
internal import Components
internal import FoundationEssentials
internal import Platform

/// The blocks in another tool's copy of a data directory or of a snapshot.
///
/// Only blocks are data of a backup: the write-ahead log and the head's chunks of a copied directory belong to the
/// server that wrote them.
enum ForeignBlocks {
    static let forms = [
        ForeignBackup(ForeignBackup.runbook, .folder("prometheus", files: ["data.tar.gz"]), open: open),
        ForeignBackup(ForeignBackup.restic, .snapshot, open: open),
    ]

    @Sendable private static func open(_ files: ForeignFiles) throws -> any Capture {
        let found = try ForeignTree.directory(below: files.root) { name, path in
            BlockName.isBlock(name) && FileManager.default.fileExists(atPath: "\(path)/meta.json")
        }
        guard let root = found else {
            throw ComponentError(
                .damaged, operation: "read the blocks of the backup of \(files.time)", "it holds no TSDB block",
                hint: "dr imports the blocks of a data directory or of a snapshot")
        }
        let limit = files.context.now() + NewestDatum.clockTolerance
        let content = try SnapshotContent(of: root, notAfter: limit)
        var facts = content.facts
        facts["head"] = "skipped"
        var warnings: [String] = []
        let others = try FileManager.default.contentsOfDirectory(atPath: root).filter { !BlockName.isBlock($0) }
        if others.contains("wal") {
            warnings.append(
                "the write-ahead log is not imported: samples that were not in a block yet, of the last two to three "
                    + "hours before the backup, are missing")
        }
        var tree = ForeignTree(root, newest: NewestDatum(content.newest), facts: facts, warnings: warnings)
        tree.oldestDatum = facts["oldest"].flatMap { Int($0) }
        tree.excluded = Set((others.flatMap { [$0, "\($0)/"] } + content.strays).map { Array($0.utf8) })
        tree.examining = { [pool = files.context.pool] changed in
            try await examine(changed.filter(BlockName.isBlock), in: root, pool)
        }
        return tree
    }

    /// Verifies blocks. A damaged one is skipped completely.
    private static func examine(_ blocks: [String], in root: String, _ pool: BlockingPool) async throws -> [Damage] {
        let found = FoundDamage()
        try await blocks.concurrentForEach(limit: 2) { name in
            let report = try await pool.run { try BlockVerifier("\(root)/\(name)").verify() }
            found.add(
                report.damage.map { part in
                    Damage(path: name, reason: part.path.isEmpty ? part.reason : "\(part.path): \(part.reason)")
                })
        }
        return found.list
    }
}
