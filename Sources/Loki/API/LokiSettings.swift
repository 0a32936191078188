internal import BackupRepository
internal import Documents

/// The parts of Loki's configuration that `dr` needs, from `GET /config`. Paths are the server's.
package struct LokiSettings: Equatable, Sendable {
    /// A schema and the day from which it applies. Data are found only under the schema that they were written with.
    package struct Period: Equatable, Sendable {
        /// A day: "2024-04-01".
        package var from: String
        package var store: String
        package var objectStore: String
        package var schema: String
        /// The prefix of the index' tables.
        package var prefix: String
        /// The prefix of the index within the object store: "index/".
        package var pathPrefix: String

        /// True if its chunks are in S3 or in a server with its protocol.
        package var isInS3: Bool { ["s3", "aws"].contains(objectStore) }

        /// "v13/tsdb from 2024-04-01, tables index_ in index/".
        package var text: String { "\(schema)/\(store) from \(from), tables \(prefix) in \(pathPrefix)" }

        package init(
            from: String, store: String, objectStore: String = "filesystem", schema: String, prefix: String = "index_",
            pathPrefix: String = "index/"
        ) {
            self.from = from
            self.store = store
            self.objectStore = objectStore
            self.schema = schema
            self.prefix = prefix
            self.pathPrefix = pathPrefix
        }
    }

    /// A directory that the configuration names, with its path on the server.
    package struct Directory: Equatable, Sendable {
        /// The key of the configuration: "ingester.wal.dir".
        package var key: String
        package var path: String

        package init(_ key: String, _ path: String) {
            self.key = key
            self.path = path
        }
    }

    package var periods: [Period] = []
    package var pathPrefix: String?
    /// The buckets of the objects; nil if there are none, or the configuration does not show them.
    package var buckets: LokiBuckets?
    package var chunks: Directory?
    package var rules: Directory?
    package var writeAheadLog: Directory?
    /// False if the server keeps lines only in memory until they are in chunks.
    package var hasWriteAheadLog = true
    /// The index that is not in the object store yet, by the index store: "tsdb", "boltdb-shipper".
    package var activeIndexes: [String: Directory] = [:]
    package var compactor: Directory?
    /// The longest time that a line may be only in memory before it is in a chunk, in milliseconds; nil if it is not
    /// known.
    package var longestInMemory: Int?
    package var retentionEnabled = false
    /// In Loki's form: "744h", "31d"; zero keeps everything.
    package var retention: String?
    /// True if every query must name its tenant; nil if the configuration does not show it.
    package var isMultitenant: Bool?

    package init() {}

    /// - Throws: ``ComponentError`` when this is not a configuration of Loki.
    package init(yaml: [UInt8], _ operation: String) throws {
        let refusal = ComponentError(
            .misconfigured, operation: operation, "the answer is not Loki's configuration",
            hint: "`url:` must lead to Loki itself, with its path prefix if it has one")
        guard let root = YAMLNode.composed(ofServer: String(decoding: yaml, as: UTF8.self)),
            let schema = root["schema_config"], let periods = schema["configs"]?.sequence
        else { throw refusal }
        func text(_ key: String) -> String? {
            let node = key.split(separator: ".").reduce(YAMLNode?.some(root)) { $0?[String($1)] }
            return node?.scalar?.string.isEmpty == false ? node?.scalar?.string : nil
        }
        func directory(_ key: String) -> Directory? { text(key).map { Directory(key, Self.trimmed($0)) } }
        self.periods = periods.map { node in
            Period(
                from: node["from"]?.scalar?.string ?? "", store: node["store"]?.scalar?.string ?? "",
                objectStore: node["object_store"]?.scalar?.string ?? "",
                schema: node["schema"]?.scalar?.string ?? "", prefix: node["index"]?["prefix"]?.scalar?.string ?? "",
                pathPrefix: node["index"]?["path_prefix"]?.scalar?.string ?? "index/")
        }
        pathPrefix = text("common.path_prefix").map(Self.trimmed)
        writeAheadLog = directory("ingester.wal.dir")
        hasWriteAheadLog = text("ingester.wal.enabled") != "false"
        for (store, key) in [("tsdb", "tsdb_shipper"), ("boltdb-shipper", "boltdb_shipper")] {
            activeIndexes[store] = directory("storage_config.\(key).active_index_directory")
        }
        compactor = directory("compactor.working_directory")
        // `common` counts if the section itself sets nothing; Loki shows the setting in effect.
        let usesThanos = text("storage_config.use_thanos_objstore") == "true"
        chunks =
            (usesThanos ? directory("storage_config.object_store.filesystem.dir") : nil)
            ?? directory("storage_config.filesystem.directory")
            ?? directory("common.storage.filesystem.chunks_directory")
        buckets = LokiBuckets(usesThanos: usesThanos, text)
        rules = Self.rules(usesThanos: usesThanos, text, directory)
        longestInMemory = Self.longestInMemory(text)
        retentionEnabled = text("compactor.retention_enabled") == "true"
        retention = text("limits_config.retention_period")
        isMultitenant = text("auth_enabled").map { $0 == "true" }
    }

    /// - Returns: nil if the rules are not in a directory.
    private static func rules(
        usesThanos: Bool, _ text: (String) -> String?, _ directory: (String) -> Directory?
    ) -> Directory? {
        let common = "common.storage.filesystem.rules_directory"
        if usesThanos {
            switch text("ruler_storage.backend") {
            case "local": return directory("ruler_storage.local.directory")
            case "filesystem": return directory("ruler_storage.filesystem.dir")
            default: break
            }
        }
        guard let kind = text("ruler.storage.type"), kind != "local" else {
            return directory("ruler.storage.local.directory") ?? directory(common)
        }
        return nil
    }

    /// The ingester cuts a chunk once its lines span `max_chunk_age`, or no line was added for `chunk_idle_period`: the
    /// first line of a stream that stops just before that age waits for both. The ingester checks every
    /// `flush_check_period`.
    private static func longestInMemory(_ text: (String) -> String?) -> Int? {
        func milliseconds(_ key: String) -> Int? { text("ingester.\(key)").flatMap(LokiDuration.parse) }
        guard let age = milliseconds("max_chunk_age"), let idle = milliseconds("chunk_idle_period") else { return nil }
        let check = milliseconds("flush_check_period") ?? 30_000
        return age + idle + 2 * check + 60_000
    }

    private static func trimmed(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// A directory of the server as a path relative to its `path_prefix`; nil if it is outside of it.
    package func relative(_ path: String) -> String? { pathPrefix.flatMap { LokiFolders.relative(path, to: $0) } }

    /// True if some period keeps its chunks in another place than a file system.
    package var usesObjectStorage: Bool { periods.contains { $0.objectStore != "filesystem" } }

    // MARK: The document in a backup

    /// - Parameters:
    ///   - version: the server's version.
    ///   - moved: directories of the tree that the server keeps outside of its `path_prefix`.
    package func document(version: String, moved: [MovedDirectory] = []) -> [UInt8] {
        let periods = periods.map { period -> JSONValue in
            [
                "from": .string(period.from), "store": .string(period.store),
                "object_store": .string(period.objectStore), "schema": .string(period.schema),
                "prefix": .string(period.prefix), "path_prefix": .string(period.pathPrefix),
            ]
        }
        var members: [String: JSONValue] = ["version": .string(version), "schema_config": .array(periods)]
        members["path_prefix"] = pathPrefix.map { .string($0) }
        members["wal"] = hasWriteAheadLog ? nil : false
        if !moved.isEmpty {
            members["directories"] = .array(
                moved.map { ["name": .string($0.name), "key": .string($0.key), "path": .string($0.path)] })
        }
        return JSONValue.object(members).document
    }

    /// Reads the settings in such a document.
    init?(document bytes: [UInt8]) {
        guard let periods = Self.periods(inDocument: bytes), let document = try? JSONValue(parsing: bytes) else {
            return nil
        }
        self.init()
        self.periods = periods
        pathPrefix = document["path_prefix"]?.text
        hasWriteAheadLog = document["wal"]?.bool ?? true
        for moved in MovedDirectory.all(inDocument: bytes) {
            let directory = Directory(moved.key, moved.path)
            switch moved.key {
            case "ingester.wal.dir": writeAheadLog = directory
            case "compactor.working_directory": compactor = directory
            case let key where key.contains("tsdb_shipper"): activeIndexes["tsdb"] = directory
            case let key where key.contains("boltdb_shipper"): activeIndexes["boltdb-shipper"] = directory
            case let key where key.hasPrefix("ruler") || key.hasSuffix("rules_directory"): rules = directory
            default: chunks = directory
            }
        }
    }

    /// The periods of such a document.
    package static func periods(inDocument bytes: [UInt8]) -> [Period]? {
        guard let entries = (try? JSONValue(parsing: bytes))?["schema_config"]?.array else { return nil }
        return entries.map { entry in
            func text(_ name: String) -> String { entry[name]?.text ?? "" }
            return Period(
                from: text("from"), store: text("store"), objectStore: text("object_store"), schema: text("schema"),
                prefix: text("prefix"), pathPrefix: text("path_prefix"))
        }
    }
}

/// A directory at the top of an archived tree that the server has in another place than at that name in its
/// `path_prefix`.
package struct MovedDirectory: Equatable, Sendable {
    package var name: String
    /// The key in Loki's configuration.
    package var key: String
    /// The path on the server.
    package var path: String

    package init(_ name: String, key: String, path: String) {
        self.name = name
        self.key = key
        self.path = path
    }

    /// The moved directories of a backup's description.
    static func all(inDocument bytes: [UInt8]) -> [MovedDirectory] {
        guard let entries = (try? JSONValue(parsing: bytes))?["directories"]?.array else { return [] }
        return entries.compactMap { entry in
            guard let name = entry["name"]?.text, let key = entry["key"]?.text, let path = entry["path"]?.text else {
                return nil
            }
            return MovedDirectory(name, key: key, path: path)
        }
    }
}
