internal import BackupRepository
package import S3

/// The listed objects in the order of their paths, in a private file: no listing has to fit in memory.
///
/// Servers list in different orders, and the order of keys is not that of paths.
package final class BucketTable {
    private let database: Database
    private var lastFolder: [UInt8] = []

    package init() throws {
        database = try Database(path: nil)
        try database.execute(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;
            CREATE TABLE objects (path BLOB PRIMARY KEY, key BLOB, size INT, tag BLOB, modified INT) WITHOUT ROWID;
            CREATE TABLE folders (path BLOB PRIMARY KEY) WITHOUT ROWID;
            CREATE TABLE blocks (key BLOB PRIMARY KEY, state INT) WITHOUT ROWID;
            BEGIN;
            """)
    }

    /// Adds an object, or the newer version of one that is there.
    package func add(_ object: BucketObject) throws {
        let path = ObjectPath.path(of: object.key)
        try addFolders(of: path)
        let row = try database.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)")
        row.bind(1, path)
        row.bind(2, object.key.bytes)
        row.bind(3, object.size)
        row.bind(4, object.tag.map { Array($0.utf8) })
        row.bind(5, object.modified ?? -1)
        try row.run()
    }

    private func addFolders(of path: [UInt8]) throws {
        guard let end = path.lastIndex(of: UInt8(ascii: "/")) else { return }
        let folder = Array(path[..<end])
        guard folder != lastFolder else { return }
        lastFolder = folder
        var rest = folder[...]
        while true {
            let row = try database.prepare("INSERT OR IGNORE INTO folders VALUES (?)")
            row.bind(1, Array(rest))
            try row.run()
            guard database.changes > 0, let slash = rest.lastIndex(of: UInt8(ascii: "/")) else { return }
            rest = rest[..<slash]
        }
    }

    /// Ends the listing: gives another path to each object whose path is that of a folder.
    package func finish() throws {
        let sign = "CAST(objects.path || CAST('%' AS BLOB) AS BLOB)"
        try database.execute("UPDATE objects SET path = \(sign) WHERE path IN (SELECT path FROM folders)")
    }

    /// - Returns: the listed object with a path; nil if there is none.
    package func object(at path: [UInt8]) throws -> BucketObject? {
        let row = try database.prepare("SELECT key, size, tag, modified FROM objects WHERE path = ?")
        row.bind(1, path)
        defer { row.reset() }
        return try row.step() ? Self.object(row, from: 0) : nil
    }

    /// Notes the newer version of an object.
    package func replace(_ object: BucketObject, at path: [UInt8]) throws {
        let row = try database.prepare("UPDATE objects SET size = ?2, tag = ?3, modified = ?4 WHERE path = ?1")
        row.bind(1, path)
        row.bind(2, object.size)
        row.bind(3, object.tag.map { Array($0.utf8) })
        row.bind(4, object.modified ?? -1)
        try row.run()
    }

    /// Calls `body` for each object, in the order of the bytes of the paths. It must not use the table.
    package func forEach(_ body: ([UInt8], BucketObject) throws -> Void) throws {
        let row = try database.prepare("SELECT path, key, size, tag, modified FROM objects ORDER BY path")
        defer { row.reset() }
        while try row.step() { try body(row.bytes(0) ?? [], Self.object(row, from: 1)) }
    }

    private static func object(_ row: Statement, from column: CInt) -> BucketObject {
        let modified = row.integer(column + 3)
        return BucketObject(
            BucketKey(row.bytes(column) ?? []), size: row.integer(column + 1), tag: row.text(column + 2),
            modified: modified < 0 ? nil : modified)
    }

    // MARK: Blocks

    /// The state of a block in the table.
    package enum BlockState: Int {
        /// Its last object was there before the listing began, so that the listing has all of it.
        case complete = 1
        /// The listing has its last object too: nobody had begun to delete it.
        case listed = 2
    }

    package func setState(_ state: BlockState, of block: BucketKey) throws {
        let row = try database.prepare(
            state == .complete
                ? "INSERT OR IGNORE INTO blocks VALUES (?, ?)" : "UPDATE blocks SET state = ?2 WHERE key = ?1")
        row.bind(1, block.bytes)
        row.bind(2, state.rawValue)
        try row.run()
    }

    package func state(of block: BucketKey) throws -> BlockState? {
        let row = try database.prepare("SELECT state FROM blocks WHERE key = ?")
        row.bind(1, block.bytes)
        defer { row.reset() }
        return try row.step() ? BlockState(rawValue: row.integer(0)) : nil
    }
}
