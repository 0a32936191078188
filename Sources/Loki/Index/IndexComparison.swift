internal import Archiving
internal import BackupRepository
internal import Glibc
internal import Platform

/// Compares the index of a Loki with its chunks, in both directions. Memory does not grow with their number.
///
/// Reads the names of the chunks first, then the index, then asks again for each chunk that the index names and that was
/// not there: a running Loki writes a chunk before its reference.
final class IndexComparison {
    /// The result: counts, and an example of each finding.
    struct Findings: Equatable {
        var chunks = 0
        /// Index files that were read.
        var files = 0
        /// References to chunks that do not exist.
        var missing = 0
        var firstMissing: String?
        /// Chunks that queries do not find on one of their days.
        var unlisted = 0
        var firstUnlisted: String?
        /// Chunks without a reference that were written at a time when they need none.
        var fresh = 0
        /// Chunks that may be listed in the active bolt files, which could not be read: Loki was writing them.
        var unknown = 0
        /// Index files that cannot be read, with the reason.
        var damaged: [String] = []
    }

    private let chunks: String
    /// Folders of the active index.
    private let active: [String]
    /// Chunks that were changed at these times need no reference; seconds since 1970.
    private let fresh: [ClosedRange<Int>]
    /// True if a chunk that ends at this time may be without a reference, because Loki's retention removed it first.
    private let isExpired: (Int) -> Bool
    private let database: Database
    private var tenants: [String: Int] = [:]
    private var findings = Findings()
    /// Days whose active bolt file could not be read.
    private var unreadDays: Set<Int> = []

