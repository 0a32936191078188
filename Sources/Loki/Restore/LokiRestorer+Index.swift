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
        let periods = IndexPeriods(known)
        let chunks = (inUse && tree == home ? chunksFolder : nil) ?? "\(tree)/\(LokiLayout.chunks)"
        guard await pool.run({ access(chunks, R_OK | W_OK | X_OK) == 0 }) else {
            throw ComponentError(
                .other, operation: "index of '\(tree)'", "'\(chunks)' is not a folder that dr can read and write",
                hint: "--to takes the server's common.path_prefix, in which the chunks are in 'chunks'")
        }
        let workplace = await pool.run { Self.isSameFileSystem(tree, chunks) ? tree : chunks }
        let rebuilder = IndexRebuilder(chunks: chunks, periods: periods, workplace: workplace, now: now())
        var rebuild = try await pool.run { try rebuilder.run() }
        rebuild.advice = Self.advice(periods)
        return rebuild
    }

    private static func isSameFileSystem(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev
    }

    private static func advice(_ periods: IndexPeriods) -> [String] {
        guard !periods.isEmpty else {
            return [
                "dr does not know Loki's schema_config, and wrote the index for its usual settings: tables index_ in "
                    + "index/, schema v13. If they differ, set `url:` and repeat the command while Loki answers"
            ]
        }
        return periods.all.filter { $0.store != "tsdb" }.map { period in
            "the period from \(period.from) has the store '\(period.store)', whose index dr cannot write: dr wrote a TSDB "
                + "index for it. Set `store: tsdb` for this period in schema_config before Loki's start, and keep its "
                + "`from`, `schema: \(period.schema)` and prefixes"
        }
    }
}
