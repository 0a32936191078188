internal import CSQLite
internal import Synchronization

/// The table of files of one manifest: every path with its place in the repository, in a local SQLite file.
///
/// It is a cache of what the pack indexes say, made anew whenever it is missing, foreign or unreadable. It exists so
/// that an unchanged run compares a million files in the memory of a few, and without asking the store. SQLite's page
/// cache bounds the memory, whatever the number of files. Calls block and may come from several threads.
package final class Catalog: Sendable {
    private let connection: Mutex<Database>
    /// Of all contents, in a catalog that began empty: a first backup asks of every file, and would wait in line for
    /// the table's answer, which is no. Nil where the table has more than the filter saw.
    private let contents: Mutex<DigestFilter?>

    /// - Parameter path: of the file to keep it in; nil for one that vanishes with this object.
    /// - Throws: ``CatalogError``, also when another process holds the file (``CatalogError/isBusy``).
    package init(path: String?) throws {
        let database = try Self.open(path)
        let anything = try database.prepare("SELECT 1 FROM entries LIMIT 1")
        contents = Mutex(try anything.step() ? nil : DigestFilter())
        anything.reset()
        connection = Mutex(database)
    }

    private static func open(_ path: String?) throws -> Database {
        let database = try Database(path: path)
        // Exclusive: one run owns the file for its life, so nothing changes between two of its statements, and the
        // write-ahead log needs no shared memory. A crash rolls back to the manifest before.
        //
        // Entries have row ids, so that the index of contents, which is filled in the order of hashes, repeats a small
        // number for each and not the path: it stays in the page cache with a million files.
        try database.execute(
            """
            PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = \(path == nil ? "OFF" : "WAL");
            PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; PRAGMA temp_store = FILE;
            BEGIN EXCLUSIVE;
            CREATE TABLE IF NOT EXISTS notes (name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS packs (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE);
            CREATE TABLE IF NOT EXISTS entries (
                path BLOB NOT NULL PRIMARY KEY, kind INT, size INT, mode INT, uid INT, gid INT, modified INT, inode INT,
                sparse INT, target BLOB, digest BLOB, pack INT, member INT, contentPack INT, contentMember INT,
                modifiedNanoseconds INT
            );
            CREATE INDEX IF NOT EXISTS contents ON entries (size, digest) WHERE kind = 0 AND size > 0;
            CREATE INDEX IF NOT EXISTS borrowed ON entries (contentPack, contentMember)
                WHERE contentPack <> pack OR contentMember <> member;
            CREATE TEMP TABLE fresh (
                path BLOB PRIMARY KEY, kind INT, size INT, mode INT, uid INT, gid INT, modified INT, inode INT,
                sparse INT, target BLOB, digest BLOB, pack INT, member INT, contentPack INT, contentMember INT,
                modifiedNanoseconds INT
            ) WITHOUT ROWID;
            CREATE TEMP TABLE gone (path BLOB PRIMARY KEY) WITHOUT ROWID;
            """)
        return database
    }

    /// Keeps all that was changed since the catalog was opened or last committed.
    package func commit() throws {
        try connection.withLock { try $0.execute("COMMIT; BEGIN EXCLUSIVE") }
    }

    /// Forgets everything, to be filled anew.
    package func clear() throws {
        try connection.withLock {
            try $0.execute(
                "DELETE FROM notes; DELETE FROM packs; DELETE FROM entries; DELETE FROM fresh; DELETE FROM gone")
        }
        contents.withLock { $0 = DigestFilter() }
    }

    // MARK: Notes

    /// A small value by name, such as the manifest that the catalog is of.
    package func note(_ name: String) throws -> String? {
        try connection.withLock { database in
            let statement = try database.prepare("SELECT value FROM notes WHERE name = ?")
            statement.bind(1, name)
            defer { statement.reset() }
            return try statement.step() ? statement.text(0) : nil
        }
    }

    package func setNote(_ name: String, _ value: String) throws {
        try connection.withLock { database in
            let statement = try database.prepare("INSERT OR REPLACE INTO notes VALUES (?, ?)")
            statement.bind(1, name)
            statement.bind(2, value)
            try statement.run()
        }
    }

    // MARK: Packs

    /// The catalog's number of a pack, given on first sight.
    package func number(ofPack id: String) throws -> Int {
        try connection.withLock { database in
            let insert = try database.prepare("INSERT OR IGNORE INTO packs (id) VALUES (?)")
            insert.bind(1, id)
            try insert.run()
            let select = try database.prepare("SELECT number FROM packs WHERE id = ?")
            select.bind(1, id)
            defer { select.reset() }
            guard try select.step() else { throw CatalogError(code: SQLITE_NOTFOUND, operation: "pack", detail: id) }
            return select.integer(0)
        }
    }

    package func pack(number: Int) throws -> String? {
        try connection.withLock { database in
            let statement = try database.prepare("SELECT id FROM packs WHERE number = ?")
            statement.bind(1, number)
            defer { statement.reset() }
            return try statement.step() ? statement.text(0) : nil
        }
    }

    // MARK: Entries

    /// Adds entries; one that has a path that is there already takes its place.
    package func insert(_ entries: [CatalogEntry]) throws {
        contents.withLock { filter in
            for entry in entries { if let digest = entry.digest { filter?.insert(digest) } }
        }
        // A few at a time: whoever else has a question need not wait for thousands.
        for start in stride(from: 0, to: entries.count, by: 64) {
            try connection.withLock { database in
                let insertion = try EntryRow.Insertion(into: "entries", of: database)
                for entry in entries[start..<min(start + 64, entries.count)] { try insertion.run(entry) }
            }
        }
    }

    /// Removes `path`, or nothing where it is not there.
    package func remove(_ path: [UInt8]) throws {
        try connection.withLock { database in
            let statement = try database.prepare("DELETE FROM entries WHERE path = ?")
            statement.bind(1, path)
            try statement.run()
        }
    }

    /// Removes `path`, a file or a directory without its slash, and all below it.
    package func removeTree(_ path: [UInt8]) throws {
        try connection.withLock { database in
            // Every path below a directory sorts between "directory/" and "directory0", the byte after the slash.
            let statement = try database.prepare("DELETE FROM entries WHERE path = ? OR (path >= ? AND path < ?)")
            statement.bind(1, path)
            statement.bind(2, path + [UInt8(ascii: "/")])
            statement.bind(3, path + [UInt8(ascii: "0")])
            try statement.run()
        }
    }

    /// Removes every entry that a pack describes or whose content it holds: a comparison then finds it fresh.
    /// - Parameter ids: of the packs; those that the catalog does not know make no difference.
    /// - Returns: whether anything was removed.
    package func forget(packs ids: [String]) throws -> Bool {
        try connection.withLock { database in
            var isAny = false
            for id in ids {
                let statement = try database.prepare(
                    """
                    DELETE FROM entries WHERE pack = (SELECT number FROM packs WHERE id = ?1)
                    OR contentPack = (SELECT number FROM packs WHERE id = ?1)
                    """)
                statement.bind(1, id)
                try statement.run()
                isAny = isAny || database.changes > 0
            }
            return isAny
        }
    }

    package func entry(_ path: [UInt8]) throws -> CatalogEntry? {
        try connection.withLock { database in
            let statement = try database.prepare("SELECT \(EntryRow.columns) FROM entries WHERE path = ?")
            statement.bind(1, path)
            defer { statement.reset() }
            return try statement.step() ? EntryRow.read(statement) : nil
        }
    }

    /// Whether some file of `size` bytes is known: only then can its content be. To ask before a large file is read.
    package func knowsSize(_ size: Int) throws -> Bool {
        try connection.withLock { database in
            let statement = try database.prepare(
                "SELECT 1 FROM entries WHERE kind = 0 AND size > 0 AND size = ? LIMIT 1")
            statement.bind(1, size)
            defer { statement.reset() }
            return try statement.step()
        }
    }

    /// Where content is stored already; nil when it is not.
    package func content(size: Int, digest: [UInt8]) throws -> Location? {
        if contents.withLock({ $0?.mayHold(digest) == false }) { return nil }
        return try connection.withLock { database in
            let statement = try database.prepare(
                """
                SELECT contentPack, contentMember FROM entries
                WHERE kind = 0 AND size > 0 AND size = ? AND digest = ? LIMIT 1
                """)
            statement.bind(1, size)
            statement.bind(2, digest)
            defer { statement.reset() }
            return try statement.step() ? Location(pack: statement.integer(0), member: statement.integer(1)) : nil
        }
    }

    package enum Order: String, Sendable {
        case path = "path"
        /// Children before their directories.
        case pathDescending = "path DESC"
    }

    /// Calls `body` for every entry of `kind`, of any by default. It must not call the catalog.
    package func forEach(
        _ order: Order = .path, kind: FileRecord.Kind? = nil, _ body: (CatalogEntry) throws -> Void
    ) throws {
        try connection.withLock { database in
            let filter = kind.map { "WHERE kind = \($0.rawValue)" } ?? ""
            let statement = try database.prepare(
                "SELECT \(EntryRow.columns) FROM entries \(filter) ORDER BY \(order.rawValue)")
            defer { statement.reset() }
            while try statement.step() { try body(EntryRow.read(statement)) }
        }
    }

    /// Prepares for ``files(inPack:after:limit:)``, which would be slow without.
    package func indexContents() throws {
        try connection.withLock {
            try $0.execute(
                "CREATE INDEX IF NOT EXISTS placed ON entries (contentPack, contentMember, path) WHERE kind = 0")
        }
    }

    /// The files whose content is in a pack, by its number, as the contents lie in it; at most `limit` of them.
    /// - Parameter after: the last entry of the page before.
    package func files(inPack number: Int, after: CatalogEntry?, limit: Int) throws -> [CatalogEntry] {
        try connection.withLock { database in
            let statement = try database.prepare(
                """
                SELECT \(EntryRow.columns) FROM entries
                WHERE kind = 0 AND contentPack = ? AND (contentMember, path) > (?, ?)
                ORDER BY contentMember, path LIMIT ?
                """)
            statement.bind(1, number)
            statement.bind(2, after?.content.member ?? -1)
            statement.bind(3, after?.record.path ?? [])
            statement.bind(4, limit)
            defer { statement.reset() }
            var entries: [CatalogEntry] = []
            while try statement.step() { entries.append(EntryRow.read(statement)) }
            return entries
        }
    }

    /// Numbers of the packs that hold some file's content, in order.
    package func packsWithContent() throws -> [Int] {
        try connection.withLock { database in
            let statement = try database.prepare(
                "SELECT DISTINCT contentPack FROM entries WHERE kind = 0 ORDER BY contentPack")
            defer { statement.reset() }
            var numbers: [Int] = []
            while try statement.step() { numbers.append(statement.integer(0)) }
            return numbers
        }
    }

    /// Removes every entry but those for which `isWanted` holds, and the directories above them.
    /// - Returns: the number of entries that `isWanted` held for.
    package func keep(only isWanted: ([UInt8]) -> Bool) throws -> Int {
        try connection.withLock { database in
            try database.execute("DELETE FROM gone")
            let select = try database.prepare("SELECT path, kind FROM entries ORDER BY path DESC")
            let drop = try database.prepare("INSERT OR REPLACE INTO gone VALUES (?)")
            var wanted = 0
            var needed: [UInt8] = []  // descending order: a directory comes right after what is below it
            while try select.step() {
                let path = select.bytes(0) ?? []
                if isWanted(path) {
                    wanted += 1
                    needed = path
                } else if select.integer(1) == FileRecord.Kind.directory.rawValue, needed.starts(with: path) {
                    needed = path
                } else {
                    drop.reset()
                    drop.bind(1, path)
                    try drop.run()
                }
            }
            select.reset()
            try database.execute("DELETE FROM entries WHERE path IN (SELECT path FROM gone); DELETE FROM gone")
            return wanted
        }
    }

    package struct Totals: Equatable, Sendable {
        package var files = 0, directories = 0, links = 0
        /// Of all files' contents.
        package var bytes = 0
        package init() {}

        package var entries: Int { files + directories + links }
    }

    package func totals() throws -> Totals {
        try connection.withLock { database in
            let statement = try database.prepare("SELECT kind, count(*), sum(size) FROM entries GROUP BY kind")
            defer { statement.reset() }
            var totals = Totals()
            while try statement.step() {
                switch FileRecord.Kind(rawValue: statement.integer(0)) {
                case .file: (totals.files, totals.bytes) = (statement.integer(1), statement.integer(2))
                case .directory: totals.directories = statement.integer(1)
                default: totals.links = statement.integer(1)
                }
            }
            return totals
        }
    }

    /// Calls `body` for the place of every entry's description, in order.
    package func forEachDescribed(_ body: (Location) throws -> Void) throws {
        try connection.withLock { database in
            let statement = try database.prepare("SELECT pack, member FROM entries ORDER BY pack, member")
            defer { statement.reset() }
            while try statement.step() {
                try body(Location(pack: statement.integer(0), member: statement.integer(1)))
            }
        }
    }

    /// Calls `body` for each place that holds content for an entry which another member describes, in order.
    package func forEachBorrowed(_ body: (Location) throws -> Void) throws {
        try connection.withLock { database in
            let statement = try database.prepare(
                """
                SELECT DISTINCT contentPack, contentMember FROM entries
                WHERE contentPack <> pack OR contentMember <> member ORDER BY contentPack, contentMember
                """)
            defer { statement.reset() }
            while try statement.step() {
                try body(Location(pack: statement.integer(0), member: statement.integer(1)))
            }
        }
    }

    // MARK: Comparing a walk with the catalog

    /// Compares a sorted walk with the entries, and notes what is fresh and what is gone.
    /// - Parameters:
    ///   - ignoringDirectoryTimes: for trees whose directories are made anew for each capture.
    ///   - walk: calls its argument once for every record, in ascending order of the paths' bytes.
    /// - Returns: what was noted, in numbers.
    package func compare(
        ignoringDirectoryTimes: Bool = false, with walk: ((FileRecord) throws -> Void) throws -> Void
    ) throws -> TreeChanges {
        try connection.withLock { database in
            try database.execute("DELETE FROM fresh; DELETE FROM gone")
            let comparison = try Comparison(database, ignoringDirectoryTimes: ignoringDirectoryTimes)
            try walk { try comparison.add($0) }
            return try comparison.finish()
        }
    }

    /// An entry of the walk that differs from what is stored.
    package struct Fresh: Sendable {
        package var record: FileRecord
        /// Where its content is stored already, and the content's SHA-256, when only the description changed.
        package var known: (content: Location, digest: [UInt8]?)?
    }

    /// The fresh records that come after `path`, in order, at most `limit` of them.
    package func fresh(after path: [UInt8]?, limit: Int) throws -> [Fresh] {
        try connection.withLock { database in
            let statement = try database.prepare(
                "SELECT \(EntryRow.columns) FROM fresh WHERE path > ? ORDER BY path LIMIT ?")
            statement.bind(1, path ?? [])
            statement.bind(2, limit)
            defer { statement.reset() }
            var records: [Fresh] = []
            while try statement.step() {
                let row = EntryRow.read(statement)
                records.append(Fresh(record: row.record, known: row.content.pack < 0 ? nil : (row.content, row.digest)))
            }
            return records
        }
    }

    /// Removes the entries that the walk did not find.
    package func removeGone() throws {
        try connection.withLock { try $0.execute("DELETE FROM entries WHERE path IN (SELECT path FROM gone)") }
    }
}

extension CatalogError {
    /// Another run holds the file.
    package var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }
}
