internal import Documents
package import Foundation

/// A stand-in for Loki: the part of its HTTP API that `dr` and its checks use, over a directory of real chunks.
package final class LokiStandIn: Sendable {
    package struct Options: Sendable {
        package var port: UInt16?
        package var isMultitenant = true
        package var version = "3.4.6"
        /// The data directory that `/config` reports; nil for the real one.
        package var pathPrefix: String?
        /// The start days of the schema's periods, with schema and store: ("2024-04-01", "v13", "tsdb").
        package var periods = [(from: "2024-04-01", schema: "v13", store: "tsdb")]
        package var objectStore = "filesystem"
        /// The value of `limits_config.retention_period`; nil disables retention.
        package var retention: String?
        /// The locations of the server's parts. The schema's periods define the index store.
        package var places = LokiStore.Places()
        /// The value of `ingester.chunk_idle_period`.
        package var chunkIdle = "30m0s"
        /// The value of `ingester.max_chunk_age`.
        package var longestChunk = "2h0m0s"
        /// The duration of a flush after its response.
        package var flushDelay = Duration.milliseconds(100)

        package init() {}
    }

    package let store: LokiStore
    package let server: StandInServer
    package var url: String { server.url }

    /// - Parameters:
    ///   - data: the server's `common.path_prefix`, which is created if it is missing.
    ///   - contract: nil to skip the validation.
    package init(data: URL, contract: APIContract? = nil, _ options: Options = Options()) async throws {
        var places = options.places
        places.index = options.periods.last.flatMap { LokiStore.Places.Index(rawValue: $0.store) } ?? .tsdb
        let store = try LokiStore(data: data, places: places)
        self.store = store
        let routes = LokiRoutes(store: store, options: options)
        server = try await StandInServer("Loki", port: options.port, contract: contract) { routes.answer($0) }
    }

    package func stop() async { await server.stop() }
}

/// The supported requests.
private struct LokiRoutes: Sendable {
    let store: LokiStore
    let options: LokiStandIn.Options

    func answer(_ request: StandInRequest) -> StandInAnswer {
        switch (request.method, request.path) {
        case ("GET", "/ready"): return .text(200, "ready\n")
        case ("POST", "/flush"), ("GET", "/flush"): return flush()
        case ("POST", "/loki/api/v1/push"): return withTenant(request) { push(request, tenant: $0) }
        case ("GET", "/metrics"): return .text(200, metrics)
        case ("GET", "/config"): return .text(200, configuration)
        case ("GET", "/loki/api/v1/status/buildinfo"):
            return .json(
                200,
                ["version": .string(options.version), "revision": "stand-in", "branch": "HEAD", "goVersion": "none"])
        case ("GET", "/loki/api/v1/labels"):
            return withTenant(request) { tenant in
                let names = store.lines(tenant: tenant) { _ in true }.keys.flatMap(\.keys)
                return success(.array(Set(names).sorted().map { .string($0) }))
            }
        case ("GET", "/loki/api/v1/query"): return withTenant(request) { instant(request, tenant: $0) }
        case ("GET", "/loki/api/v1/rules"): return withTenant(request, rules)
        case ("POST", "/loki/api/v1/delete"): return withTenant(request) { requestDeletion(request, tenant: $0) }
        case ("GET", "/loki/api/v1/delete"): return withTenant(request, deletions)
        case ("GET", "/loki/api/v1/query_range"): return withTenant(request) { query(request, tenant: $0) }
        case ("GET", "/loki/api/v1/index/stats"): return withTenant(request) { statistics(request, tenant: $0) }
        default:
            let parts = request.segments
            guard request.method == "GET", parts.count == 6, parts[3] == "label", parts[5] == "values" else {
                return .text(404, "404 page not found\n")
            }
            return withTenant(request) { tenant in
                let values = store.lines(tenant: tenant) { _ in true }.keys.compactMap { $0[parts[4]] }
                return success(.array(Set(values).sorted().map { .string($0) }))
            }
        }
    }

    private func flush() -> StandInAnswer {
        let pending = store.enqueue()
        Task { [store, options] in
            try await Task.sleep(for: options.flushDelay)
            for chunk in pending { try store.write(chunk) }
        }
        return StandInAnswer(204)
    }

