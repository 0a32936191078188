internal import Cryptography
package import Platform
internal import Synchronization

/// One backup of a component as a source of parts.
package struct HealBackup: Sendable {
    package let set: Timestamp
    private let component: String
    private let part: BackupSet.Component
    private let repository: Repository
    private let pool: BlockingPool
    private let progress: WorkProgress

    /// - Returns: nil if the set does not hold the component.
    package init?(
        _ component: String, of set: BackupSet, in repository: Repository, pool: BlockingPool, progress: WorkProgress
    ) {
        guard let part = set.components[component] else { return nil }
        self.set = set.name
        self.component = component
        self.part = part
        self.repository = repository
        self.pool = pool
        self.progress = progress
    }

    /// Reads the table of files.
    /// - Throws: `RepositoryError` `.damaged` if the backup cannot be read.
    package func open() async throws -> OpenHealBackup {
        let manifest = try await pool.run {
            try repository.manifest(component, part.manifest, sha256: part.sha256)
        }
        let catalog = try Catalog(path: nil)
        try await CatalogFiller(repository: repository, pool: pool).fill(catalog, from: manifest)
        let selection = EntrySelection(manifest: manifest, paths: [], slice: nil, restorer: nil)
        try await pool.run { try selection.proveContents(of: catalog) }
        return OpenHealBackup(
            set: set, manifest: manifest, catalog: catalog, repository: repository, pool: pool, progress: progress)
    }
}

/// A backup whose files are known.
package struct OpenHealBackup: Sendable {
    package let set: Timestamp
    package let manifest: Manifest
    let catalog: Catalog
    let repository: Repository
    let pool: BlockingPool
    let progress: WorkProgress

    /// Calls `body` with the path of each file, in order. Blocks.
    package func forEachFile(_ body: (String) throws -> Void) throws {
        try catalog.forEach(kind: .file) { try body($0.record.name) }
    }

    /// Reads small files of the backup.
    /// - Parameter limit: bytes of one file; larger ones are omitted.
    /// - Returns: the contents by path; without those that are damaged.
    package func contents(of paths: [String], limit: Int) async throws -> [String: [UInt8]] {
        let wanted = Set(paths)
        let selected = try Catalog(path: nil)
        return try await pool.run {
            var numbers: [Int: Int] = [:]
            try catalog.forEach(kind: .file) { entry in
                guard wanted.contains(entry.record.name), entry.record.size <= limit else { return }
                numbers[entry.content.pack] = 0
            }
            // Packs have other numbers in another catalog.
            for number in numbers.keys.sorted() {
                guard let id = try catalog.pack(number: number) else { continue }
                numbers[number] = try selected.number(ofPack: id)
            }
            var entries: [CatalogEntry] = []
            try catalog.forEach(kind: .file) { entry in
                guard wanted.contains(entry.record.name), let pack = numbers[entry.content.pack],
                    entry.record.size <= limit
                else { return }
                var entry = entry
                entry.content.pack = pack
                entry.described.pack = pack
                entries.append(entry)
            }
            try selected.insert(entries)
            let held = HeldContents()
            try ContentReading(
                repository: repository, manifest: manifest, catalog: selected, destination: held,
                ledger: RestoreLedger(), progress: WorkProgress()
            ).readAll()
            return held.contents
        }
    }

    /// Restores parts to a folder.
    /// - Parameters:
    ///   - paths: of the parts in the backup.
    ///   - folder: absolute; it must not exist, or be empty, except after an interrupted heal of the same backup.
    ///   - seed: a tree that may have some of the contents at the same paths; nil if there is none.
    /// - Throws: ``RestoreFailure`` for damaged contents.
    package func restore(
        _ paths: [String], to folder: String, seed: RestoreSeed?, stamp: Timestamp
    ) async throws -> ComponentRestore.Report {
        let target = try await pool.run {
            try RestoreTarget(
                folder, identity: "\(manifest.component)-\(manifest.name)", stamp: "\(stamp)", replace: false)
        }
        var restore = ComponentRestore(
            repository: repository, manifest: manifest, target: target, pool: pool, progress: progress)
        restore.paths = paths
        restore.seeds = [seed].compactMap { $0 }
        restore.isPrivate = true
        return try await restore.run()
    }
}

/// Keeps contents in memory.
private final class HeldContents: ContentDestination {
    private let held = Mutex([String: [UInt8]]())

    var contents: [String: [UInt8]] { held.withLock { $0 } }

    func takeLocal(_ record: FileRecord, _ digest: Digest) -> Bool { false }
    func makeEmpty(_ record: FileRecord) { held.withLock { $0[record.name] = [] } }
    func file(_ record: FileRecord) -> any ContentReceiver { Holding(record, in: self) }

    private final class Holding: ContentReceiver {
        private let record: FileRecord
        private let contents: HeldContents
        private var bytes: [UInt8] = []

        init(_ record: FileRecord, in contents: HeldContents) { (self.record, self.contents) = (record, contents) }

        func write(_ piece: RawSpan) { piece.withUnsafeBytes { bytes.append(contentsOf: $0) } }

        func finish(_ digest: Digest) -> String? {
            guard Digest(of: bytes) == digest else { return ContentMismatch.digest }
            contents.held.withLock { $0[record.name] = bytes }
            return nil
        }
    }
}
