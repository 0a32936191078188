package import BackupRepository
internal import FoundationEssentials
package import Platform

/// Puts back blocks of a Prometheus that are damaged or missing. It does not touch the head and the write-ahead log.
package struct PrometheusHealer: ComponentHealer {
    private static let width = 2

    private let data: DataDirectory
    private let api: PrometheusAPI
    private let pool: BlockingPool
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - data: the server's data directory.
    ///   - now: milliseconds since 1970.
    package init(data: String, api: PrometheusAPI, pool: BlockingPool, now: @escaping @Sendable () -> Int) {
        self.data = DataDirectory(data)
        self.api = api
        self.pool = pool
        self.now = now
    }

    package func heal(_ request: HealRequest) async throws -> HealReport {
        let operation = "heal '\(data.path)'"
        try await pool.run { try data.checkAccess(operation) }
        let server = await askServer()
        if let server { try data.checkIsServers(server.flag, workingDirectory: server.folder, operation) }
        request.progress.begin("reading live blocks")
        let found = try await readLive(request.progress)
        var decision = HealDecision(
            live: found.map { .init(name: $0.name, meta: $0.meta) }, head: server?.head,
            retention: server?.retention, now: now())
        decision.restoresMissing = request.restoresMissing
        var run = BlockHeal(
            data: data, pool: pool, request: request, decision: decision,
            damage: Dictionary(found.filter { !$0.damage.isEmpty }.map { ($0.name, $0.damage) }) { first, _ in first })
        run.report.examined = found.count
        if server == nil {
            run.report.notes.append("the server does not answer, so its head and retention are unknown")
        }
        return try await run.run(isServerUp: server != nil)
    }

    private struct Server: Sendable {
        var flag: String
        var folder: String
        var retention: PrometheusRetention
        var head: Int
    }

    /// - Returns: nil if the server does not answer all questions: a guess could restore data that it deleted.
    private func askServer() async -> Server? {
        guard let info = try? await api.runtimeInfo(), let flags = try? await api.flags(),
            let metric = try? await api.metric("prometheus_tsdb_head_min_time")
        else { return nil }
        var retention = PrometheusRetention(info.retention)
        if let share = try? await api.loadedConfiguration().retentionPercentage {
            retention.percentage = share
            if info.retention.isEmpty { retention.isUnclear = false }
        }
        // An empty head reports the greatest number.
        let head = metric >= 9.2e18 ? Int.max : Int(clamping: metric)
        return Server(
            flag: flags["storage.tsdb.path"] ?? data.path, folder: info.workingDirectory, retention: retention,
            head: head)
    }

    private func readLive(_ progress: WorkProgress) async throws -> [LiveBlock] {
        let names = await pool.run { data.blocks() }
        progress.update { $0.totalFiles = names.count }
        let found = LiveBlocks()
        try await names.concurrentForEach(limit: Self.width) { [pool, data] name in
            let path = "\(data.path)/\(name)"
            let report = try await pool.run { try BlockVerifier(path).verify() }
            progress.update { $0.files += 1 }
            // The server has compacted or deleted it meanwhile.
            guard FileManager.default.fileExists(atPath: path) else { return }
            found.add(LiveBlock(name: name, meta: report.meta, damage: report.damage))
        }
        return found.list
    }
}
