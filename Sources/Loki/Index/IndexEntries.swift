internal import BackupRepository
internal import Platform

/// The entries of an index that is being built, in a private SQLite file: memory does not grow with their number.
final class IndexEntries {
    let database: Database
    private var tenants: [String: Int] = [:]

    /// One index file: the entries of one tenant and day.
    struct Table: Equatable {
        /// Days since 1970.
        var day: Int
        var tenant: String
    }

    init() throws {
        database = try Database(path: nil)
        // A symbol or posting belongs to the file that is being written. Fingerprints are stored so that SQLite's signed
        // order is their unsigned one.
        try database.execute(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768; PRAGMA temp_store = FILE;
            CREATE TABLE series (id INTEGER PRIMARY KEY, tenant INT, fingerprint INT, labels BLOB,
                UNIQUE (tenant, fingerprint, labels));
            CREATE TABLE chunks (day INT, tenant INT, fingerprint INT, series INT, start INT, finish INT, checksum INT,
                kilobytes INT, entries INT, ingested INT,
                PRIMARY KEY (day, tenant, fingerprint, series, start, finish, checksum)) WITHOUT ROWID;
            CREATE TABLE symbols (text BLOB PRIMARY KEY, number INT) WITHOUT ROWID;
            CREATE INDEX numbers ON symbols (number);
            CREATE TABLE postings (name INT, value INT, place INT, PRIMARY KEY (name, value, place)) WITHOUT ROWID;
            BEGIN EXCLUSIVE;
            """)
    }

    /// Adds a chunk to the tables of each of its days; one that is there already is added once.
    func add(
        _ chunk: IndexedChunk, tenant: String, fingerprint: UInt64, labels: [IndexedLabel], days: ClosedRange<Int>
    ) throws {
        let tenant = number(of: tenant)
        let order = Self.ordered(fingerprint)
        var encoded: [UInt8] = []
        for label in labels {
            encoded.appendText(label.name)
            encoded.appendText(label.value)
        }
        let series = try seriesNumber(tenant: tenant, order: order, labels: encoded)
        let insert = try database.prepare("INSERT OR IGNORE INTO chunks VALUES (?,?,?,?,?,?,?,?,?,?)")
        for day in days {
            insert.reset()
            let values = [
                day, tenant, order, series, chunk.from, chunk.through, Int(chunk.checksum), Int(chunk.kilobytes),
                Int(chunk.entries), chunk.ingestedAt ?? 0,
            ]
            for (index, value) in values.enumerated() { insert.bind(CInt(index + 1), value) }
            try insert.run()
        }
    }

    private func number(of tenant: String) -> Int {
        if let number = tenants[tenant] { return number }
        tenants[tenant] = tenants.count
        return tenants.count - 1
    }

    private func seriesNumber(tenant: Int, order: Int, labels: [UInt8]) throws -> Int {
        let select = try database.prepare("SELECT id FROM series WHERE tenant = ? AND fingerprint = ? AND labels = ?")
        func bind(_ statement: Statement) {
            statement.bind(1, tenant)
            statement.bind(2, order)
            statement.bind(3, labels)
        }
        bind(select)
        if try select.step() {
            defer { select.reset() }
            return select.integer(0)
        }
        select.reset()
        let insert = try database.prepare("INSERT INTO series (tenant, fingerprint, labels) VALUES (?,?,?)")
        bind(insert)
        try insert.run()
        let row = try database.prepare("SELECT last_insert_rowid()")
        defer { row.reset() }
        return try row.step() ? row.integer(0) : 0
    }

    /// The number of series of all tables.
    func seriesCount() throws -> Int {
        let count = try database.prepare("SELECT COUNT(*) FROM series")
        defer { count.reset() }
        return try count.step() ? count.integer(0) : 0
    }

    /// In the order of days.
    func tables() throws -> [Table] {
        let names = Dictionary(uniqueKeysWithValues: tenants.map { ($1, $0) })
        let select = try database.prepare("SELECT DISTINCT day, tenant FROM chunks ORDER BY day, tenant")
        var tables: [Table] = []
        while try select.step() {
            guard let tenant = names[select.integer(1)] else { continue }
            tables.append(Table(day: select.integer(0), tenant: tenant))
        }
        select.reset()
        return tables
    }

    /// Calls `body` with the series of one table, in the order of an index.
    func forEachSeries(of table: Table, _ body: (IndexedSeries) throws -> Void) throws {
        guard let tenant = tenants[table.tenant] else { return }
        let select = try database.prepare(
            """
            SELECT c.series, c.fingerprint, s.labels, c.start, c.finish, c.checksum, c.kilobytes, c.entries, c.ingested
            FROM chunks c JOIN series s ON s.id = c.series WHERE c.day = ? AND c.tenant = ?
            ORDER BY c.day, c.tenant, c.fingerprint, c.series, c.start, c.finish, c.checksum
            """)
        defer { select.reset() }
        select.bind(1, table.day)
        select.bind(2, tenant)
        var current: (number: Int, series: IndexedSeries)?
        while try select.step() {
            let number = select.integer(0)
            if let last = current, last.number != number {
                try body(last.series)
                current = nil
            }
            let chunk = IndexedChunk(
                from: select.integer(3), through: select.integer(4),
                checksum: UInt32(truncatingIfNeeded: select.integer(5)),
                kilobytes: UInt32(truncatingIfNeeded: select.integer(6)),
                entries: UInt32(truncatingIfNeeded: select.integer(7)),
                ingestedAt: select.integer(8) == 0 ? nil : select.integer(8))
            if current == nil {
                let labels = try Self.labels(select.bytes(2) ?? [])
                current = (
                    number,
                    IndexedSeries(fingerprint: Self.fingerprint(select.integer(1)), labels: labels, chunks: [])
                )
            }
            current?.series.chunks.append(chunk)
        }
        if let current { try body(current.series) }
    }

    private static func labels(_ encoded: [UInt8]) throws -> [IndexedLabel] {
        var cursor = IndexCursor(encoded)
        var labels: [IndexedLabel] = []
        while !cursor.isAtEnd { labels.append(IndexedLabel(name: try cursor.text(), value: try cursor.text())) }
        return labels
    }

    private static let signBit = UInt64(1) << 63
    private static func ordered(_ fingerprint: UInt64) -> Int { Int(Int64(bitPattern: fingerprint ^ signBit)) }
    private static func fingerprint(_ ordered: Int) -> UInt64 { UInt64(bitPattern: Int64(ordered)) ^ signBit }
}