    init(
        chunks: String, active: [String], fresh: [ClosedRange<Int>],
        isExpired: @escaping (Int) -> Bool = { _ in false }
    ) throws {
        self.chunks = chunks
        self.active = active
        self.fresh = fresh
        self.isExpired = isExpired
        database = try Database(path: nil)
        // The day of a reference that is in the log of the active index is -1: Loki will list it on each of its days.
        try database.execute(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768; PRAGMA temp_store = FILE;
            CREATE TABLE stored (tenant INT, fingerprint INT, start INT, finish INT, checksum INT, path BLOB,
                PRIMARY KEY (tenant, fingerprint, start, finish, checksum)) WITHOUT ROWID;
            CREATE TABLE listed (tenant INT, fingerprint INT, start INT, finish INT, checksum INT, day INT,
                PRIMARY KEY (tenant, fingerprint, start, finish, checksum, day)) WITHOUT ROWID;
            BEGIN EXCLUSIVE;
            """)
    }

    func run() throws -> Findings {
        try readFiles()
        for folder in active { try readActive(folder) }
        try findMissing()
        try findUnlisted()
        return findings
    }

    // MARK: Reading

    private func readFiles() throws {
        var indexes: [(path: String, name: IndexName)] = []
        let files = TreeFiles(chunks)
        while let batch = files.next() {
            for path in batch {
                try Task.checkCancellation()
                switch LokiPath("\(LokiLayout.chunks)/\(path)") {
                case .chunk(let name): try store(name, path)
                case .index(let name): indexes.append((path, name))
                default: break
                }
            }
        }
        // The list may be older than the index: Loki's compactor replaces files at any time.
        for (path, name) in indexes {
            try Task.checkCancellation()
            if path.hasSuffix(".tsdb.gz") || path.hasSuffix(".tsdb") {
                try readIndex("\(chunks)/\(path)", name: path, tenant: name.tenant, day: name.day)
            } else {
                try readBolt("\(chunks)/\(path)", name: path)
            }
        }
    }

    private func readIndex(_ file: String, name: String, tenant: String?, day: Int) throws {
        guard let content = Self.plain(file) else {
            if access(file, F_OK) == 0 { findings.damaged.append("\(name): it is not a complete gzip file") }
            return
        }
        do {
            try TSDBReader(content).forEachSeries { series in
                let owner = series.labels.first { $0.name == TSDBFormat.tenantLabel }.map {
                    String(decoding: $0.value, as: UTF8.self)
                }
                guard let tenant = tenant ?? owner else { return }
                for chunk in series.chunks { try list(chunk, of: tenant, series.fingerprint, day: day) }
            }
            findings.files += 1
        } catch let defect as IndexDefect { findings.damaged.append("\(name): \(defect.detail)") }
    }

    private func readBolt(_ file: String, name: String) throws {
        guard let content = Self.plain(file) else {
            if access(file, F_OK) == 0 { findings.damaged.append("\(name): it is not a complete gzip file") }
            return
        }
        do {
            try listBolt(content)
            findings.files += 1
        } catch let defect as IndexDefect { findings.damaged.append("\(name): \(defect.detail)") }
    }

    private func listBolt(_ content: ReadableFile) throws {
        try BoltIndex.forEachReference(in: content) { [self] name, day in
            let chunk = IndexedChunk(
                from: name.from, through: name.through, checksum: name.checksum, kilobytes: 0, entries: 0)
            try list(chunk, of: name.tenant, name.fingerprint, day: day)
        }
    }

    /// Reads an active bolt file, or the snapshot of it that Loki writes for its queries, which does not change.
    private func readActiveBolt(_ path: String, day: Int) throws {
        for candidate in ["\(path).snapshot", path] {
            guard let content = ReadableFile(candidate) else { continue }
            do { return try listBolt(content) } catch is IndexDefect { continue }
        }
        unreadDays.insert(day)
    }

    /// The content of an index file, compressed or not; nil if it cannot be read.
    private static func plain(_ path: String) -> ReadableFile? {
        guard let file = ReadableFile(path) else { return nil }
        guard path.hasSuffix(".gz") else { return file }
        let (gzip, spool) = (GzipReader(), Spool())
        var place = 0
        while place < file.size {
            guard let piece = file.read(at: place, min(256 << 10, file.size - place)) else { return nil }
            gzip.write(piece.span.bytes) { spool.write($0) }
            place += piece.count
        }
        do throws(GzipError) { try gzip.finish() } catch { return nil }
        return spool.failure == nil ? spool.finish() : nil
    }

    /// Reads the files that Loki has built and not stored yet, and the log of the references after them.
    private func readActive(_ folder: String) throws {
        let files = TreeFiles(folder)
        var segments: [String: [String]] = [:]
        while let batch = files.next() {
            for path in batch {
                // The name of the folder does not matter.
                let parts = path.split(separator: "/").map(String.init)
                switch LokiPath("active/\(path)") {
                case .activeIndex:
                    guard let day = parts.dropLast().last.flatMap(IndexName.day) else { continue }
                    try readIndex("\(folder)/\(path)", name: path, tenant: nil, day: day)
                case .activeBolt:
                    guard let day = parts.first.flatMap(IndexName.day) else { continue }
                    try readActiveBolt("\(folder)/\(path)", day: day)
                case .activeLog: segments[parts.dropLast().joined(separator: "/"), default: []].append(path)
                default: break
                }
            }
        }
        for paths in segments.values {
            var log = HeadLog()
            for path in paths.sorted() {
                guard let segment = ReadableFile("\(folder)/\(path)") else { continue }
                do {
                    _ = try log.read(segment) { tenant, fingerprint, chunk in
                        try list(chunk, of: tenant, fingerprint, day: -1)
                    }
                } catch let defect as IndexDefect { findings.damaged.append("\(path): \(defect.detail)") }
            }
        }
    }

    private func number(of tenant: String) -> Int {
        if let number = tenants[tenant] { return number }
        tenants[tenant] = tenants.count
        return tenants.count - 1
    }

    private func store(_ name: ChunkName, _ path: String) throws {
        let insert = try database.prepare("INSERT OR IGNORE INTO stored VALUES (?,?,?,?,?,?)")
        bind(name, to: insert)
        insert.bind(6, path)
        try insert.run()
        findings.chunks += 1
    }

    private func list(_ chunk: IndexedChunk, of tenant: String, _ fingerprint: UInt64, day: Int) throws {
        let insert = try database.prepare("INSERT OR IGNORE INTO listed VALUES (?,?,?,?,?,?)")
        let name = ChunkName(
            tenant: tenant, fingerprint: fingerprint, from: chunk.from, through: chunk.through, checksum: chunk.checksum
        )
        bind(name, to: insert)
        insert.bind(6, day)
        try insert.run()
    }

    private func bind(_ name: ChunkName, to statement: Statement) {
        statement.bind(1, number(of: name.tenant))
        statement.bind(2, Int(Int64(bitPattern: name.fingerprint)))
        statement.bind(3, name.from)
        statement.bind(4, name.through)
        statement.bind(5, Int(name.checksum))
    }

    // MARK: Comparing

    private static let key = """
        l.tenant = s.tenant AND l.fingerprint = s.fingerprint AND l.start = s.start AND l.finish = s.finish
            AND l.checksum = s.checksum
        """

    private func findMissing() throws {
        let names = Dictionary(uniqueKeysWithValues: tenants.map { ($1, $0) })
        let select = try database.prepare(
            """
            SELECT DISTINCT l.tenant, l.fingerprint, l.start, l.finish, l.checksum FROM listed l
            WHERE NOT EXISTS (SELECT 1 FROM stored s WHERE \(Self.key)) ORDER BY l.tenant, l.fingerprint, l.start
            """)
        defer { select.reset() }
        while try select.step() {
            try Task.checkCancellation()
            let name = ChunkName(
                tenant: names[select.integer(0)] ?? "",
                fingerprint: UInt64(bitPattern: Int64(select.integer(1))), from: select.integer(2),
                through: select.integer(3), checksum: UInt32(truncatingIfNeeded: select.integer(4)))
            guard name.from >= 0, name.through >= 0 else { continue }
            // A running Loki may have written it after the names were read.
            guard access("\(chunks)/\(name.path)", F_OK) != 0, access("\(chunks)/\(name.flatPath)", F_OK) != 0 else {
                continue
            }
            findings.missing += 1
            findings.firstMissing = findings.firstMissing ?? name.path
        }
    }

    private func findUnlisted() throws {
        let select = try database.prepare("SELECT s.* FROM stored s ORDER BY tenant, fingerprint, start")
        let find = try database.prepare(
            """
            SELECT 1 FROM listed WHERE tenant = ? AND fingerprint = ? AND start = ? AND finish = ? AND checksum = ?
                AND day IN (?, -1) LIMIT 1
            """)
        defer { select.reset() }
        while try select.step() {
            try Task.checkCancellation()
            let (from, through) = (select.integer(2), select.integer(3))
            let isListed = try (IndexedChunk.days(from: from, through: through) ?? 0...0).allSatisfy { day in
                find.reset()
                for column in 0..<5 { find.bind(CInt(column + 1), select.integer(CInt(column))) }
                find.bind(6, day)
                defer { find.reset() }
                return try find.step()
            }
            if isListed { continue }
            let path = select.text(5) ?? ""
            if isFresh(path) {
                findings.fresh += 1
            } else if unreadDays.contains(from / IndexedChunk.day) || unreadDays.contains(through / IndexedChunk.day) {
                findings.unknown += 1
            } else if !isExpired(through) {
                findings.unlisted += 1
                findings.firstUnlisted = findings.firstUnlisted ?? path
            }
        }
    }

    /// True if the chunk was written at a time when it needs no reference, or was deleted meanwhile.
    private func isFresh(_ path: String) -> Bool {
        var status = stat()
        guard lstat("\(chunks)/\(path)", &status) == 0 else { return true }
        return fresh.contains { $0.contains(status.st_mtim.tv_sec) }
    }
}
