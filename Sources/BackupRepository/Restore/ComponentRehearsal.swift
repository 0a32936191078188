internal import Cryptography
package import Platform

/// A restore without a target: reads, decrypts, decodes and verifies everything that the restore would, and writes
/// nothing.
package struct ComponentRehearsal: Sendable {
    package var repository: Repository
    package var manifest: Manifest
    /// Only these paths and everything below them; all if empty.
    package var paths: [String] = []
    /// Only the files of this slice; ``restorer`` selects them.
    package var slice: RestoreSlice?
    package var restorer: (any ComponentRestorer)?
    package var pool: BlockingPool
    package var progress: WorkProgress
    /// The number of packs read at the same time.
    package var lanes = 2

    package init(repository: Repository, manifest: Manifest, pool: BlockingPool, progress: WorkProgress) {
        self.repository = repository
        self.manifest = manifest
        self.pool = pool
        self.progress = progress
    }

    package struct Report: Equatable, Sendable {
        package var files = 0
        /// Plain bytes of the files' contents.
        package var bytes = 0
        /// Bytes read from the store for contents.
        package var fetched = 0
        /// Files that the kind's own inspectors checked as well.
        package var inspectedFiles = 0
        package var damage: [Damage] = []

        package init() {}
    }

    /// Reads all contents from the store, never from a seed or an interrupted restore, and checks each file by its
    /// SHA-256 and by the kind's inspector.
    ///
    /// It does not make the checks that need the whole tree on a disk.
    package func run() async throws -> Report {
        progress.update { $0.phase = "planning" }
        let catalog = try await selected()
        try await pool.run {
            try catalog.indexContents()
            let totals = try catalog.totals()
            progress.update {
                $0.phase = "rehearsing"
                $0.totalFiles = totals.files
                $0.totalBytes = totals.bytes
            }
        }
        let (ledger, checks) = (RestoreLedger(), RehearsalChecks(restorer))
        try await ContentReading(
            repository: repository, manifest: manifest, catalog: catalog, destination: checks, ledger: ledger,
            progress: progress
        ).run(lanes: lanes, on: pool)
        progress.update { $0.phase = "done" }
        let read = ledger.report
        var report = Report()
        (report.files, report.bytes, report.fetched) = (read.files, read.bytes, read.fetched)
        report.inspectedFiles = checks.inspectedFiles
        report.damage = (ledger.damage + checks.damage).sorted { $0.path < $1.path }
        return report
    }
    /// Returns the ids of the packs that ``run()`` reads. It needs the indexes only.
    package func packs() async throws -> Set<String> {
        let catalog = try await selected()
        return try await pool.run {
            var numbers: Set<Int> = []
            try catalog.forEach(kind: .file) { entry in
                if entry.record.size > 0 { numbers.insert(entry.content.pack) }
            }
            return Set(try numbers.compactMap { try catalog.pack(number: $0) })
        }
    }

    private func selected() async throws -> Catalog {
        let catalog = try Catalog(path: nil)
        try await CatalogFiller(repository: repository, pool: pool).fill(catalog, from: manifest)
        let selection = EntrySelection(manifest: manifest, paths: paths, slice: slice, restorer: restorer)
        try await pool.run {
            try selection.proveContents(of: catalog)
            try selection.select(catalog)
        }
        return catalog
    }
}
