package import BackupRepository
internal import Glibc
internal import Platform
internal import Synchronization

/// Puts back chunks of a Loki that are damaged or missing. It does not touch the index and the write-ahead log.
package struct LokiHealer: ComponentHealer {
    private static let width = 2

    private let folders: LokiFolders
    private let server: LokiAPI?
    private let pool: BlockingPool
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - server: nil if none is configured.
    ///   - now: milliseconds since 1970.
    init(folders: LokiFolders, server: LokiAPI?, pool: BlockingPool, now: @escaping @Sendable () -> Int) {
        self.folders = folders
        self.server = server
        self.pool = pool
        self.now = now
    }

    package func heal(_ request: HealRequest) async throws -> HealReport {
        let operation = "heal '\(folders.data)'"
        let settings = try? await server?.settings()
        let layout = try await pool.run { [folders] in
            if let settings { try folders.checkIsServers(settings, operation) }
            let layout = try folders.layout(settings, operation)
            try folders.check(layout, operation)
            return layout
        }
        request.progress.begin("reading live chunks")
        let found = try await readLive(layout.chunks, request.progress)
        var run = ChunkHeal(
            chunks: layout.chunks, data: folders.data, pool: pool, request: request,
            deletion: ChunkDeletion(settings: settings, now: now()), damage: found.damage)
        run.report.examined = found.examined
        if settings == nil {
            run.report.notes.append("the server does not answer, so it is not known whether it deletes old chunks")
        }
        return try await run.run()
    }

    /// Reads every live chunk.
    /// - Returns: the damage by the chunk's path below the chunks directory.
    private func readLive(
        _ chunks: String, _ progress: WorkProgress
    ) async throws -> (examined: Int, damage: [String: [Damage]]) {
        let files = TreeFiles(chunks)
        let found = Mutex((examined: 0, damage: [String: [Damage]]()))
        try await (0..<Self.width).concurrentForEach(limit: Self.width) { [pool] _ in
            try await pool.run {
                var buffer = [UInt8](repeating: 0, count: 256 << 10)
                while let batch = files.next() {
                    for path in batch {
                        try Task.checkCancellation()
                        guard ChunkName(path) != nil else { continue }
                        let damage = LokiRestorer.check(
                            "\(LokiLayout.chunks)/\(path)", at: "\(chunks)/\(path)", &buffer)
                        // The server has deleted it meanwhile.
                        guard damage.isEmpty || access("\(chunks)/\(path)", F_OK) == 0 else { continue }
                        found.withLock {
                            $0.examined += 1
                            if !damage.isEmpty { $0.damage[path] = damage }
                        }
                        progress.update { $0.files += 1 }
                    }
                }
            }
        }
        if let folder = files.unreadable.first {
            throw ComponentError(
                .misconfigured, operation: "read '\(chunks)/\(folder.path)'", folder.reason,
                hint: "run as the server's user or as root")
        }
        return found.withLock { $0 }
    }
}

/// Decides why a chunk of a backup may be absent.
struct ChunkDeletion: Sendable {
    enum Verdict: Equatable, Sendable {
        /// Nothing that the server does explains its absence.
        case missing
        case expired
        /// The server may have deleted it, for this reason.
        case maybeDeleted(String)
    }

    private let deletes: Bool?
    private let retention: Int?
    private let now: Int

    /// - Parameters:
    ///   - settings: nil if the server does not answer.
    ///   - now: milliseconds since 1970.
    init(settings: LokiSettings?, now: Int) {
        deletes = settings?.retentionEnabled
        retention = settings?.retention.flatMap(LokiDuration.parse)
        self.now = now
    }

    /// Only the compactor deletes chunks, and only with `retention_enabled`: by retention, or by a request.
    func verdict(on chunk: ChunkName) -> Verdict {
        switch deletes {
        case false: return .missing
        case true:
            if let retention, retention > 0, now.subtractingClamped(chunk.through) > retention { return .expired }
            return .maybeDeleted("the server may have deleted it, by a retention or a request")
        case nil: return .maybeDeleted("the server does not answer, so it may have deleted it")
        }
    }
}
