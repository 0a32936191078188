package import Documents
internal import Foundation

/// The state of a stand-in's cluster, and its responses.
package struct ElasticsearchCluster: Sendable {
    package struct Index: Sendable {
        package var documents = 0
        /// The largest startTimeMillis.
        package var newest: Int?
        package var isOpen = true
        package var uuid = UUID().uuidString
        package var aliases: [String: JSONValue] = [:]
        package var mappings: JSONValue = [:]
        /// The settings with flat keys: "index.number_of_shards".
        package var settings: [String: JSONValue] = [:]
        /// Shards whose primary is not assigned, with the reason that a snapshot reports for them.
        package var lostShards: [Int: String] = [:]
        /// The number of polls until its restore is complete; negative for a restore that never completes.
        package var recovering = 0
        /// Documents with an explicit id, by id.
        package var sources: [String: JSONValue] = [:]

        package init() {}

        var primaries: Int { settings["index.number_of_shards"]?.integer ?? 1 }
        var replicas: Int { settings["index.number_of_replicas"]?.integer ?? 1 }
    }

    package var options: ElasticsearchStandInOptions
    package let uuid = UUID().uuidString
    package var indices: [String: Index] = [:]
    /// Templates by the first segment of their path, then by name.
    package var templates: [String: [String: JSONValue]] = [:]
    /// ILM or ISM policies, by name.
    package var policies: [String: JSONValue] = [:]
    /// The state management policy of each index (OpenSearch).
    package var managed: [String: String] = [:]
    package var repositories: [String: JSONValue] = [:]
    let shelf: SnapshotShelf

    // MARK: Faults

    /// The number of snapshot requests that fail because another operation uses the repository.
    package var busyFor = 0
    /// True to let the next snapshot end in state FAILED.
    package var failsNextSnapshot = false
    /// The number of documents that are missing in each restored index.
    package var lostInRestore = 0
    /// True to let snapshots run for ever.
    package var neverFinishes = false
    /// True to keep restored indices red.
    package var neverRecovers = false

    init(_ options: ElasticsearchStandInOptions, shelf: SnapshotShelf) {
        self.options = options
        self.shelf = shelf
    }

    // MARK: Contents

    package mutating func add(
        _ name: String, documents: Int, newest: Int? = nil, shards: Int = 1, replicas: Int = 0,
        aliases: [String: JSONValue] = [:], settings: [String: JSONValue] = [:]
    ) {
        var index = Index()
        index.documents = documents
        index.newest = newest
        index.aliases = aliases
        index.mappings = ["properties": ["traceID": ["type": "keyword"], "startTimeMillis": ["type": "date"]]]
        index.settings = [
            "index.number_of_shards": .string("\(shards)"), "index.number_of_replicas": .string("\(replicas)"),
            "index.uuid": .string(index.uuid), "index.provided_name": .string(name),
            "index.creation_date": "1763900000000", "index.version.created": "8500003",
        ].merging(settings) { $1 }
        indices[name] = index
    }

    /// Adds the objects of Jaeger with rollover: two span indices, of which the second is the write index, one index of
    /// services, the templates and the policy.
    package mutating func addJaeger(newest: Int = 1_763_950_000_000) {
        let policy = options.isOpenSearch ? nil : "jaeger-ilm-policy"
        let lifecycle: [String: JSONValue] =
            policy.map {
                ["index.lifecycle.name": .string($0), "index.lifecycle.rollover_alias": "jaeger-span-write"]
            } ?? ["index.plugins.index_state_management.rollover_alias": "jaeger-span-write"]
        add(
            "jaeger-span-000001", documents: 1200, newest: newest - 86_400_000, shards: 2,
            aliases: ["jaeger-span-read": [:], "jaeger-span-write": ["is_write_index": false]], settings: lifecycle)
        add(
            "jaeger-span-000002", documents: 340, newest: newest, shards: 2,
            aliases: ["jaeger-span-read": [:], "jaeger-span-write": ["is_write_index": true]], settings: lifecycle)
        add(
            "jaeger-service-000001", documents: 17,
            aliases: ["jaeger-service-read": [:], "jaeger-service-write": ["is_write_index": true]])
        templates["_index_template", default: [:]]["jaeger-span"] = [
            "index_patterns": ["*jaeger-span-*"], "priority": 500, "composed_of": ["jaeger-common"],
            "template": ["settings": .object(lifecycle.merging(["index.number_of_shards": "2"]) { $1 })],
        ]
        templates["_component_template", default: [:]]["jaeger-common"] = [
            "template": ["mappings": ["dynamic": false]]
        ]
        templates["_template", default: [:]]["jaeger-service"] = [
            "index_patterns": ["*jaeger-service-*"], "order": 1, "settings": ["index.number_of_shards": "1"],
            "mappings": [:], "aliases": [:],
        ]
        templates["_template", default: [:]]["logs-of-others"] = ["index_patterns": ["logs-*"], "order": 0]
        if let policy {
            policies[policy] = [
                "phases": [
                    "hot": ["min_age": "0ms", "actions": ["rollover": ["max_age": "1d"]]],
                    "delete": ["min_age": "7d", "actions": ["delete": [:]]],
                ]
            ]
        } else {
            policies["jaeger-ism-policy"] = [
                "policy_id": "jaeger-ism-policy", "description": "roll over", "default_state": "hot",
                "last_updated_time": 1_763_900_000_000, "schema_version": 21,
                "states": [["name": "hot", "actions": [["rollover": ["min_index_age": "1d"]]], "transitions": []]],
                "ism_template": [["index_patterns": ["jaeger-span-*"], "priority": 1, "last_updated_time": 1]],
            ]
            for name in indices.keys where name.hasPrefix("jaeger-span") { managed[name] = "jaeger-ism-policy" }
        }
    }

    // MARK: Responses

    package mutating func answer(_ request: StandInRequest) -> StandInAnswer {
        if let refusal = refusal(request) { return refusal }
        let segments = request.segments
        if !options.isOpenSearch, request.query["cluster_manager_timeout"] != nil {
            return Self.error(
                400, "illegal_argument_exception",
                "request [/\(segments.joined(separator: "/"))] contains unrecognized parameter: "
                    + "[cluster_manager_timeout]")
        }
        switch segments.first {
        case nil: return root()
        case "_snapshot": return snapshotAnswer(request, Array(segments.dropFirst()))
        case "_index_template", "_component_template", "_template", "_ilm", "_plugins":
            return pieceAnswer(request, segments)
        case "_cluster", "_cat", "_alias", "_aliases": return clusterAnswer(request, segments)
        default: return indexAnswer(request, segments)
        }
    }

    private func root() -> StandInAnswer {
        var version: [String: JSONValue] = ["number": .string(options.version)]
        if options.isOpenSearch { version["distribution"] = "opensearch" }
        return .json(
            200,
            [
                "name": "node-1", "cluster_name": .string(options.clusterName), "cluster_uuid": .string(uuid),
                "version": .object(version),
                "tagline": .string(
                    options.isOpenSearch
                        ? "The OpenSearch Project: https://opensearch.org/" : "You Know, for Search"),
            ])
    }

    /// Returns a 401 or 403 with the texts of Elasticsearch's security.
    private func refusal(_ request: StandInRequest) -> StandInAnswer? {
        let isKnown: Bool =
            if let key = options.apiKey {
                request.headers["authorization"] == "ApiKey \(key)" && !options.isOpenSearch
            } else if let user = options.user {
                request.basicAuthorization.map { $0.user == user.name && $0.password == user.password } ?? false
            } else {
                true
            }
        guard isKnown else {
            return Self.error(
                401, "security_exception",
                "missing authentication credentials for REST request [/\(request.segments.joined(separator: "/"))]")
        }
        guard let action = Self.action(request), options.denied.contains(action) else { return nil }
        return Self.error(
            403, "security_exception",
            "action [\(action)] is unauthorized for user [\(options.user?.name ?? "backup")] with effective roles "
                + "[monitoring]")
    }

    /// Returns the action that the request needs permission for, if the stand-in can deny it.
    private static func action(_ request: StandInRequest) -> String? {
        let segments = request.segments
        switch (request.method, segments.first, segments.count) {
        case ("PUT", "_snapshot", 2): return "cluster:admin/repository/put"
        case ("GET", "_snapshot", 2): return "cluster:admin/repository/get"
        case ("PUT", "_snapshot", 3): return "cluster:admin/snapshot/create"
        case ("GET", "_snapshot", 3): return "cluster:admin/snapshot/get"
        case ("DELETE", "_snapshot", 3): return "cluster:admin/snapshot/delete"
        case ("POST", "_snapshot", 4): return "cluster:admin/snapshot/restore"
        case ("POST", _, 2) where segments[1] == "_refresh": return "indices:admin/refresh"
        case ("GET", _, 2) where segments[1] == "_count": return "indices:data/read/search"
        case ("PUT", "_index_template", _), ("PUT", "_template", _): return "indices:admin/index_template/put"
        default: return nil
        }
    }

    static func error(_ status: Int, _ type: String, _ reason: String, causedBy: (String, String)? = nil)
        -> StandInAnswer
    {
        var error: [String: JSONValue] = ["type": .string(type), "reason": .string(reason)]
        error["root_cause"] = [["type": .string(type), "reason": .string(reason)]]
        if let causedBy { error["caused_by"] = ["type": .string(causedBy.0), "reason": .string(causedBy.1)] }
        return .json(status, ["error": .object(error), "status": JSONValue(status)])
    }

    static func noHandler(_ request: StandInRequest) -> StandInAnswer {
        .json(
            400,
            ["error": .string("no handler found for uri [\(request.path)] and method [\(request.method)]")])
    }

    static let acknowledged = StandInAnswer.json(200, ["acknowledged": true])
}
