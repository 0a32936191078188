package import Blocking
internal import FoundationEssentials
internal import HTTP
internal import Logging
package import Repository

/// Archives a Loki that keeps its chunks in a file system, while it runs: no snapshot is needed, only the right order.
///
/// What changes (write-ahead log, active index, stored index, rules) is copied first, into a private tree that is kept
/// between runs; the chunks, which never change, are read last and where they lie.
package struct LokiSource: ComponentSource {
    package static let kind = "loki"

    let server: LokiAPI?
    let folders: LokiFolders
    private let flushes: Bool
    let pool: BlockingPool
    /// Waits between two looks at something that changes.
    private let pause: @Sendable () throws -> Void

    /// How long a flush may take before the copy goes on without its end.
    private static let patienceWithFlush = Duration.seconds(120)

    /// - Parameters:
    ///   - server: nil where Loki is known by its files alone.
    ///   - data: absolute path of the server's `common.path_prefix` as this machine sees it.
    ///   - chunks: where it is not `chunks` in `data`.
    ///   - rules: where it is not `rules` in `data`.
    ///   - flush: have the server write what is in memory into chunks first.
    package init(
        server: LokiAPI?, data: String, chunks: String? = nil, rules: String? = nil, flush: Bool = false,
        pool: BlockingPool,
        pause: @escaping @Sendable () throws -> Void = { try sleepUnlessCancelled(.milliseconds(200)) }
    ) {
        self.server = server
        folders = LokiFolders(data: data, chunks: chunks, rules: rules)
        flushes = flush
        self.pool = pool
        self.pause = pause
    }

    var operation: String { "copy of '\(folders.data)'" }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        try await pool.run { [folders, operation] in try folders.check(operation) }
        var warnings: [String] = []
        var facts = ["data": folders.data, "flush": "no"]
        let answers = try await askServer(&warnings)
        if let answers {
            try await pool.run { [folders, operation] in try folders.checkIsServers(answers.settings, operation) }
            facts.merge(answers.facts) { $1 }
            if answers.settings.usesObjectStorage {
                warnings.append(
                    "some schema periods keep their chunks in object storage: those are not in this backup")
            }
            if flushes { facts["flush"] = try await flush(&warnings) ? "yes" : "failed" }
        } else if flushes {
            warnings.append("nothing was flushed: lines that are not in chunks yet are in the write-ahead log only")
        }
        let began = Int(Date().timeIntervalSince1970 * 1000)
        return try await pool.run { [warnings, facts] in
            try copy(context, answers, began: began, warnings: warnings, facts: facts)
        }
    }

    private func copy(
        _ context: CaptureContext, _ answers: Answers?, began: Int, warnings: [String], facts: [String: String]
    ) throws -> LokiCapture {
        let tree = try DocumentTree(in: context.state, run: context.run)
        do {
            var copy = LokiCopy(tree: tree, pause: pause)
            let (ordered, unreachable) = folders.inOrder(answers?.settings)
            for folder in ordered { try copy.bring(folder) }
            if let answers {
                try tree.write(LokiLayout.description, answers.settings.document(version: answers.version))
            } else {
                _ = tree.keep(LokiLayout.description)
            }
            try tree.removeTheRest()
            var facts = facts
            facts["copied_files"] = "\(copy.files)"
            context.logger.debug("copied what changes", metadata: ["files": "\(copy.files)", "new": "\(tree.changed)"])
            let outside = unreachable.map { "'\($0)' is outside of the server's path_prefix and not in this backup" }
            return LokiCapture(
                tree: tree, data: folders.data, chunks: folders.chunks,
                hidden: Set(folders.indexes(answers?.settings) + [LokiLayout.clusterSeed]), copied: copy.damage,
                began: began, facts: facts, warnings: warnings + outside + copy.warnings, pool: pool)
        } catch {
            try? tree.release()
            throw error
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
            facts["retention"] = settings.retentionEnabled ? settings.retention : "off"
            return facts
        }
    }

    /// - Returns: nil when there is no server to ask, or it does not answer, which costs the backup no data.
    private func askServer(_ warnings: inout [String]) async throws -> Answers? {
        guard let server else { return nil }
        do {
            return Answers(version: try await server.version(), settings: try await server.settings())
        } catch let error as ComponentError {
            warnings.append("Loki was not asked for its schema, its files are copied as they are: \(error)")
            return nil
        }
    }

    /// Starts a flush and waits until nothing is in its queue and the number of flushed chunks rests.
    /// - Returns: whether it came to its end.
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
                    warnings.append("whether the flush has ended cannot be seen: /metrics has no \(queue)")
                    return false
                }
                // The queue is empty before the flush has begun to fill it, too.
                quiet = length == 0 && metrics[flushed] == last ? quiet + 1 : 0
                last = metrics[flushed]
                if quiet == 3 { return true }
            }
            warnings.append("the flush did not end within \(Self.patienceWithFlush): the copy went on without it")
        } catch let error as ComponentError {
            warnings.append("the flush failed, what is in memory is in the write-ahead log only: \(error)")
        }
        return false
    }
}

extension LokiSource {
    package func diagnose() async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        do {
            try await pool.run { [folders, operation] in try folders.check(operation) }
            findings.append(Diagnosis("data", .ok, "\(folders.data), chunks in \(folders.chunks)"))
        } catch { findings.append(Diagnosis("data", .failed, "\(error)")) }
        guard let server else { return findings }
        do {
            let (version, settings) = (try await server.version(), try await server.settings())
            try await pool.run { [folders, operation] in try folders.checkIsServers(settings, operation) }
            let schemas = settings.periods.map(\.text).joined(separator: "; ")
            findings.append(Diagnosis("server", .ok, "Loki \(version) at \(server.location), \(schemas)"))
        } catch let error as ComponentError where error.reason == .unreachable {
            findings.append(Diagnosis("server", .warning, "\(error)"))
        } catch { findings.append(Diagnosis("server", .failed, "\(error)")) }
        return findings
    }
}
