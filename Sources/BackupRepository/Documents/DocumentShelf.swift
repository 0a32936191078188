internal import Cryptography
internal import FoundationEssentials
internal import Glibc
package import ObjectStorage
internal import Platform
internal import Synchronization

/// Sets, signatures and marks on this machine's disk, as they are stored, each by its key, size and tag: one SQLite file
/// in the state folder.
///
/// Each content is compared with its SHA-256 when it is used, and readers check its seal or signature as well. A file
/// that SQLite cannot use is removed: losing it costs time only.
package final class DocumentShelf: KeptObjects {
    private struct Shelf: ~Copyable {
        /// Nil after another process kept it for too long: this command then continues without it.
        var database: Database?
        var bytes: Int
    }

    private let shelf: Mutex<Shelf>

    /// Bytes of all contents; above them, those that were used least recently are removed.
    private static let most = 256 << 20

    /// - Returns: nil if the file cannot be used.
    init?(_ path: String) {
        guard let shelf = Self.open(path) ?? Self.renewed(path) else { return nil }
        self.shelf = Mutex(shelf)
    }

    private static func renewed(_ path: String) -> Shelf? {
        // Not a folder, which dr did not make.
        for file in [path, path + "-journal"] { unlink(file) }
        return open(path)
    }

    private static func open(_ path: String) -> Shelf? {
        do {
            let database = try Database(path: path)
            // It may be lost at any time, so it need not be durable.
            try database.execute("PRAGMA busy_timeout = 500; PRAGMA synchronous = OFF;")
            try database.execute(
                """
                CREATE TABLE IF NOT EXISTS objects (
                    key BLOB PRIMARY KEY, size INT, tag BLOB, hash BLOB, used INT, content BLOB) WITHOUT ROWID;
                """)
            let sum = try database.prepare("SELECT coalesce(sum(length(content)), 0) FROM objects")
            defer { sum.reset() }
            return Shelf(database: database, bytes: try sum.step() ? sum.integer(0) : 0)
        } catch { return nil }
    }

    package func content(of object: ObjectInfo) -> [UInt8]? {
        guard let tag = object.tag else { return nil }
        return shelf.withLock { shelf in
            guard let database = shelf.database, let row = try? database.prepare(Self.query) else { return nil }
            row.bind(1, object.key.text)
            defer { row.reset() }
            let isThere: Bool
            do { isThere = try row.step() } catch {
                shelf.database = nil
                return nil
            }
            guard isThere, row.integer(0) == object.size, row.text(1) == tag, let hash = row.bytes(2),
                let content = row.bytes(4), content.count == object.size, Digest(of: content).bytes == hash
            else { return nil }
            if row.integer(3) != Self.today { Self.use(object.key, in: database) }
            return content
        }
    }

    private static let query = "SELECT size, tag, hash, used, content FROM objects WHERE key = ?"

    package func keep(_ content: [UInt8], of object: ObjectInfo) {
        guard let tag = object.tag else { return }
        shelf.withLock { shelf in
            guard let database = shelf.database else { return }
            do {
                let row = try database.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)")
                row.bind(1, object.key.text)
                row.bind(2, content.count)
                row.bind(3, tag)
                row.bind(4, Digest(of: content).bytes)
                row.bind(5, Self.today)
                row.bind(6, content)
                try row.run()
                shelf.bytes = shelf.bytes.addingClamped(content.count)
                if shelf.bytes > Self.most { try Self.trim(&shelf) }
            } catch { shelf.database = nil }
        }
    }

    package func discard(_ key: ObjectKey) {
        shelf.withLock { shelf in
            guard let row = try? shelf.database?.prepare("DELETE FROM objects WHERE key = ?") else { return }
            row.bind(1, key.text)
            try? row.run()
        }
    }

    /// Days since 1970: a use is noted once a day.
    private static var today: Int { Int(clamping: Date().timeIntervalSince1970 / 86_400) }

    private static func use(_ key: ObjectKey, in database: Database) {
        guard let row = try? database.prepare("UPDATE objects SET used = ? WHERE key = ?") else { return }
        row.bind(1, today)
        row.bind(2, key.text)
        try? row.run()
    }

    /// Removes a quarter, least recently used first.
    private static func trim(_ shelf: inout Shelf) throws {
        guard let database = shelf.database else { return }
        let list = try database.prepare("SELECT key, length(content) FROM objects ORDER BY used, key")
        var keys: [[UInt8]] = []
        var rest = shelf.bytes
        while rest > most / 4 * 3, try list.step() {
            keys.append(list.bytes(0) ?? [])
            rest -= list.integer(1)
        }
        list.reset()
        for key in keys {
            let row = try database.prepare("DELETE FROM objects WHERE key = ?")
            row.bind(1, key)
            try row.run()
        }
        shelf.bytes = rest
    }
}

extension StateFolder {
    /// The sets and marks that this machine has of the repository; nil if they cannot be kept.
    package func shelf() -> DocumentShelf? { DocumentShelf("\(root)/documents.sqlite") }
}
