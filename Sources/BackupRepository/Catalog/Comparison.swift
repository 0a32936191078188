/// A merge of two sorted streams, the walk and the table: both are read once, from start to end.
final class Comparison {
    private let stored: Statement
    private let fresh: EntryRow.Insertion
    private let gone: Statement
    private var hasRow: Bool
    private var last: [UInt8] = []
    private var changes = TreeChanges()

    private let ignoresDirectoryTimes: Bool

    init(_ database: Database, ignoringDirectoryTimes: Bool) throws {
        ignoresDirectoryTimes = ignoringDirectoryTimes
        fresh = try EntryRow.Insertion(into: "fresh", of: database)
        gone = try database.prepare("INSERT OR REPLACE INTO gone VALUES (?)")
        stored = try database.prepare("SELECT \(EntryRow.columns) FROM entries ORDER BY path")
        hasRow = try stored.step()
    }

    deinit { stored.reset() }

    func add(_ record: FileRecord) throws {
        precondition(last.isEmpty || last.lexicographicallyPrecedes(record.path), "the walk is not sorted")
        last = record.path
        while hasRow {
            let order = stored.compare(0, to: record.path)
            guard order <= 0 else { break }
            if order == 0 {
                if !isSame(record) { try addFresh(record, known: sameContent(record)) }
                hasRow = try stored.step()
                return
            }
            try addGone()
        }
        try addFresh(record, known: nil)
    }

    func finish() throws -> TreeChanges {
        while hasRow { try addGone() }
        return changes
    }

    /// Returns true if all stored attributes are equal. The change time is ignored: a hard link to a file, like those
    /// of a snapshot by the server, changes it without changing the file.
    private func isSame(_ record: FileRecord) -> Bool {
        holdsSameContent(record) && stored.integer(3) == Int(record.mode) && stored.integer(4) == Int(record.uid)
            && stored.integer(5) == Int(record.gid)
            && (EntryRow.modified(stored) == record.modified || (record.kind == .directory && ignoresDirectoryTimes))
    }

    private func holdsSameContent(_ record: FileRecord) -> Bool {
        guard stored.integer(1) == record.kind.rawValue else { return false }
        switch record.kind {
        case .directory: return true
        case .symbolicLink: return stored.bytes(9) == record.target
        case .file:
            return stored.integer(2) == record.size && EntryRow.modified(stored) == record.modified
                && stored.integer(7) == Int(Int64(bitPattern: record.inode))
        }
    }

    /// Returns the entry of a file whose owner or mode changed: it needs a new description, but is not read.
    private func sameContent(_ record: FileRecord) -> CatalogEntry? {
        record.kind == .file && record.size > 0 && holdsSameContent(record) ? EntryRow.read(stored) : nil
    }

    private func addFresh(_ record: FileRecord, known: CatalogEntry?) throws {
        var record = record
        // Only a reading of an object shows its header fields, and a known content is not read.
        if record.headers == nil { record.headers = known?.record.headers }
        changes.addFresh(record, hasContent: known == nil)
        let nowhere = Location(pack: -1, member: -1)
        try fresh.run(
            CatalogEntry(
                record: record, digest: known?.digest, described: nowhere, content: known?.content ?? nowhere))
    }

    private func addGone() throws {
        let path = stored.bytes(0) ?? []
        changes.addGone(path)
        gone.bind(1, path)
        try gone.run()
        hasRow = try stored.step()
    }
}
