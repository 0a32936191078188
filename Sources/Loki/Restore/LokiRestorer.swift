package import BackupRepository
package import Platform
internal import Synchronization

/// Checks a restored Loki, and gives advice before its start.
package struct LokiRestorer: ComponentRestorer {
    package static let kind = "loki"

    private static let width = 2
    private static let traits = RunningServer.Traits(
        flag: "common.path-prefix", folders: [LokiLayout.wal, "tsdb-shipper-active", "boltdb-shipper-active"])

    let server: LokiAPI?
    let pool: BlockingPool
    let now: @Sendable () -> Int
    /// Absolute paths of the server's data, and of its chunks if they are elsewhere.
    let (home, chunksFolder): (String?, String?)

    /// - Parameters:
    ///   - server: the server that will use the data, if one is configured; its schema and retention are read if it
    ///     answers.
    ///   - now: milliseconds since 1970.
    ///   - data, chunks: as for ``LokiSource``; nil without settings.
    package init(
        server: LokiAPI?, pool: BlockingPool, now: @escaping @Sendable () -> Int, data: String? = nil,
        chunks: String? = nil
    ) {
        home = data
        chunksFolder = chunks
        self.server = server
        self.pool = pool
        self.now = now
    }

    package func inspector(of path: String) -> (any ContentInspector)? { LokiInspection.inspector(of: path) }

    /// Reads every chunk and every stored index file from the disk.
    package func examine(restored tree: String) async throws -> [Damage] {
        let files = TreeFiles(tree)
        let found = Mutex([Damage]())
        try await (0..<Self.width).concurrentForEach(limit: Self.width) { [pool] _ in
            let damage = try await pool.run {
                var damage: [Damage] = []
                var buffer = [UInt8](repeating: 0, count: 256 << 10)
                while let batch = files.next() {
                    for path in batch {
                        try Task.checkCancellation()
                        damage += Self.check(path, at: "\(tree)/\(path)", &buffer)
                    }
                }
                return damage
            }
            found.withLock { $0 += damage }
        }
        let unreadable = files.unreadable.map { Damage(path: $0.path, reason: $0.reason) }
        return (found.withLock { $0 } + unreadable).sorted { $0.path < $1.path }
    }

    /// Inspects one file.
    /// - Parameters:
    ///   - path: in an archived tree.
    ///   - file: its absolute path.
    static func check(_ path: String, at file: String, _ buffer: inout [UInt8]) -> [Damage] {
        LokiInspection.inspector(of: path)?.inspect(path, at: file, &buffer) ?? []
    }

    package func obstacles(to target: String) async -> [String] {
        await pool.run { RunningServer(on: target, Self.traits).signs() }
    }

    package func newestDatum(of path: String) -> Int? {
        guard case .chunk(let name) = LokiPath(path) else { return nil }
        return name.through
    }

    package func notes(on slice: RestoreSlice) -> [String] {
        guard !slice.tenants.isEmpty || slice.times.upperBound != .max else { return [] }
        let reason = slice.tenants.isEmpty ? "--until" : "--tenant"
        return [
            "the write-ahead log is not part of a slice with \(reason): it holds lines of all tenants. Lines that were "
                + "not in chunks yet are missing, at Loki's defaults up to two hours; `dr restore` without \(reason) has "
                + "them"
        ]
    }

    /// A slice of tenants and times holds the chunks that overlap it, the index that may refer to them, the tenants'
    /// rules and all requests for deletion. Files about all tenants are kept complete.
    package func isWanted(_ path: String, in slice: RestoreSlice) -> Bool {
        switch LokiPath(path) {
        case .chunk(let name):
            slice.contains(tenant: name.tenant) && name.from <= slice.times.upperBound
                && name.through >= slice.times.lowerBound
        case .index(let name):
            name.tenant.map(slice.contains(tenant:)) ?? true && name.overlaps(slice.times)
        case .rule(let tenant): slice.contains(tenant: tenant)
        // The newest lines of all tenants, which cannot be separated by name.
        case .writeAheadLog: slice.tenants.isEmpty && slice.times.upperBound == .max
        case .misnamedChunk: false
        case .deleteRequests, .activeBolt, .activeIndex, .activeLog, .other: true
        }
    }
}