    private var metrics: String {
        """
        # HELP loki_ingester_flush_queue_length The total number of series pending in the flush queue.
        # TYPE loki_ingester_flush_queue_length gauge
        loki_ingester_flush_queue_length \(store.queued)
        # TYPE loki_ingester_chunks_flushed_total counter
        loki_ingester_chunks_flushed_total{reason="forced"} \(store.flushed)
        loki_ingester_chunks_flushed_total{reason="idle"} 0

        """
    }

    private var configuration: String {
        let prefix = options.pathPrefix ?? store.data.path
        func place(_ folder: URL) -> String {
            let path = folder.path
            return path.hasPrefix("\(store.data.path)/") ? prefix + path.dropFirst(store.data.path.count) : path
        }
        let (chunks, rules, wal) = (place(store.chunks), place(store.rules), place(store.wal))
        let periods = options.periods.map { period in
            """
              - from: "\(period.from)"
                store: \(period.store)
                object_store: \(options.objectStore)
                schema: \(period.schema)
                index:
                  path_prefix: index/
                  prefix: index_
                  period: 24h
            """
        }
        return """
            target: all
            auth_enabled: \(options.isMultitenant)
            common:
              path_prefix: \(prefix)
              storage:
                filesystem:
                  chunks_directory: \(chunks)
                  rules_directory: \(rules)
            ingester:
              chunk_idle_period: \(options.chunkIdle)
              max_chunk_age: \(options.longestChunk)
              flush_check_period: 30s
              wal:
                enabled: \(store.hasLog)
                dir: \(wal)
            ruler:
              storage:
                type: local
                local:
                  directory: \(rules)
            storage_config:
              filesystem:
                directory: \(chunks)
              boltdb_shipper:
                active_index_directory: \(prefix)/boltdb-shipper-active
              tsdb_shipper:
                active_index_directory: \(prefix)/tsdb-shipper-active
            schema_config:
              configs:
            \(periods.joined(separator: "\n"))
            compactor:
              working_directory: \(place(store.compactor))
              retention_enabled: \(options.retention != nil)
            limits_config:
              retention_period: \(options.retention ?? "0s")

            """
    }

    private func push(_ request: StandInRequest, tenant: String) -> StandInAnswer {
        for stream in request.json?["streams"]?.array ?? [] {
            let labels = (stream["stream"]?.object ?? [:]).compactMapValues(\.text)
            let lines = (stream["values"]?.array ?? []).compactMap { entry -> LokiChunk.Line? in
                guard let pair = entry.array, pair.count == 2, let time = pair[0].integer, let text = pair[1].text
                else { return nil }
                return LokiChunk.Line(time: time, text: Array(text.utf8))
            }
            guard !labels.isEmpty, !lines.isEmpty else {
                return .text(400, "error at least one label pair is required\n")
            }
            do { try store.push(tenant: tenant, labels: labels, lines: lines) } catch {
                return .text(500, "\(error)\n")
            }
        }
        return StandInAnswer(204)
    }

    // MARK: Queries

    private func withTenant(_ request: StandInRequest, _ body: (String) -> StandInAnswer) -> StandInAnswer {
        guard options.isMultitenant else { return body("fake") }
        guard let tenant = request.headers["x-scope-orgid"] else { return .text(401, "no org id\n") }
        return body(tenant)
    }

    private func success(_ data: JSONValue) -> StandInAnswer { .json(200, ["status": "success", "data": data]) }

    private func query(_ request: StandInRequest, tenant: String) -> StandInAnswer {
        guard let isWanted = selector(request.query["query"]) else { return .text(400, "parse error\n") }
        let limit = request.query["limit"].flatMap { Int($0) } ?? 100
        guard limit <= 5000 else {
            return .text(400, "max entries limit per query exceeded, limit > max_entries_limit\n")
        }
        let times =
            (request.query["start"].flatMap { Int($0) } ?? 0)..<(request.query["end"].flatMap { Int($0) } ?? .max)
        let isBackward = request.query["direction"] != "forward"
        var all = store.lines(tenant: tenant, where: isWanted).flatMap { labels, lines in
            lines.filter { times.contains($0.time) }.map { (labels: labels, line: $0) }
        }
        all.sort { isBackward ? $0.line.time > $1.line.time : $0.line.time < $1.line.time }
        let streams = Dictionary(grouping: all.prefix(limit)) { $0.labels }.map { labels, entries -> JSONValue in
            [
                "stream": .object(labels.mapValues { .string($0) }),
                "values": .array(
                    entries.map {
                        .array([.string("\($0.line.time)"), .string(String(decoding: $0.line.text, as: UTF8.self))])
                    }),
            ]
        }
        return success(["resultType": "streams", "result": .array(streams), "stats": [:]])
    }

