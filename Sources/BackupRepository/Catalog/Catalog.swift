internal import CSQLite
internal import Synchronization

/// The table of files of one manifest: every path with its location in the repository, in a local SQLite file.
///
/// It is a cache of the pack indexes, created again whenever it is missing, foreign or unreadable. With it an unchanged
/// run compares a million files in the memory of a few, without requests to the store. SQLite's page cache bounds the
/// memory for any number of files. Calls block and may come from several threads.
package final class Catalog: Sendable {
    private let connection: Mutex<Database>
    /// All contents, in a catalog that began empty: a first backup looks up every file, and the filter answers without
    /// waiting for the table. Nil if the table has entries that the filter does not.
    private let contents: Mutex<DigestFilter?>

    /// - Parameter path: of the file to store it in; nil for a private file that is deleted with this object.
    /// - Throws: ``CatalogError``, also if another process holds the file (``CatalogError/isBusy``).
    package init(path: String?) throws {
        let database = try Self.open(path)
        let anything = try database.prepare("SELECT 1 FROM entries LIMIT 1")
        contents = Mutex(try anything.step() ? nil : DigestFilter())
        anything.reset()
        connection = Mutex(database)
    }

    private static func open(_ path: String?) throws -> Database {
        let database = try Database(path: path)
        // Exclusive: one run owns the file for its lifetime, so that its content is stable between statements, and the
        // write-ahead log needs no shared memory. A crash rolls back to the previous manifest.
        //
        // Entries have row ids, so that the index of contents, which is filled in the order of hashes, stores a small
        // number for each instead of the path: it fits in the page cache with a million files.
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
                modifiedNanoseconds INT, headers BLOB
            );
            CREATE INDEX IF NOT EXISTS contents ON entries (size, digest) WHERE kind = 0 AND size > 0;
            CREATE INDEX IF NOT EXISTS borrowed ON entries (contentPack, contentMember)
                WHERE contentPack <> pack OR contentMember <> member;
            CREATE TEMP TABLE fresh (
                path BLOB PRIMARY KEY, kind INT, size INT, mode INT, uid INT, gid INT, modified INT, inode INT,
                sparse INT, target BLOB, digest BLOB, pack INT, member INT, contentPack INT, contentMember INT,
                modifiedNanoseconds INT, headers BLOB
            ) WITHOUT ROWID;
            CREATE TEMP TABLE gone (path BLOB PRIMARY KEY) WITHOUT ROWID;
            """)
        return database
    }

    /// Saves all changes since the catalog was opened or last committed.
    package func commit() throws {
        try connection.withLock { try $0.execute("COMMIT; BEGIN EXCLUSIVE") }
    }

    /// Removes everything, so that the catalog can be filled again.
    package func clear() throws {
        try connection.withLock {
            try $0.execute(
                "DELETE FROM notes; DELETE FROM packs; DELETE FROM entries; DELETE FROM fresh; DELETE FROM gone")
        }
        contents.withLock { $0 = DigestFilter() }
    }

    // MARK: Notes

    /// Returns a small value by name, such as the identity of the catalog's manifest.
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

    /// Returns the catalog's number of a pack, and assigns one to a new pack.
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

    /// Adds entries, replacing those with the same path.
    package func insert(_ entries: [CatalogEntry]) throws {
        contents.withLock { filter in
            for entry in entries { if let digest = entry.digest { filter?.insert(digest) } }
        }
        // In small batches, so that other threads do not wait for thousands of entries.
        for start in stride(from: 0, to: entries.count, by: 64) {
            try connection.withLock { database in
                let insertion = try EntryRow.Insertion(into: "entries", of: database)
                for entry in entries[start..<min(start + 64, entries.count)] { try insertion.run(entry) }
            }
        }
    }

    /// Removes `path`, if it exists.
    package func remove(_ path: [UInt8]) throws {
        try connection.withLock { database in
            let statement = try database.prepare("DELETE FROM entries WHERE path = ?")
            statement.bind(1, path)
            try statement.run()
        }
    }

    /// Removes `path`, a file or a directory without its slash, and everything below it.
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

    /// Removes every entry whose description or content is in one of the packs: a comparison then finds it fresh.
    /// - Parameter ids: of the packs; unknown ones are ignored.
    /// - Returns: true if any entry was removed.
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

    /// Returns true if a file of `size` bytes is known. Only then can its content be known. For a check before a large
    /// file is read.
    package func knowsSize(_ size: Int) throws -> Bool {
        try connection.withLock { database in
            let statement = try database.prepare(
                "SELECT 1 FROM entries WHERE kind = 0 AND size > 0 AND size = ? LIMIT 1")
            statement.bind(1, size)
            defer { statement.reset() }
            return try statement.step()
        }
    }

    /// Returns the location of stored content; nil if it is not stored.
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

    /// Calls `body` for every entry of `kind`; nil means all. It must not call the catalog.
    package func forEach(
        _ order: Order = .path, kind: FileRecord.Kind? = nil, _ body: (CatalogEntry) throws -> Void
    ) throws {
        let filter = kind.map { "WHERE kind = \($0.rawValue)" } ?? ""
        try read("SELECT \(EntryRow.columns) FROM entries \(filter) ORDER BY \(order.rawValue)") {
            try body(EntryRow.read($0))
        }
    }

    /// Creates the index that ``files(inPack:after:limit:)`` needs to be fast.
    package func indexContents() throws {
        try connection.withLock {
            try $0.execute(
                "CREATE INDEX IF NOT EXISTS placed ON entries (contentPack, contentMember, path) WHERE kind = 0")
        }
    }

    /// Returns at most `limit` files whose content is in a pack, by its number, in the order of the contents.
    /// - Parameter after: the last entry of the previous page.
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

    /// Returns the numbers of the packs that hold file content, in order.
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

    /// Removes every entry except those that match `isWanted`, and the directories above them.
    /// - Returns: the number of matching entries.
    package func keep(only isWanted: ([UInt8]) -> Bool) throws -> Int {
        try connection.withLock { database in
            try database.execute("DELETE FROM gone")
            let select = try database.prepare("SELECT path, kind FROM entries ORDER BY path DESC")
            let drop = try database.prepare("INSERT OR REPLACE INTO gone VALUES (?)")
            var wanted = 0
            var needed: [UInt8] = []  // descending order: a directory comes right after its entries
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
        /// The sum over all files.
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

    /// Calls `body` for the location of every entry's description, in order.
    package func forEachDescribed(_ body: (Location) throws -> Void) throws {
        try read("SELECT pack, member FROM entries ORDER BY pack, member") {
            try body(Location(pack: $0.integer(0), member: $0.integer(1)))
        }
    }

    /// Calls `body` for each location of content for an entry that another member describes, in order.
    package func forEachBorrowed(_ body: (Location) throws -> Void) throws {
        try read(
            """
            SELECT DISTINCT contentPack, contentMember FROM entries
            WHERE contentPack <> pack OR contentMember <> member ORDER BY contentPack, contentMember
            """
        ) { try body(Location(pack: $0.integer(0), member: $0.integer(1))) }
    }

    /// Calls `body` for every row of a query without values. It must not call the catalog.
    func read(_ query: String, _ body: (Statement) throws -> Void) throws {
        try connection.withLock { database in
            let statement = try database.prepare(query)
            defer { statement.reset() }
            while try statement.step() { try body(statement) }
        }
    }

    /// Reads the entries of a query with three values, in its order.
    func entries(_ query: String, _ values: (one: [UInt8], two: [UInt8], limit: Int)) throws -> [CatalogEntry] {
        try connection.withLock { database in
            let statement = try database.prepare(query)
            statement.bind(1, values.one)
            statement.bind(2, values.two)
            statement.bind(3, values.limit)
            defer { statement.reset() }
            var entries: [CatalogEntry] = []
            while try statement.step() { entries.append(EntryRow.read(statement)) }
            return entries
        }
    }

    // MARK: Comparing a walk with the catalog

    /// Compares a sorted walk with the entries, and records fresh and removed ones.
    /// - Parameters:
    ///   - ignoringDirectoryTimes: for trees whose directories are created for each capture.
    ///   - walk: calls its argument once for every record, in ascending order of the paths' bytes.
    /// - Returns: the counts of the differences.
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

    /// An entry of the walk that differs from the stored one.
    package struct Fresh: Sendable {
        package var record: FileRecord
        /// The location of its stored content, and the content's SHA-256, if only the description changed.
        package var known: (content: Location, digest: [UInt8]?)?
    }

    /// Returns at most `limit` fresh records after `path`, in order.
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
    /// True if another run holds the file.
    package var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }
}
