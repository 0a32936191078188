package import BackupRepository
internal import FoundationEssentials
internal import Glibc
internal import Platform

extension LokiRestorer {
    package var canRebuildIndex: Bool { true }

    package func isIndex(_ path: String) -> Bool {
        switch LokiPath(path) {
        case .index, .activeBolt, .activeIndex, .activeLog: true
        default: false
        }
    }

    package func rebuildIndex(of tree: String, inUse: Bool) async throws -> IndexRebuild {
        // The settings of the server that has the data, and of the backup before it was restored: a server that answers
        // may know other periods than those of the data.
        let recorded = await pool.run {
            FileManager.default.contents(atPath: "\(tree)/\(LokiLayout.description)")
                .flatMap { LokiSettings.periods(inDocument: [UInt8]($0)) }
        }
        let answered = try? await server?.settings().periods
        let known = (inUse ? answered ?? recorded : recorded ?? answered) ?? []
        let chunks = (inUse && tree == home ? chunksFolder : nil) ?? "\(tree)/\(LokiLayout.chunks)"
        guard await pool.run({ access(chunks, R_OK | W_OK | X_OK) == 0 }) else {
            throw ComponentError(
                .other, operation: "index of '\(tree)'", "'\(chunks)' is not a folder that dr can read and write",
                hint: "--to takes the server's common.path_prefix, in which the chunks are in 'chunks'")
        }
        let usual = await pool.run { Self.usualPeriod(chunks) }
        let periods = IndexPeriods(known.isEmpty ? [usual] : known)
        let workplace = await pool.run { Self.isSameFileSystem(tree, chunks) ? tree : chunks }
        let rebuilder = IndexRebuilder(chunks: chunks, periods: periods, workplace: workplace, now: now())
        var rebuild = try await pool.run { try rebuilder.run() }
        rebuild.advice = known.isEmpty ? [Self.advice(unknown: usual)] : Self.advice(periods)
        return rebuild
    }

    private static func isSameFileSystem(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev
    }

    /// Loki's usual schema, with the prefix of the tables that are there.
    private static func usualPeriod(_ chunks: String) -> LokiSettings.Period {
        var usual = LokiSettings.Period(from: "1970-01-01", store: "tsdb", schema: "v13")
        let tables = ((try? FolderEntries.read("\(chunks)/index")) ?? []).map(\.name).filter {
            IndexName.day(of: $0) != nil
        }
        let prefixes = Set(tables.map { String($0.reversed().drop { $0.isNumber }.reversed()) })
        if prefixes.count == 1, let prefix = prefixes.first { usual.prefix = prefix }
        return usual
    }

    private static func advice(unknown period: LokiSettings.Period) -> String {
        "dr does not know Loki's schema_config, and wrote the index for schema \(period.schema) with tables "
            + "\(period.prefix) in \(period.pathPrefix). If they differ, set `url:` and repeat the command while Loki answers"
    }

    private static func advice(_ periods: IndexPeriods) -> [String] {
        periods.all.filter { $0.store != "tsdb" }.map { period in
            "the period from \(period.from) has the store '\(period.store)', whose index dr cannot write: dr wrote a TSDB "
                + "index for it. Set `store: tsdb` for this period in schema_config before Loki's start, and keep its "
                + "`from`, `schema: \(period.schema)` and prefixes"
        }
    }
}
