internal import JSONText
internal import Repository
internal import Yams

/// What `dr` wants to know of Loki's configuration, as `GET /config` shows it. Paths are as the server sees them.
package struct LokiSettings: Equatable, Sendable {
    /// From when on which schema applies. Data are found only under the very schema that they were written with.
    package struct Period: Equatable, Sendable {
        /// A day: "2024-04-01".
        package var from: String
        package var store: String
        package var objectStore: String
        package var schema: String
        /// Of the names of the index' tables.
        package var prefix: String
        /// Of the index within the object store: "index/".
        package var pathPrefix: String

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

    package var periods: [Period] = []
    package var pathPrefix: String?
    package var writeAheadLog: String?
    /// Of the index that is not in the object store yet.
    package var activeIndexes: [String] = []
    package var retentionEnabled = false
    /// As Loki writes it: "744h", "31d"; zero keeps everything.
    package var retention: String?

    package init() {}

    /// - Throws: ``ComponentError`` when this is no configuration of Loki.
    package init(yaml: [UInt8], _ operation: String) throws {
        let refusal = ComponentError(
            .misconfigured, operation, "the answer is not Loki's configuration",
            hint: "`url:` must lead to Loki itself, with its path prefix if it has one")
        guard let root = try? Yams.compose(yaml: String(decoding: yaml, as: UTF8.self)),
            let schema = root["schema_config"], let periods = schema["configs"]?.sequence
        else { throw refusal }
        func text(_ path: String...) -> String? {
            let node = path.reduce(Node?.some(root)) { $0?[$1] }
            return node?.scalar?.string.isEmpty == false ? node?.scalar?.string : nil
        }
        self.periods = periods.map { node in
            Period(
                from: node["from"]?.scalar?.string ?? "", store: node["store"]?.scalar?.string ?? "",
                objectStore: node["object_store"]?.scalar?.string ?? "",
                schema: node["schema"]?.scalar?.string ?? "", prefix: node["index"]?["prefix"]?.scalar?.string ?? "",
                pathPrefix: node["index"]?["path_prefix"]?.scalar?.string ?? "index/")
        }
        pathPrefix = text("common", "path_prefix").map(Self.trimmed)
        writeAheadLog = text("ingester", "wal", "dir").map(Self.trimmed)
        activeIndexes = ["tsdb_shipper", "boltdb_shipper"].compactMap {
            text("storage_config", $0, "active_index_directory").map(Self.trimmed)
        }
        retentionEnabled = text("compactor", "retention_enabled") == "true"
        retention = text("limits_config", "retention_period")
    }

    private static func trimmed(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// A directory of the server's as a path relative to its `path_prefix`; nil where it is not in it.
    package func relative(_ path: String) -> String? {
        guard let pathPrefix, path.hasPrefix("\(pathPrefix)/") else { return nil }
        return String(path.dropFirst(pathPrefix.count + 1))
    }

    /// Whether some period keeps its chunks elsewhere than in a file system.
    package var usesObjectStorage: Bool { periods.contains { $0.objectStore != "filesystem" } }

    // MARK: The document in a backup

    /// - Parameter version: the server's.
    package func document(version: String) -> [UInt8] {
        let periods = periods.map { period -> JSONValue in
            [
                "from": .string(period.from), "store": .string(period.store),
                "object_store": .string(period.objectStore), "schema": .string(period.schema),
                "prefix": .string(period.prefix), "path_prefix": .string(period.pathPrefix),
            ]
        }
        let document: JSONValue = ["version": .string(version), "schema_config": .array(periods)]
        return document.document
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
