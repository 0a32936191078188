package import BackupRepository
internal import FoundationEssentials
internal import HTTP
internal import Logging
package import Platform

/// Archives a Loki that keeps its chunks in a file system, while it runs: the right order makes a snapshot unnecessary.
///
/// Changing files (write-ahead log, active index, stored index, rules) are copied first, into a private tree that is
/// kept between runs. The chunks, which never change, are read last, from their original folder.
package struct LokiSource: ComponentSource {
    package static let kind = "loki"

    let server: LokiAPI?
    let folders: LokiFolders
    private let flushes: Bool
    /// The tenants of the recovery checks.
    private let tenants: [String]
    let pool: BlockingPool
    /// Pauses between two readings of something that changes.
    private let pause: @Sendable () throws -> Void

    /// The longest time of a flush before the copy continues without it.
    private static let patienceWithFlush = Duration.seconds(120)

    /// - Parameters:
    ///   - server: nil if only Loki's files are known.
    ///   - data: absolute path of the server's `common.path_prefix` as mounted on this machine.
    ///   - chunks: the folder, if it is not `chunks` in `data`.
    ///   - rules: the folder, if it is not `rules` in `data`.
    ///   - wal: the write-ahead log, if it is not `wal` in `data`.
    ///   - flush: true makes the server write lines in memory into chunks first.
    ///   - tenants: the tenants of the recovery checks; empty if they name none.
    package init(
        server: LokiAPI?, data: String, chunks: String? = nil, rules: String? = nil, wal: String? = nil,
        flush: Bool = false, tenants: [String] = [], pool: BlockingPool,
        pause: @escaping @Sendable () throws -> Void = { try sleepUnlessCancelled(.milliseconds(200)) }
    ) {
        self.server = server
        folders = LokiFolders(data: data, chunks: chunks, rules: rules, wal: wal)
        flushes = flush
        self.tenants = tenants
        self.pool = pool
        self.pause = pause
    }

    var operation: String { "copy of '\(folders.data)'" }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        var warnings: [String] = []
        var facts = ["data": folders.data, "flush": "no"]
        let answers = try await askServer(&warnings)
        let isAway = server != nil && answers == nil
        let settings = await pool.run { answers?.settings ?? (isAway ? Self.remembered(context.state) : nil) }
        let layout = try await pool.run { [folders, operation] in
            if let answers { try folders.checkIsServers(answers.settings, operation) }
            let layout = try folders.layout(settings, operation)
            try folders.check(layout, operation)
            return layout
        }
        var flushed: Int?
        if let answers {
            facts.merge(answers.facts) { $1 }
            if answers.settings.usesObjectStorage {
                warnings.append(
                    "some schema periods keep their chunks in object storage: those are not in this backup")
            }
            if flushes {
                let start = Self.now()
                let isWhole = try await flush(&warnings)
                facts["flush"] = isWhole ? "yes" : "failed"
                if isWhole { flushed = start }
            }
        } else if flushes {
            warnings.append("nothing was flushed: lines that are not in chunks yet are in the write-ahead log only")
        }
        let moments = Moments(began: Self.now(), flushed: flushed)
        return try await pool.run { [warnings, facts] in
            try copy(
                context, answers: answers, settings: settings, layout: layout, moments: moments, warnings: warnings,
                facts: facts)
        }
    }

    /// Milliseconds since 1970.
    private struct Moments: Sendable {
        var began: Int
        /// The start of a flush that finished.
        var flushed: Int?
    }

    private static func now() -> Int { WallClock.system.milliseconds }

    private func copy(
        _ context: CaptureContext, answers: Answers?, settings: LokiSettings?, layout: LokiFolders.Layout,
        moments: Moments, warnings: [String], facts: [String: String]
    ) throws -> LokiCapture {
        let tree = try DocumentTree(in: context.state, run: context.run)
        do {
            var copy = LokiCopy(tree: tree, progress: context.progress, pause: pause)
            for folder in layout.folders { try copy.bring(folder) }
            if let answers {
                try tree.write(
                    LokiLayout.description, answers.settings.document(version: answers.version, moved: layout.moved))
            } else {
                _ = tree.keep(LokiLayout.description)
            }
            try tree.removeTheRest()
            var facts = facts
            var warnings = warnings + layout.warnings
            facts["copied_files"] = "\(copy.files)"
            context.logger.debug(
                "copied the changing files", metadata: ["files": "\(copy.files)", "new": "\(tree.changed)"])
            let damage = layout.missing + copy.damage
            let hasLog = layout.log.map { log in !damage.contains { Self.isPart($0.path, of: log) } } ?? false
            let hasLoggedLines = layout.log.map { Self.hasContent("\(tree.path)/\($0)") } ?? false
            facts["wal"] = hasLog ? "yes" : settings?.hasWriteAheadLog == false ? "off" : "missing"
            let bound = Self.bound(moments, settings: settings, hasLog: hasLog, warnings: &warnings)
            return LokiCapture(
                tree: tree, data: folders.data, chunks: layout.chunks,
                hidden: Set(folders.indexes(settings) + [LokiLayout.clusterSeed]), copied: damage, bound: bound,
                began: moments.began, hasLoggedLines: hasLoggedLines, facts: facts, warnings: warnings + copy.warnings,
                pool: pool)
        } catch {
            try? tree.release()
            throw error
        }
    }

    private static func isPart(_ path: String, of folder: String) -> Bool {
        path == folder || path.hasPrefix("\(folder)/")
    }

    private static func hasContent(_ folder: String) -> Bool {
        let files = TreeFiles(folder)
        while let batch = files.next() {
            if batch.contains(where: { ReadableFile("\(folder)/\($0)").map { $0.size > 0 } == true }) { return true }
        }
        return false
    }

    /// The time up to which the backup holds all lines. The write-ahead log has those in memory. Without it they are
    /// missing, and they may be as old as the oldest chunk that Loki has not flushed.
    private static func bound(
        _ moments: Moments, settings: LokiSettings?, hasLog: Bool, warnings: inout [String]
    ) -> Int? {
        if hasLog { return moments.began }
        if let flushed = moments.flushed { return flushed }
        let missing =
            "lines that were in Loki's memory only are not in this backup: there is no complete write-ahead log"
        guard let longest = settings?.longestInMemory else {
            warnings.append("\(missing). Its newest datum is not known")
            return nil
        }
        let minutes = (longest + 59_999) / 60_000
        warnings.append(
            "\(missing). A line can stay in memory for \(minutes) min (max_chunk_age and chunk_idle_period): lines up to "
                + "that long before the backup may be missing, and the newest datum does not count them. Turn on "
                + "ingester.wal, or set `flush: true`")
        return moments.began - longest
    }

    /// The settings that the previous backup recorded, for a server that does not answer now.
    private static func remembered(_ state: String) -> LokiSettings? {
        FileManager.default.contents(atPath: "\(state)/documents/\(LokiLayout.description)").flatMap {
            LokiSettings(document: [UInt8]($0))
        }
    }

    // MARK: The server

    struct Answers: Sendable {
        var version: String
        var settings: LokiSettings

        var facts: [String: String] {
            var facts = ["version": version]
            facts["schema"] = settings.periods.map(\.text).joined(separator: "; ")
            facts["path_prefix"] = settings.pathPrefix
            facts["auth_enabled"] = settings.isMultitenant.map { $0 ? "yes" : "no" }
            facts["retention"] = settings.retentionEnabled ? settings.retention : "off"
            return facts
        }
    }

    /// - Returns: nil when there is no server to query, or it does not answer, which costs the backup no data.
    private func askServer(_ warnings: inout [String]) async throws -> Answers? {
        guard let server else { return nil }
        do {
            return Answers(version: try await server.version(), settings: try await server.settings())
        } catch let error as ComponentError {
            warnings.append("dr could not read Loki's schema, and copies its files as they are: \(error)")
            return nil
        }
    }

    /// Starts a flush and waits until its queue is empty and the number of flushed chunks is constant.
    /// - Returns: true if it finished.
    private func flush(_ warnings: inout [String]) async throws -> Bool {
        guard let server else { return false }
        let (queue, flushed) = ("loki_ingester_flush_queue_length", "loki_ingester_chunks_flushed_total")
        do {
            try await server.flush()
            let deadline = ContinuousClock.now + Self.patienceWithFlush
            var last: Double?
            var quiet = 0
            while ContinuousClock.now < deadline {
                try await pool.run { [pause] in try pause() }
                let metrics = try await server.metrics([queue, flushed])
                guard let length = metrics[queue] else {
                    warnings.append("the end of the flush is not visible: /metrics has no \(queue)")
                    return false
                }
                // The queue is also empty before the flush has begun to fill it.
                quiet = length == 0 && metrics[flushed] == last ? quiet + 1 : 0
                last = metrics[flushed]
                if quiet == 3 { return true }
            }
            warnings.append("the flush did not end within \(Self.patienceWithFlush): the copy continued without it")
        } catch let error as ComponentError {
            warnings.append("the flush failed, and lines in memory are in the write-ahead log only: \(error)")
        }
        return false
    }
}

