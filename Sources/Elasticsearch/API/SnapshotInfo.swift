internal import Documents
internal import HTTP

/// The cluster's description of one snapshot.
struct SnapshotInfo: Equatable, Sendable {
    struct ShardFailure: Equatable, Sendable {
        var index: String
        var shard: Int
        var reason: String
    }

    var name: String
    var uuid: String
    /// IN_PROGRESS, SUCCESS, PARTIAL, FAILED; older servers also INCOMPATIBLE.
    var state: String
    var indices: [String]
    var dataStreams: [String]
    var failures: [ShardFailure]
    var shards: Int
    var successfulShards: Int
    /// Milliseconds since 1970.
    var started: Int?
    var finished: Int?
    /// The run of `dr` that made it, from its metadata.
    var run: String?

    var isRunning: Bool { state == "IN_PROGRESS" || state == "STARTED" }

    init?(_ value: JSONValue) {
        guard let name = value["snapshot"]?.text else { return nil }
        self.name = name
        uuid = value["uuid"]?.text ?? ""
        state = value["state"]?.text ?? ""
        indices = (value["indices"]?.array ?? []).compactMap(\.text).sorted()
        dataStreams = (value["data_streams"]?.array ?? []).compactMap(\.text).sorted()
        failures = (value["failures"]?.array ?? []).map {
            ShardFailure(
                index: $0["index"]?.text ?? "?", shard: $0["shard_id"]?.integer ?? 0,
                reason: $0["reason"]?.text ?? $0["status"]?.text ?? "no reason given")
        }
        shards = value["shards"]?["total"]?.quantity ?? 0
        successfulShards = value["shards"]?["successful"]?.quantity ?? 0
        started = value["start_time_in_millis"]?.milliseconds
        finished = value["end_time_in_millis"]?.milliseconds
        run = value["metadata"]?["dr_run"]?.text
    }
}

extension ElasticsearchAPI {
    private static let monitor = "the cluster privilege 'monitor_snapshot' or 'create_snapshot'"

    // MARK: Repositories

    /// The registration of a repository: `{"type", "settings"}`; nil if it does not exist.
    func repository(_ name: String) async throws -> JSONValue? {
        try await find(ElasticsearchCall("GET", ["_snapshot", name], needs: Self.monitor))?[name]
    }

    /// Registers a repository; the cluster then verifies that every node can write to it, unless it is read-only.
    func register(_ name: String, body: JSONValue, cluster: ClusterIdentity) async throws {
        _ = try await send(
            ElasticsearchCall(
                "PUT", ["_snapshot", name], query: cluster.managerTimeout.merging(["timeout": "60s"]) { $1 },
                body: body,
                needs:
                    "the cluster privilege 'manage' to register a repository, or an administrator must register it once"
            ))
    }

    /// Makes every node write to the repository and read the files of the others.
    /// - Returns: the number of nodes that succeeded.
    func verify(_ repository: String) async throws -> Int {
        let answer = try await send(
            ElasticsearchCall(
                "POST", ["_snapshot", repository, "_verify"], needs: "the cluster privilege 'create_snapshot'"))
        return answer["nodes"]?.object?.count ?? 0
    }

    // MARK: Snapshots

    /// Starts a snapshot. Sent once: if the answer is lost, the caller must find out if the snapshot was started.
    func createSnapshot(_ name: String, in repository: String, body: JSONValue, cluster: ClusterIdentity)
        async throws
    {
        var call = ElasticsearchCall(
            "PUT", ["_snapshot", repository, name],
            query: cluster.managerTimeout.merging(["wait_for_completion": "false"]) { $1 }, body: body,
            needs: "the cluster privilege 'create_snapshot' and, for the indices, 'view_index_metadata'")
        call.isRetried = false
        call.isSentOnce = true
        _ = try await send(call)
    }

    /// - Parameter isRetried: false if the caller polls anyway.
    /// - Returns: nil if the snapshot or the repository does not exist.
    func snapshot(_ name: String, in repository: String, isRetried: Bool = true) async throws -> SnapshotInfo? {
        var call = ElasticsearchCall("GET", ["_snapshot", repository, name], needs: Self.monitor)
        call.isRetried = isRetried
        guard let answer = try await find(call) else { return nil }
        // Some releases of 7.x and previews of 8.0 answer by repository.
        let part = answer["responses"]?.array?.first ?? answer
        if let error = part["error"] {
            let failure = ElasticsearchAPIError(inside: error, operation: "snapshot '\(repository)/\(name)'")
            if failure.reason == .missing { return nil }
            throw failure
        }
        return part["snapshots"]?.array?.lazy.compactMap(SnapshotInfo.init).first { $0.name == name }
    }

    struct SnapshotProgress: Equatable, Sendable {
        var shardsDone = 0
        var shards = 0
        var bytesDone = 0
        var bytes = 0
    }

    /// The progress of a running snapshot.
    func progress(of name: String, in repository: String) async throws -> SnapshotProgress? {
        var call = ElasticsearchCall("GET", ["_snapshot", repository, name, "_status"], needs: Self.monitor)
        call.isRetried = false
        guard let status = try await find(call)?["snapshots"]?.array?.first else { return nil }
        return SnapshotProgress(
            shardsDone: status["shards_stats"]?["done"]?.quantity ?? 0,
            shards: status["shards_stats"]?["total"]?.quantity ?? 0,
            bytesDone: status["stats"]?["processed"]?["size_in_bytes"]?.quantity ?? 0,
            bytes: status["stats"]?["incremental"]?["size_in_bytes"]?.quantity ?? 0)
    }

    /// Deletes a snapshot, or aborts it if it still runs.
    ///
    /// The cluster answers when the data are deleted, which takes long for an old one.
    /// - Parameter patience: time-out of the answer; short if an operator waits for this program to end.
    func deleteSnapshot(_ name: String, in repository: String, patience: Duration = .seconds(3600)) async throws {
        var call = ElasticsearchCall(
            "DELETE", ["_snapshot", repository, name],
            needs: "the cluster privilege 'manage', or cluster:admin/snapshot/delete")
        call.stallTimeout = patience
        _ = try await find(call)
    }

    func restore(_ name: String, from repository: String, body: JSONValue, cluster: ClusterIdentity) async throws {
        var call = ElasticsearchCall(
            "POST", ["_snapshot", repository, name, "_restore"],
            query: cluster.managerTimeout.merging(["wait_for_completion": "false"]) { $1 }, body: body,
            needs: "the cluster privilege 'manage', or cluster:admin/snapshot/*")
        call.isSentOnce = true
        call.isRetried = false
        _ = try await send(call)
    }
}
