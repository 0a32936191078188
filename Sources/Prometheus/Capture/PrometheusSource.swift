package import BackupRepository
internal import FoundationEssentials
internal import Glibc
package import HTTP
internal import Logging
package import Platform

/// Captures a running Prometheus through its admin API: a snapshot of all blocks and of the head, which becomes a
/// separate block.
///
/// By Prometheus' design, a snapshot does not hold out-of-order samples still in the head (``OutOfOrderSamples``
/// reports them), exemplars, metadata and the WAL.
package struct PrometheusSource: ComponentSource {
    package static let kind = "prometheus"

    let api: PrometheusAPI
    let directory: DataDirectory
    private let skipHead: Bool
    let pool: BlockingPool

    /// - Parameters:
    ///   - url: as in ``PrometheusAPI/init(url:client:pool:)``.
    ///   - data: absolute path of the server's `--storage.tsdb.path` as mounted on this machine, writable.
    ///   - skipHead: true skips samples that are not in a block yet: the last two to three hours.
    package init(url: String, data: String, client: HTTPClient, skipHead: Bool = false, pool: BlockingPool) {
        api = PrometheusAPI(url: url, client: client, pool: pool)
        directory = DataDirectory(data)
        self.skipHead = skipHead
        self.pool = pool
    }

    var operation: String { "snapshot of \(api.location)" }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        try await pool.run { [directory, operation] in try directory.checkAccess(operation) }
        var warnings = await removeLeftovers(context)
        let server = try await askServer()
        try await pool.run { [directory, operation] in
            try directory.checkIsServers(server.path, workingDirectory: server.info.workingDirectory, operation)
            try directory.checkSpace(operation)
        }
        let before = await pool.run { [directory] in directory.blocks() }
        // The server writes them into blocks at any time. dr looks for them before and after the snapshot, because a
        // false report costs less than a silent loss.
        var outOfOrder = await OutOfOrderSamples(directory, api: api, pool: pool)
        let snapshot = try await takeSnapshot(context, clock: server.clock)
        do {
            // A cancellation during the request takes effect now, when the name for the removal is known.
            try Task.checkCancellation()
            let limit = WallClock.system.milliseconds + NewestDatum.clockTolerance
            let content = try await pool.run { try SnapshotContent(of: snapshot.root, notAfter: limit) }
            if let future = content.future {
                warnings.append(
                    "the server holds samples of the future, up to \(Timestamp(seconds: future / 1000).readable): a clock was "
                        + "wrong; they do not count as the newest data")
            }
            let unloaded = await pool.run { [directory] in
                directory.unloadedBlocks(before: before, snapshot: content.blocks)
            }
            warnings += unloaded.warnings
            let after = await pool.run { [directory] in directory.outOfOrderBytes() }
            outOfOrder.bytes = [outOfOrder.bytes, after].compactMap { $0 }.max()
            warnings += [outOfOrder.warning].compactMap { $0 }
            if !content.strays.isEmpty {
                warnings.append(
                    "skipped files that Prometheus ignores in the folders of blocks: "
                        + Gap.list(content.strays, most: 5))
            }
            var facts = [
                "url": api.location, "version": server.version, "retention": server.info.retention,
                "snapshot": snapshot.name, "head": skipHead ? "skipped" : "included", "data": server.path,
            ]
            // None since its start: a server that only receives pushed samples. If the server does not report it, there
            // is no warning.
            if let pools = try? await api.metric("prometheus_target_scrape_pools_total"), pools >= 0,
                let count = Int(checked: pools)
            {
                facts["scrape pools"] = "\(count)"
            }
            facts.merge(outOfOrder.facts) { $1 }
            facts.merge(content.facts) { $1 }
            return PrometheusCapture(
                snapshot: snapshot, watermark: content.newest, facts: facts, warnings: warnings,
                unloaded: unloaded.damage, strays: Set(content.strays.map { Array($0.utf8) }), pool: pool)
        } catch {
            try? await snapshot.release()
            throw error
        }
    }

    // MARK: Before the request

    struct Server {
        var version: String
        var info: PrometheusAPI.RuntimeInfo
        var path: String
        /// Seconds since 1970.
        var clock: Int
    }

    func askServer() async throws -> Server {
        do {
            let flags = try await api.flags()
            if flags["agent"] == "true" || flags["enable-feature"]?.split(separator: ",").contains("agent") == true {
                throw PrometheusAPIError(
                    .agentMode, operation: operation, detail: "the server runs in agent mode")
            }
            if flags["web.enable-admin-api"] == "false" {
                throw PrometheusAPIError(
                    .adminAPIDisabled, operation: operation, detail: "the server's admin API is off")
            }
            guard try await api.isReady() else {
                throw PrometheusAPIError(
                    .starting, operation: operation, detail: "the server is not ready (503)")
            }
            return Server(
                version: try await api.version(), info: try await api.runtimeInfo(),
                path: flags["storage.tsdb.path"] ?? "data/",
                clock: try await api.clock() ?? WallClock.system.seconds)
        } catch let error as PrometheusAPIError {
            throw error.asComponentError(operation)
        }
    }

    /// Removes the snapshots of killed runs.
    /// - Returns: warnings about snapshots that could not be removed.
    private func removeLeftovers(_ context: CaptureContext) async -> [String] {
        await pool.run { [directory] in
            let notes = SnapshotNote.abandoned(in: context.state)
            guard !notes.isEmpty else { return [] }
            let present = directory.snapshots()
            let named = Set(notes.compactMap(\.name))
            var warnings: [String] = []
            for note in notes {
                let candidates = note.candidates(among: present).filter { note.name != nil || !named.contains($0) }
                // Two snapshots of one moment, of which one may belong to another program: keeping both is safer than
                // deleting the wrong one.
                guard candidates.count <= 1 else {
                    warnings.append(
                        "one of the snapshots \(candidates.joined(separator: ", ")) is left from a killed run: "
                            + "remove the unneeded ones from '\(directory.snapshotsPath)'")
                    note.remove()
                    continue
                }
                do {
                    for name in candidates {
                        try directory.removeSnapshot(name)
                        context.logger.debug("removed the snapshot of a killed run", metadata: ["name": "\(name)"])
                    }
                    note.remove()
                } catch {
                    warnings.append("the snapshot of a killed run could not be removed: \(error)")
                }
            }
            return warnings
        }
    }

    // MARK: The request

    private func takeSnapshot(_ context: CaptureContext, clock: Int) async throws -> HeldSnapshot {
        let note = try await pool.run { [directory, operation] in
            do {
                return try SnapshotNote.write(
                    .init(time: clock, existing: directory.snapshots()), run: context.run, in: context.state)
            } catch {
                throw ComponentError(.other, operation: operation, "\(error)", hint: "check the state folder")
            }
        }
        let name: String
        do {
            name = try await api.snapshot(skipHead: skipHead)
        } catch {
            await clearAway(note, after: error)
            if let error = error as? PrometheusAPIError, error.reason == .missingTombstones {
                var failure = error.asComponentError(operation)
                let bare = await pool.run { [directory] in directory.blocksWithoutTombstones() }
                if !bare.isEmpty { failure.hint = directory.tombstonesHint(bare) }
                throw failure
            }
            throw (error as? PrometheusAPIError)?.asComponentError(operation) ?? error
        }
        guard BlockName.isSnapshot(name) else {
            note.remove()
            throw ComponentError(
                .other, operation: operation, "the server named it '\(name)', which is not a snapshot's name")
        }
        let isHere = await pool.run { [directory] in
            // If this fails, the next run can still find the snapshot by the time of the request.
            try? note.record(name)
            return directory.hasSnapshot(name)
        }
        guard isHere else {
            note.remove()
            throw ComponentError(
                .misconfigured, operation: operation,
                "the server made snapshot '\(name)', but it is not in '\(directory.snapshotsPath)'",
                hint: "`data:` must be the server's --storage.tsdb.path as mounted on this machine; "
                    + "remove that snapshot on the server by hand")
        }
        return HeldSnapshot(name: name, directory: directory, note: note, pool: pool)
    }

    /// Removes a snapshot that a failed request may have made. The note stays if the server may still be working.
    private func clearAway(_ note: SnapshotNote, after error: any Error) async {
        let isOver = (error as? PrometheusAPIError).map { $0.reason != .answerLost } ?? !(error is CancellationError)
        await pool.run { [directory] in
            let candidates = note.candidates(among: directory.snapshots())
            guard candidates.count <= 1 else { return }
            let removed = candidates.allSatisfy { (try? directory.removeSnapshot($0)) != nil }
            if isOver, removed { note.remove() }
        }
    }
}
