internal import Cryptography
internal import Glibc
internal import ObjectStorage
package import Platform

/// Restores one component's tree: builds it beside the target, verifies every file by its SHA-256 and the whole with
/// the domain's own checks, and only then moves it to the target.
package struct ComponentRestore: Sendable {
    package var repository: Repository
    package var manifest: Manifest
    /// Only these paths and everything below them; all if empty.
    package var paths: [String] = []
    /// Only the files of this slice; ``restorer`` selects them.
    package var slice: RestoreSlice?
    package var target: RestoreTarget
    package var owner: Owner = .recorded
    /// True to restore setuid and setgid bits of files, with which programs run as their owner or group.
    package var keepsSetuid = false
    /// Trees besides ``target`` that may have some of the contents, in the order in which they are asked.
    package var seeds: [RestoreSeed] = []
    /// True to take contents from the present content of ``target`` and from ``seeds``. All others come from the store.
    package var usesSeeds = true
    /// The name of the target's present content in a sentence.
    package var presentName = "the target"
    /// True if the top folder stays private to this user: for a tree that is only imported afterwards.
    package var isPrivate = false
    package var restorer: (any ComponentRestorer)?
    /// True to build the component's index from the restored data instead of restoring it; ``restorer`` does this.
    package var rebuildsIndex = false
    /// Called when the tree is whole, before it replaces the target's content; an error refuses that. It may block.
    package var mayReplace: (@Sendable () throws -> Void)?
    package var pool: BlockingPool
    package var progress: WorkProgress
    /// The number of packs read at the same time.
    package var lanes = 2

    package init(
        repository: Repository, manifest: Manifest, target: RestoreTarget, pool: BlockingPool, progress: WorkProgress
    ) {
        self.repository = repository
        self.manifest = manifest
        self.target = target
        self.pool = pool
        self.progress = progress
    }

    package struct Report: Codable, Sendable {
        package var files = 0, bytes = 0
        /// Files whose content this machine already had: in a seed, or from an interrupted restore.
        package var reusedFiles = 0, reusedBytes = 0
        /// The seeds that had some of these.
        package var seeds: [SeedUse] = []
        /// Bytes read from the store for contents.
        package var fetched = 0
        package var target = ""
        /// The path to which the old tree was moved.
        package var kept: String?
        /// The path of the old tree, if it was removed on request.
        package var discarded: String?
        package var advice: [String] = []
        /// The entries without their recorded owner or mode.
        package var shortfall: OwnerShortfall?
        /// The time of the slice's newest datum, in milliseconds since 1970; nil if the kind does not know it, and for
        /// a whole restore.
        package var newestDatum: Int?
        /// The index that was built from the restored data.
        package var index: IndexRebuild?
    }

    private var ownerToSet: Owner {
        guard owner == .recorded, restorer?.recordsOwners == false else { return owner }
        return .fixed(uid: geteuid(), gid: getegid())
    }

    /// - Throws: ``RestoreFailure`` if the restored data are damaged: the target is then unchanged.
    package func run() async throws -> Report {
        let obstacles = await restorer?.obstacles(to: target.path) ?? []
        guard obstacles.isEmpty else {
            throw RepositoryError(
                .target, object: target.path, "it is in use: \(obstacles.joined(separator: "; "))",
                hint: "stop the server that uses it, or restore to another directory")
        }
        progress.update { $0.phase = "planning" }
        let catalog = try Catalog(path: nil)
        try await CatalogFiller(repository: repository, pool: pool).fill(catalog, from: manifest)
        try await pool.run { try selection.proveContents(of: catalog) }
        let (tree, target, seeds): (StagedTree, RestoreTarget, OpenSeeds) = try await pool.run {
            var target = self.target
            try selection.select(catalog)
            try catalog.indexContents()
            let totals = try catalog.totals()
            try checkRoom(for: catalog, entries: totals.entries)
            progress.update {
                $0.phase = "restoring"
                $0.totalFiles = totals.files
                $0.totalBytes = totals.bytes
            }
            // Otherwise entries that the backup does not have would become part of the restored tree.
            if try !target.isStagingEmpty(or: { try catalog.entry($0.path)?.record.kind == $0.kind }) {
                target.takeNewStaging()
            }
            let tree = try StagedTree(target.staging, owner: ownerToSet, keepsSetuid: keepsSetuid)
            try catalog.forEach(kind: .directory) { try tree.makeDirectory($0.record) }
            return (tree, target, OpenSeeds(allSeeds))
        }
        let ledger = RestoreLedger()
        try await ContentReading(
            repository: repository, manifest: manifest, catalog: catalog,
            destination: TreeDestination(tree: tree, seeds: seeds), ledger: ledger, progress: progress
        ).run(lanes: lanes, on: pool)
        try await pool.run {
            try catalog.forEach(kind: .symbolicLink) { try tree.makeLink($0.record) }
            try catalog.forEach(.pathDescending, kind: .directory) { try tree.finishDirectory($0.record) }
        }
        try fail(if: ledger.damage, of: tree)
        progress.update { $0.phase = "checking" }
        if let restorer, paths.isEmpty { try fail(if: try await restorer.examine(restored: tree.path), of: tree) }
        var report = ledger.report
        report.seeds = seeds.uses
        report.advice = seeds.remarks
        if rebuildsIndex, let restorer {
            progress.update { $0.phase = "building the index" }
            let index = try await restorer.rebuildIndex(of: tree.path, inUse: false)
            try fail(if: index.damage, of: tree)
            report.advice += index.advice
            report.index = index
        }
        report.advice += await restorer?.advice(restored: tree.path, target: target.path) ?? []
        report.advice += target.remarks
        if let slice, let restorer {
            report.advice += restorer.notes(on: slice)
            report.newestDatum = try await pool.run { try selection.newestDatum(in: catalog, restorer) }
        }
        return try await pool.run { [report] in
            var report = report
            progress.update { $0.phase = "swapping" }
            // Before the root gets its final mode, because a folder that others may enter cannot be resumed.
            try tree.synchronize()
            try mayReplace?()
            if !target.isFilledInPlace, !isPrivate {
                try tree.finishRoot(
                    manifest.root ?? target.usualRoot, isRecorded: manifest.root != nil || target.replaces)
            }
            report.shortfall = tree.shortfall
            if let remark = tree.remark { report.advice.append(remark) }
            try tree.checkPlace()
            report.kept = try target.swap()
            report.target = target.path
            progress.update { $0.phase = "done" }
            return report
        }
    }

    package struct Plan: Codable, Sendable {
        package var target: String
        /// True if the target exists and its content would be kept aside.
        package var replaces: Bool
        package var files: Int
        /// Plain bytes of the files' contents.
        package var bytes: Int
        /// The reasons for which ``run()`` would fail.
        package var obstacles: [String]
        /// Remarks on what the preview does not know; nil if there are none.
        package var notes: [String]?

        package init(target: String, replaces: Bool, files: Int, bytes: Int, obstacles: [String]) {
            self.target = target
            self.replaces = replaces
            self.files = files
            self.bytes = bytes
            self.obstacles = obstacles
        }
    }

    /// Returns the actions of ``run()``, from the indexes only: it does not fetch contents, and does not write.
    package func plan() async throws -> Plan {
        let obstacles = await restorer?.obstacles(to: target.path) ?? []
        let catalog = try Catalog(path: nil)
        try await CatalogFiller(repository: repository, pool: pool).fill(catalog, from: manifest)
        try await pool.run { try selection.proveContents(of: catalog) }
        return try await pool.run {
            try selection.select(catalog)
            let totals = try catalog.totals()
            var obstacles = obstacles
            do { try checkRoom(for: catalog, entries: totals.entries) } catch let error as RepositoryError
                where error.reason == .noSpace
            { obstacles.append("\(error)") }
            return Plan(
                target: target.path, replaces: target.replaces, files: totals.files, bytes: totals.bytes,
                obstacles: obstacles)
        }
    }

    private var selection: EntrySelection {
        EntrySelection(
            manifest: manifest, paths: paths, slice: slice, restorer: restorer, rebuildsIndex: rebuildsIndex)
    }

    /// The seeds in the order in which they are asked.
    private var allSeeds: [RestoreSeed] {
        guard usesSeeds else { return [] }
        return (target.replaces ? [RestoreSeed(target.path, presentName)] : []) + seeds
    }

    private func checkRoom(for catalog: Catalog, entries: Int) throws {
        try target.checkRoom(
            bytes: try roomForContents(catalog), entries: entries, mayShare: usesSeeds && target.replaces)
    }

    /// Returns the bytes of contents that need space: a sparse file may need any number below its size.
    private func roomForContents(_ catalog: Catalog) throws -> Int {
        var bytes = 0
        try catalog.forEach(kind: .file) { entry in
            guard !entry.record.isSparse else { return }
            let (sum, isTooMuch) = bytes.addingReportingOverflow(entry.record.size)
            bytes = isTooMuch ? .max : sum
        }
        return bytes
    }

    private func fail(if damage: [Damage], of tree: StagedTree) throws {
        guard !damage.isEmpty else { return }
        throw RestoreFailure(damage: damage.sorted { $0.path < $1.path }, staging: tree.path, target: target.path)
    }
}

/// The restored data differ from the backup. A target that is a directory is unchanged.
package struct RestoreFailure: OperationError {
    package var damage: [Damage]
    /// The path of the tree with the intact files.
    package var staging: String
    package var target: String
    /// False if the intact files are in the target, such as a bucket.
    package var isTargetUnchanged = true

    package init(damage: [Damage], staging: String, target: String) {
        self.damage = damage
        self.staging = staging
        self.target = target
    }

    package var reasonCode: String { "restore_damaged" }
    package var place: ErrorPlace { ErrorPlace(object: target, text: "'\(target)'") }

    package var detail: String {
        let shown = damage.prefix(20).map { "  \($0.path.printable): \($0.reason)" }
        let more = damage.count > 20 ? ["  and \(damage.count - 20) more"] : []
        return (["not restored, \(damage.count) damaged:"] + shown + more).joined(separator: "\n")
    }

    package var hint: String? {
        guard isTargetUnchanged else {
            return "the files that were restored before stay in the target; an older set may have the rest"
        }
        let intact = staging.isEmpty ? "" : "the intact files are in '\(staging)'; "
        return "the target is unchanged; \(intact)an older set may have the rest"
    }
}