extension LokiSource {
    package func diagnose() async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        var answers: Answers?
        if let server {
            do {
                let (version, settings) = (try await server.version(), try await server.settings())
                try await pool.run { [folders, operation] in try folders.checkIsServers(settings, operation) }
                answers = Answers(version: version, settings: settings)
                let schemas = settings.periods.map(\.text).joined(separator: "; ")
                findings.append(Diagnosis(of: "server", .ok, "Loki \(version) at \(server.location), \(schemas)"))
            } catch let error as ComponentError where error.reason == .unreachable {
                findings.append(Diagnosis(of: "server", .warning, "\(error)"))
            } catch { findings.append(Diagnosis(of: "server", .failed, "\(error)")) }
        }
        let settings = answers?.settings
        let files = await pool.run { [folders, operation, tenants] in
            Self.diagnose(folders, settings: settings, operation: operation, checkedAs: tenants)
        }
        return files + findings
    }

    package func misplacement() async -> String? {
        guard let settings = try? await server?.settings() else { return nil }
        return await pool.run { [folders, operation] in
            do {
                try folders.checkIsServers(settings, operation)
                return nil
            } catch let error as ComponentError { return error.detail } catch { return "\(error)" }
        }
    }

    private static func diagnose(
        _ folders: LokiFolders, settings: LokiSettings?, operation: String, checkedAs tenants: [String]
    ) -> [Diagnosis] {
        let layout: LokiFolders.Layout
        do {
            layout = try folders.layout(settings, operation)
            try folders.check(layout, operation)
        } catch { return [Diagnosis(of: "data", .failed, "\(error)")] }
        var findings = [Diagnosis(of: "data", .ok, "\(folders.data), chunks in \(layout.chunks)")]
        findings += layout.missing.map { Diagnosis(of: $0.path, .warning, "not in a backup: \($0.reason)") }
        findings += layout.warnings.map { Diagnosis(of: "data", .warning, $0) }
        if settings?.hasWriteAheadLog == false {
            findings.append(
                Diagnosis(
                    of: "wal", .warning,
                    "the server has no write-ahead log: a backup lacks lines that are in memory only. Turn on "
                        + "ingester.wal, or set `flush: true`"))
        }
        if settings?.isMultitenant == true, tenants.isEmpty {
            let known = folders.tenants(in: layout.chunks, settings)
            let list = known.isEmpty ? "NAME" : known.prefix(8).joined(separator: ", ")
            findings.append(
                Diagnosis(
                    of: "tenants", .warning,
                    "every query must name its tenant (auth_enabled), and the checks name none: they get HTTP 401. Set "
                        + "`checks: {tenants: [\(list)]}`"))
        }
        return findings
    }
}
