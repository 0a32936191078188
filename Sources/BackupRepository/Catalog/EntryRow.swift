/// The columns of an entry in the tables `entries` and `fresh`, which are the same.
enum EntryRow {
    static let columns =
        """
        path, kind, size, mode, uid, gid, modified, inode, sparse, target, digest, pack, member, contentPack, contentMember,
        modifiedNanoseconds, headers
        """

    static func read(_ row: Statement) -> CatalogEntry {
        CatalogEntry(
            record: FileRecord(
                path: row.bytes(0) ?? [], kind: FileRecord.Kind(rawValue: row.integer(1)) ?? .file,
                size: row.integer(2),
                mode: UInt32(truncatingIfNeeded: row.integer(3)), uid: UInt32(truncatingIfNeeded: row.integer(4)),
                gid: UInt32(truncatingIfNeeded: row.integer(5)), modified: modified(row),
                inode: UInt64(bitPattern: Int64(row.integer(7))), isSparse: row.integer(8) != 0, target: row.bytes(9),
                headers: row.text(16)),
            digest: row.bytes(10),
            described: Location(pack: row.integer(11), member: row.integer(12)),
            content: Location(pack: row.integer(13), member: row.integer(14)))
    }

    /// Reads a time from its two columns. They are not adjacent, because the second was added later.
    static func modified(_ row: Statement) -> FileTime {
        FileTime(seconds: row.integer(6), nanoseconds: row.integer(15)) ?? FileTime(nanoseconds: 0)
    }

    /// Inserts entries into one of the tables, replacing those with the same path.
    struct Insertion {
        private let row: Statement

        init(into table: String, of database: Database) throws {
            row = try database.prepare(
                """
                INSERT OR REPLACE INTO \(table) (\(columns))
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        }

        func run(_ entry: CatalogEntry) throws {
            let record = entry.record
            row.bind(1, record.path)
            row.bind(2, record.kind.rawValue)
            row.bind(3, record.size)
            row.bind(4, Int(record.mode))
            row.bind(5, Int(record.uid))
            row.bind(6, Int(record.gid))
            row.bind(7, record.modified.seconds)
            row.bind(8, Int(Int64(bitPattern: record.inode)))
            row.bind(9, record.isSparse ? 1 : 0)
            row.bind(10, record.target)
            row.bind(11, entry.digest)
            row.bind(12, entry.described.pack)
            row.bind(13, entry.described.member)
            row.bind(14, entry.content.pack)
            row.bind(15, entry.content.member)
            row.bind(16, record.modified.nanoseconds)
            row.bind(17, record.headers.map { Array($0.utf8) })
            try row.run()
        }
    }
}