    /// Handles an instant query that counts lines: `sum(count_over_time({app="a"}[1h]))`, or without `sum` by stream.
    private func instant(_ request: StandInRequest, tenant: String) -> StandInAnswer {
        var query = request.query["query"] ?? ""
        let isSum = query.hasPrefix("sum(")
        if isSum { query = String(query.dropFirst(4).dropLast()) }
        guard query.hasPrefix("count_over_time("), query.hasSuffix(")"), let bracket = query.lastIndex(of: "["),
            let isWanted = selector(String(query[..<bracket].dropFirst("count_over_time(".count))),
            let hours = Int(query[bracket...].dropFirst().dropLast(3)),
            let end = request.query["time"].flatMap({ Int($0) })
        else { return .text(400, "parse error\n") }
        let times = (end - hours * 3_600_000_000_000 + 1)...end
        let counts = store.lines(tenant: tenant, where: isWanted).mapValues { lines in
            lines.count { times.contains($0.time) }
        }.filter { $0.value > 0 }
        func sample(_ labels: [String: String], _ count: Int) -> JSONValue {
            [
                "metric": .object(labels.mapValues { .string($0) }),
                "value": .array([JSONValue(end / 1_000_000_000), .string("\(count)")]),
            ]
        }
        let total = counts.values.reduce(0, +)
        let result = isSum ? (total > 0 ? [sample([:], total)] : []) : counts.map(sample)
        return success(["resultType": "vector", "result": .array(result), "stats": [:]])
    }

    // MARK: Rules and deletion requests

    private func rules(tenant: String) -> StandInAnswer {
        let folder = store.rules.appending(path: tenant)
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
        guard !names.isEmpty else { return .text(404, "no rule groups found\n") }
        let files = names.map { name in
            "\(name):\n" + ((try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? "")
        }
        return .text(200, files.joined())
    }

    private func requestDeletion(_ request: StandInRequest, tenant: String) -> StandInAnswer {
        guard let query = request.query["query"], selector(query) != nil else { return .text(400, "invalid query\n") }
        do { try store.requestDeletion("\(tenant)/\(query)") } catch { return .text(500, "\(error)\n") }
        return StandInAnswer(204)
    }

    private func deletions(tenant: String) -> StandInAnswer {
        let own = store.deletions.filter { $0.hasPrefix("\(tenant)/") }
        return .json(
            200,
            .array(own.map { ["query": .string(String($0.dropFirst(tenant.count + 1))), "status": "received"] }))
    }

    private func statistics(_ request: StandInRequest, tenant: String) -> StandInAnswer {
        guard let isWanted = selector(request.query["query"]) else { return .text(400, "parse error\n") }
        let found = store.lines(tenant: tenant, where: isWanted)
        return .json(
            200,
            [
                "streams": JSONValue(found.count), "chunks": JSONValue(store.visibleChunks(tenant: tenant).count),
                "bytes": JSONValue(found.values.joined().reduce(0) { $0 + $1.text.count }),
                "entries": JSONValue(found.values.reduce(0) { $0 + $1.count }),
            ])
    }

    /// Parses a LogQL selector. Only equality of labels is supported: `{app="a",env="b"}`.
    private func selector(_ query: String?) -> (([String: String]) -> Bool)? {
        guard let query, query.hasPrefix("{"), query.hasSuffix("}") else { return nil }
        var wanted: [String: String] = [:]
        for matcher in query.dropFirst().dropLast().split(separator: ",") {
            let parts = matcher.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[1].hasPrefix("\""), parts[1].hasSuffix("\"") else { return nil }
            wanted[parts[0].trimmingCharacters(in: .whitespaces)] = String(parts[1].dropFirst().dropLast())
        }
        return { labels in wanted.allSatisfy { labels[$0.key] == $0.value } }
    }
}
