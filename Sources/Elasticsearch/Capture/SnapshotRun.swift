internal import BackupRepository
internal import Documents
internal import Glibc
internal import HTTP
internal import Logging
internal import Platform

/// One snapshot: requests it, waits until it is finished, and deletes it if that fails.
struct SnapshotRun: Sendable {
    let api: ElasticsearchAPI
    let cluster: ClusterIdentity
    let repository: String
    let name: String
    /// Multi-index expression.
    let indices: String
    let context: CaptureContext
    /// Longest time without any progress.
    let patience: Duration
    let pool: BlockingPool

    private var operation: String { "snapshot '\(repository)/\(name)' of \(api.location)" }

    /// - Returns: the finished snapshot, SUCCESS or PARTIAL, and the note to remove once the set is written.
    func make() async throws -> (SnapshotInfo, SnapshotNote) {
        let note = try await pool.run { [repository, name, context] in
            try SnapshotNote.write(repository: repository, snapshot: name, run: context.run, in: context.state)
        }
        do {
            try await start()
            let snapshot = try await finished()
            guard snapshot.state == "SUCCESS" || snapshot.state == "PARTIAL",
                snapshot.shards == 0 || snapshot.successfulShards > 0
            else { throw failure(of: snapshot) }
            guard !snapshot.indices.isEmpty else {
                throw ComponentError(
                    .refused, operation: operation, "the cluster finished it without any index",
                    hint: "the indices may have been deleted meanwhile: run the command again")
            }
            return (snapshot, note)
        } catch {
            let mayStillArrive = error is CancellationError || (error as? ElasticsearchAPIError)?.reason == .answerLost
            await takeBack(note, mayStillArrive: mayStillArrive)
            throw error
        }
    }

    // MARK: Starting

    private var body: JSONValue {
        var members: [String: JSONValue] = [
            "indices": .string(indices), "ignore_unavailable": true, "expand_wildcards": "all",
            "include_global_state": false,
            // One lost shard must not fail all the others; missing ones are recorded as damage.
            "partial": true,
            "metadata": ["dr_run": .string(context.run)],
        ]
        members.merge(cluster.withoutFeatures) { $1 }
        return .object(members)
    }

    private func start() async throws {
        let deadline = ContinuousClock.now + patience
        var pause = Pause()
        while true {
            do {
                return try await api.createSnapshot(name, in: repository, body: body, cluster: cluster)
            } catch let error as ElasticsearchAPIError {
                let isTaken = error.type?.contains("snapshot_name") == true
                if error.reason == .answerLost || isTaken {
                    // A proxy may have sent it twice, or its answer may be lost: find out if this run's snapshot
                    // exists.
                    if try await isOurs() { return }
                    if isTaken {
                        throw ComponentError(
                            .refused, operation: operation,
                            "a snapshot of this name exists, and this run did not make it",
                            hint: "run the command again: the name contains the time")
                    }
                    throw error
                }
                guard error.reason == .busy || error.reason == .unreachable, ContinuousClock.now < deadline else {
                    throw error
                }
                if error.reason == .unreachable, pause.count >= 4 { throw error }
                context.logger.debug("the cluster is busy", metadata: ["type": "\(error.type ?? "")"])
                try await pause.wait()
            }
        }
    }

    /// Looks for the snapshot for a while: the request may still be under way when its answer is lost.
    private func isOurs() async throws -> Bool {
        var pause = Pause()
        while true {
            if let present = try await api.snapshot(name, in: repository) { return present.run == context.run }
            guard pause.count < 6 else { return false }
            try await pause.wait()
        }
    }

    // MARK: Waiting

    private func finished() async throws -> SnapshotInfo {
        var pause = Pause()
        var seen: ElasticsearchAPI.SnapshotProgress?
        var deadline = ContinuousClock.now + patience
        while true {
            do {
                guard let snapshot = try await api.snapshot(name, in: repository, isRetried: false) else {
                    throw ComponentError(
                        .refused, operation: operation, "another user or program deleted it while it was being made",
                        hint: "if another tool prunes this repository, stop it: `dr` must be its only user")
                }
                if !snapshot.isRunning { return snapshot }
                if let progress = try await api.progress(of: name, in: repository), progress != seen {
                    seen = progress
                    deadline = .now + patience
                    context.progress.update {
                        ($0.files, $0.totalFiles) = (progress.shardsDone, progress.shards)
                        $0.transferred = progress.bytesDone
                    }
                    context.logger.debug(
                        "snapshot in progress",
                        metadata: [
                            "shards": "\(progress.shardsDone)/\(progress.shards)",
                            "bytes": "\(progress.bytesDone)/\(progress.bytes)",
                        ])
                }
            } catch let error as ElasticsearchAPIError {
                // A node that restarts does not stop the snapshot: the cluster continues, and so does this run.
                guard [.unreachable, .answerLost, .busy].contains(error.reason), ContinuousClock.now < deadline else {
                    throw error
                }
                context.logger.debug("the cluster does not respond", metadata: ["error": "\(error.detail)"])
            }
            guard ContinuousClock.now < deadline else {
                throw ComponentError(
                    .refused, operation: operation, "it makes no progress, and dr aborted it",
                    hint: "check GET /_snapshot/\(repository)/_status and the cluster's log; "
                        + "`timeout:` sets the longest time without progress")
            }
            try await pause.wait()
        }
    }

    private func failure(of snapshot: SnapshotInfo) -> ComponentError {
        let reasons = snapshot.failures.prefix(3).map { "\($0.index)/\($0.shard): \($0.reason)" }
        let detail = reasons.isEmpty ? "" : ": \(reasons.joined(separator: "; "))"
        return ComponentError(
            .refused, operation: operation,
            "it ended in state \(snapshot.state), \(snapshot.successfulShards) of \(snapshot.shards) shards\(detail)",
            hint: "check with GET /_cluster/health that all primary shards are assigned")
    }

    // MARK: Deleting

    /// Aborts or deletes the snapshot, even if this task is cancelled. If that fails, the next run does it: the note
    /// stays.
    /// - Parameter mayStillArrive: true if the request for it may still be under way.
    func takeBack(_ note: SnapshotNote, mayStillArrive: Bool = false) async {
        await Task { [api, repository, name, context, pool] in
            do {
                let present = try await api.snapshot(name, in: repository, isRetried: false)
                if let present, present.run == context.run {
                    try await api.deleteSnapshot(name, in: repository, patience: .seconds(60))
                }
                if present != nil || !mayStillArrive { await pool.run { note.remove() } }
            } catch {
                context.logger.debug("the snapshot could not be deleted", metadata: ["error": "\(error)"])
            }
        }.value
    }
}

/// Pauses that grow from a tenth of a second to five.
struct Pause {
    private(set) var count = 0
    private var next = Duration.milliseconds(100)

    mutating func wait() async throws {
        try await Task.sleep(for: next)
        next = min(next * 1.5, .seconds(5))
        count += 1
    }
}
