import Foundation
import Lab

/// Measures how often hourly backups of a real Prometheus store the same samples: the head is a new block in each
/// snapshot, and compaction writes blocks anew. The week passes in minutes, because a head is cut by the times of its
/// samples.
struct BenchWeek {
    var tool: DRTool
    var hours: Int
    var work: URL
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var hours: Int
        var series: Int
        /// The bytes of all samples as blocks of two hours, each stored once.
        var ingested: Int
        var ways: [Way]

        /// A way to store the week.
        struct Way: Encodable, Sendable {
            var name: String
            /// Bytes that all backups added to the repository.
            var stored: Int
        }

        /// Bytes that a way stores for each byte that the server ingests.
        func amplification(of way: Way) -> Double { Double(way.stored) / Double(max(ingested, 1)) }
    }

    private static let series = 500
    /// Seconds between samples.
    private static let step = 15

    /// One way: a server, and the settings of its backups.
    private struct Way {
        var name: String
        /// True if the server never writes a block anew.
        var keepsBlocks: Bool
        var skipsHead: Bool
        var folder: URL
        var repository: URL { folder.appending(path: "repository") }
        var configuration: String { folder.appending(path: "dr.yaml").path }
    }

    func run() async throws -> Result {
        let compacting = try await server("compacting")
        let keeping = try await server("keeping", ["--storage.tsdb.max-block-duration=2h"])
        let ways = [
            way("defaults", keepsBlocks: false, skipsHead: false),
            way("skip_head", keepsBlocks: false, skipsHead: true),
            way("blocks of two hours", keepsBlocks: true, skipsHead: false),
            way("blocks of two hours, skip_head", keepsBlocks: true, skipsHead: true),
        ]
        for way in ways { try await prepare(way, way.keepsBlocks ? keeping : compacting) }
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200
        var walks = (0..<Self.series).map { RandomWalk(number: $0) }
        for hour in 0..<hours {
            let start = end - (hours - hour) * 3600
            let writes = walks.indices.map { walks[$0].hour(from: start, step: Self.step) }
            for server in [compacting, keeping] { try await RemoteWrite.send(writes, to: server) }
            // A snapshot waits for the compaction that the samples caused.
            for way in ways { try await dr("backup", way) }
            if hour % 24 == 23 { say("a week of backups: day \((hour + 1) / 24)") }
        }
        var result = Result(hours: hours, series: Self.series, ingested: 0, ways: [])
        for way in ways { result.ways.append(.init(name: way.name, stored: try BenchSize.ofFiles(in: way.repository))) }
        try await compacting.stop()
        try await keeping.stop()
        for name in try FileManager.default.contentsOfDirectory(atPath: keeping.data.path) {
            let block = keeping.data.appending(path: name)
            guard FileManager.default.fileExists(atPath: block.appending(path: "meta.json").path) else { continue }
            result.ingested += try BenchSize.ofFiles(in: block)
        }
        return result
    }

    private func way(_ name: String, keepsBlocks: Bool, skipsHead: Bool) -> Way {
        let folder = work.appending(path: "\(keepsBlocks ? "keeping" : "compacting")-\(skipsHead ? "blocks" : "head")")
        return Way(name: name, keepsBlocks: keepsBlocks, skipsHead: skipsHead, folder: folder)
    }

    private func server(_ name: String, _ arguments: [String] = []) async throws -> PrometheusServer {
        let folder = work.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var options = PrometheusServer.Options()
        options.scrapesItself = false
        options.arguments = ["--web.enable-remote-write-receiver"] + arguments
        return try await .start(data: folder.appending(path: "data"), folder: folder, options)
    }

    private func prepare(_ way: Way, _ server: PrometheusServer) async throws {
        try FileManager.default.createDirectory(at: way.folder, withIntermediateDirectories: true)
        // One backup an hour in reality, hundreds an hour here: none of them may go.
        try """
        store: {url: "file://\(way.repository.path)"}
        state: "\(way.folder.path)/state"
        checks: {record: false}
        components:
          prometheus: {url: "\(server.url)", data: "\(server.data.path)", skip_head: \(way.skipsHead)}

        """.write(toFile: way.configuration, atomically: true, encoding: .utf8)
        try await dr("init", way)
    }

    private func dr(_ command: String, _ way: Way) async throws {
        try await MeasuredProcess.run(
            [tool.program, "--config", way.configuration, "--no-progress", command],
            log: work.appending(path: "command.log").path
        ).requireSuccess()
    }
}

/// A series as monitoring has them: a counter that rises at an uneven rate, or a gauge that wanders.
private struct RandomWalk {
    let number: Int
    private var value: Double
    private var state: UInt64

    init(number: Int) {
        self.number = number
        value = Double(number * 10)
        state = UInt64(number) &+ 1
    }

    /// Returns an hour of samples.
    mutating func hour(from start: Int, step: Int) -> RemoteWrite {
        let labels = [
            "__name__": number.isMultiple(of: 2) ? "requests_total" : "queue_length",
            "instance": "server-\(number / 20)",
            "handler": "/api/v1/\(number % 20)",
        ]
        let times = stride(from: start, to: start + 3600, by: step)
        return RemoteWrite(labels, times.map { (time: $0 * 1000, value: next()) })
    }

    private mutating func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let drawn = Int(state >> 33) % 100
        value += number.isMultiple(of: 2) ? Double(drawn % 10) : Double(drawn - 50) / 10
        return value
    }
}
