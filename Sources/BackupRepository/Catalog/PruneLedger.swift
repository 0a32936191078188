internal import Synchronization

/// The objects of a repository during a prune, in a private SQLite file that is deleted afterwards: sets and the
/// manifests that they name, listed manifests and packs, and the packs that are needed. SQLite's page cache bounds the
/// memory for any number of objects. Calls block and may come from several threads.
package final class PruneLedger: Sendable {
    private let connection: Mutex<Database>

    /// - Throws: ``CatalogError``
    package init() throws {
        let database = try Database(path: nil)
        try database.execute(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384; PRAGMA temp_store = FILE;
            BEGIN EXCLUSIVE;
            CREATE TABLE sets (name INTEGER PRIMARY KEY, run BLOB, previous INT);
            CREATE TABLE uses (
                setName INT, component BLOB, manifest INT, digest BLOB, source BLOB, PRIMARY KEY (setName, component)
            ) WITHOUT ROWID;
            CREATE INDEX runs ON sets (run);
            CREATE INDEX nexts ON sets (previous);
            CREATE INDEX users ON uses (component, manifest);
            CREATE TABLE manifests (
                component BLOB, name INT, bytes INT, modified INT, need INT, lockEnd INT, PRIMARY KEY (component, name)
            ) WITHOUT ROWID;
            CREATE TABLE packs (
                component BLOB, id BLOB, bytes INT, modified INT, need INT, lockEnd INT, parts INT,
                PRIMARY KEY (component, id)
            ) WITHOUT ROWID;
            CREATE TABLE announced (component BLOB, id BLOB, PRIMARY KEY (component, id)) WITHOUT ROWID;
            """)
        connection = Mutex(database)
    }

    // MARK: Sets

    /// A manifest that a set names.
    package struct Use: Equatable, Sendable {
        package var component: String
        /// Seconds since 1970.
        package var manifest: Int
        package var digest: [UInt8]
        package var source: String

        package init(component: String, manifest: Int, digest: [UInt8], source: String) {
            self.component = component
            self.manifest = manifest
            self.digest = digest
            self.source = source
        }
    }

    package func addSet(_ name: Int, run: String, previous: Int?, uses: [Use]) throws {
        try connection.withLock { database in
            let row = try database.prepare("INSERT OR REPLACE INTO sets VALUES (?, ?, ?)")
            row.bind(1, name)
            row.bind(2, run)
            row.bind(3, previous ?? -1)
            try row.run()
            for use in uses {
                let row = try database.prepare("INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?, ?)")
                row.bind(1, name)
                row.bind(2, use.component)
                row.bind(3, use.manifest)
                row.bind(4, use.digest)
                row.bind(5, use.source)
                try row.run()
            }
        }
    }

    package func removeSet(_ name: Int) throws {
        try connection.withLock { database in
            for sql in ["DELETE FROM uses WHERE setName = ?", "DELETE FROM sets WHERE name = ?"] {
                let row = try database.prepare(sql)
                row.bind(1, name)
                try row.run()
            }
        }
    }

    package func hasSet(ofRun run: String) throws -> Bool {
        try connection.withLock { database in
            let row = try database.prepare("SELECT 1 FROM sets WHERE run = ? LIMIT 1")
            row.bind(1, run)
            defer { row.reset() }
            return try row.step()
        }
    }

    package func hasSet(_ name: Int) throws -> Bool { try run(ofSet: name) != nil }

    package func run(ofSet name: Int) throws -> String? {
        try connection.withLock { database in
            let row = try database.prepare("SELECT run FROM sets WHERE name = ?")
            row.bind(1, name)
            defer { row.reset() }
            return try row.step() ? row.text(0) : nil
        }
    }

    package func uses(ofSet name: Int) throws -> [Use] {
        try connection.withLock { database in
            let row = try database.prepare(
                "SELECT component, manifest, digest, source FROM uses WHERE setName = ? ORDER BY component")
            row.bind(1, name)
            defer { row.reset() }
            var uses: [Use] = []
            while try row.step() {
                uses.append(
                    Use(
                        component: row.text(0) ?? "", manifest: row.integer(1), digest: row.bytes(2) ?? [],
                        source: row.text(3) ?? ""))
            }
            return uses
        }
    }

    /// Returns true if a set names the manifest.
    package func isNamed(_ component: String, manifest: Int) throws -> Bool {
        try connection.withLock { database in
            let row = try database.prepare("SELECT 1 FROM uses WHERE component = ? AND manifest = ? LIMIT 1")
            row.bind(1, component)
            row.bind(2, manifest)
            defer { row.reset() }
            return try row.step()
        }
    }

    /// Returns true if a set names a manifest with this hash.
    package func isNamed(_ component: String, digest: [UInt8]) throws -> Bool {
        try connection.withLock { database in
            let row = try database.prepare("SELECT 1 FROM uses WHERE component = ? AND digest = ? LIMIT 1")
            row.bind(1, component)
            row.bind(2, digest)
            defer { row.reset() }
            return try row.step()
        }
    }

    /// Returns true if a set names `name` as its previous set.
    package func isPrevious(_ name: Int) throws -> Bool {
        try connection.withLock { database in
            let row = try database.prepare("SELECT 1 FROM sets WHERE previous = ? LIMIT 1")
            row.bind(1, name)
            defer { row.reset() }
            return try row.step()
        }
    }

    // MARK: Objects as listed

    package func addManifest(_ component: String, _ name: Int, bytes: Int, modified: Int?) throws {
        try connection.withLock { database in
            let row = try database.prepare("INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?, 0, 0)")
            row.bind(1, component)
            row.bind(2, name)
            row.bind(3, bytes)
            row.bind(4, modified ?? .max)
            try row.run()
        }
    }

    /// Adds a pack's object or its index. Their sizes are added, and the later time is stored.
    package func addPack(_ component: String, _ id: String, as part: PackPart, bytes: Int, modified: Int?) throws {
        try connection.withLock { database in
            let row = try database.prepare(
                """
                INSERT INTO packs VALUES (?, ?, ?, ?, 0, 0, ?) ON CONFLICT (component, id)
                DO UPDATE SET bytes = bytes + iif(parts & excluded.parts, 0, excluded.bytes),
                modified = max(modified, excluded.modified), parts = parts | excluded.parts
                """)
            row.bind(1, component)
            row.bind(2, id)
            row.bind(3, bytes)
            row.bind(4, modified ?? .max)
            row.bind(5, part.rawValue)
            try row.run()
        }
    }

    /// An object of a pack.
    package enum PackPart: Int, Sendable { case content = 1, index = 2 }

    /// Returns true if both objects of the pack are listed.
    package func isWhole(_ component: String, pack id: String) throws -> Bool {
        try connection.withLock { database in
            let row = try database.prepare("SELECT parts FROM packs WHERE component = ? AND id = ?")
            row.bind(1, component)
            row.bind(2, id)
            defer { row.reset() }
            return try row.step() && row.integer(0) == PackPart.content.rawValue | PackPart.index.rawValue
        }
    }

    /// The degree to which an object is needed.
    package enum Need: Int, Sendable, Comparable {
        case none = 0
        /// Needed by a set that is to be dropped later: it may be announced, and must not be deleted now.
        case held = 1
        /// Needed by a kept set.
        case kept = 2

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// - Parameter lockEnd: the time until which an object lock should hold, in seconds since 1970.
    package func need(_ need: Need, manifest: Int, of component: String, lockEnd: Int = 0) throws {
        try connection.withLock { database in
            let row = try database.prepare(
                """
                UPDATE manifests SET need = max(need, ?), lockEnd = max(lockEnd, ?) WHERE component = ? AND name = ?
                """)
            row.bind(1, need.rawValue)
            row.bind(2, lockEnd)
            row.bind(3, component)
            row.bind(4, manifest)
            try row.run()
        }
    }

    package func need(_ need: Need, packs: [String], of component: String, lockEnd: Int = 0) throws {
        try connection.withLock { database in
            let row = try database.prepare(
                "UPDATE packs SET need = max(need, ?), lockEnd = max(lockEnd, ?) WHERE component = ? AND id = ?")
            for pack in packs {
                row.reset()
                row.bind(1, need.rawValue)
                row.bind(2, lockEnd)
                row.bind(3, component)
                row.bind(4, pack)
                try row.run()
            }
        }
    }

    /// - Returns: nil for a manifest that needs no lock.
    package func lockEnd(_ component: String, manifest: Int) throws -> Int? {
        try lockEnd("SELECT lockEnd FROM manifests WHERE component = ? AND name = ?") { row in
            row.bind(1, component)
            row.bind(2, manifest)
        }
    }

    /// Returns the end of the lock of a pack and its index.
    package func lockEnd(_ component: String, pack: String) throws -> Int? {
        try lockEnd("SELECT lockEnd FROM packs WHERE component = ? AND id = ?") { row in
            row.bind(1, component)
            row.bind(2, pack)
        }
    }

    private func lockEnd(_ sql: String, _ bind: (Statement) -> Void) throws -> Int? {
        try connection.withLock { database in
            let row = try database.prepare(sql)
            bind(row)
            defer { row.reset() }
            guard try row.step() else { return nil }
            return row.integer(0) > 0 ? row.integer(0) : nil
        }
    }

    /// One listed object that no kept set needs.
    package struct Unneeded: Equatable, Sendable {
        package var component: String
        /// The id of a pack.
        package var id: String
        /// The name of a manifest, in seconds since 1970.
        package var name: Int
        package var bytes: Int
        /// Seconds since 1970 by the store's clock; `Int.max` if the store does not report it.
        package var modified: Int
        package var need: Need
    }

    package func unneededManifests() throws -> [Unneeded] {
        try unneeded("SELECT component, x'', name, bytes, modified, need FROM manifests WHERE need < 2", [])
    }

    /// - Parameter after: the last one of the previous page.
    package func unneededPacks(after: Unneeded?, limit: Int) throws -> [Unneeded] {
        try unneeded(
            """
            SELECT component, id, 0, bytes, modified, need FROM packs
            WHERE need < 2 AND (component, id) > (?, ?) ORDER BY component, id LIMIT \(limit)
            """, [after?.component ?? "", after?.id ?? ""])
    }

    private func unneeded(_ sql: String, _ texts: [String]) throws -> [Unneeded] {
        try connection.withLock { database in
            let row = try database.prepare(sql)
            for (number, text) in texts.enumerated() { row.bind(CInt(number + 1), text) }
            defer { row.reset() }
            var found: [Unneeded] = []
            while try row.step() {
                found.append(
                    Unneeded(
                        component: row.text(0) ?? "", id: row.text(1) ?? "", name: row.integer(2),
                        bytes: row.integer(3), modified: row.integer(4), need: Need(rawValue: row.integer(5)) ?? .kept))
            }
            return found
        }
    }

    /// Returns a listed pack with its index, as the sum of their `bytes`; nil if there is none.
    package func pack(_ component: String, _ id: String) throws -> (bytes: Int, need: Need)? {
        try listed("SELECT bytes, need FROM packs WHERE component = ? AND id = ?") { row in
            row.bind(1, component)
            row.bind(2, id)
        }
    }

    package func manifest(_ component: String, _ name: Int) throws -> (bytes: Int, need: Need)? {
        try listed("SELECT bytes, need FROM manifests WHERE component = ? AND name = ?") { row in
            row.bind(1, component)
            row.bind(2, name)
        }
    }

    private func listed(_ sql: String, _ bind: (Statement) -> Void) throws -> (bytes: Int, need: Need)? {
        try connection.withLock { database in
            let row = try database.prepare(sql)
            bind(row)
            defer { row.reset() }
            return try row.step() ? (row.integer(0), Need(rawValue: row.integer(1)) ?? .kept) : nil
        }
    }

    // MARK: Earlier announcements

    /// Records a pack that an earlier intent names.
    package func announce(_ component: String, _ id: String) throws {
        try connection.withLock { database in
            let row = try database.prepare("INSERT OR IGNORE INTO announced VALUES (?, ?)")
            row.bind(1, component)
            row.bind(2, id)
            try row.run()
        }
    }

    package func isAnnounced(_ component: String, _ id: String) throws -> Bool {
        try connection.withLock { database in
            let row = try database.prepare("SELECT 1 FROM announced WHERE component = ? AND id = ?")
            row.bind(1, component)
            row.bind(2, id)
            defer { row.reset() }
            return try row.step()
        }
    }

    /// Components with a listed or named object, in order.
    package func components() throws -> [String] {
        try connection.withLock { database in
            let row = try database.prepare(
                """
                SELECT component FROM manifests UNION SELECT component FROM packs UNION SELECT component FROM uses
                ORDER BY 1
                """)
            defer { row.reset() }
            var names: [String] = []
            while try row.step() { names.append(row.text(0) ?? "") }
            return names
        }
    }
}
