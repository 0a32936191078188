import ArgumentParser
import Foundation
import Lab

/// The whole road in one go: a living Prometheus is backed up, destroyed, restored, and asked the same questions again.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Back up a real Prometheus, destroy its data, restore it, and compare the answers.")

    @Flag(name: .long, help: "Keep the backups in a real S3 server instead of a directory.")
    var s3 = false

    @Option(name: .long, help: "The dr to show; by default the one beside this program.")
    var dr: String?

    func run() async throws {
        let folder = try TemporaryFolder("demo")
        let stage = try Stage(folder: folder, dr: dr)

        stage.say("A Prometheus with six hours of history, scraping itself every second")
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        let history = OpenMetricsHistory(interval: end - 6 * 3600...end, step: 15, instances: 8)
        let data = folder.url.appending(path: "prometheus")
        let samples = try await history.makeBlocks(in: data)
        var prometheus = try await PrometheusServer.start(data: data, folder: folder.url)
        try await prometheus.waitForSeries("count(up)")
        stage.tell("\(prometheus.url), \(samples) samples in blocks, more in memory; data in \(data.path)")

        let store = s3 ? try await stage.startS3() : "file://\(folder.path)/repository"
        try stage.writeConfiguration(store: store, prometheus: prometheus.url, data: data.path)

        stage.say("A first backup, then another right away: only what is new is stored")
        try await stage.dr("init")
        try await stage.dr("backup")
        try await stage.dr("backup")
        try await stage.dr("list")

        stage.say("Is it all there, byte for byte?")
        try await stage.dr("verify", "--read-data")

        stage.say("Questions for later: asked of the living server, about times that are in the backup")
        let watermark = try await stage.watermark()
        var queries = PrometheusQueryProbe(OpenMetricsHistory.expressions, over: end - 5 * 3600...end, times: 8).queries
        queries +=
            PrometheusQueryProbe(
                ["sum(prometheus_tsdb_head_samples_appended_total)", "count({__name__=~\".+\"})", "up"],
                over: watermark - 2...watermark, times: 2
            ).queries
        let probe = PrometheusQueryProbe(queries)
        let before = try await probe.answers(of: prometheus)
        stage.tell("\(queries.count) queries answered")

        stage.say("Disaster: the server is killed and its data are gone")
        await prometheus.stop(gracefully: false)
        try FileManager.default.removeItem(at: data)
        stage.tell("removed \(data.path)")

        stage.say("Recovery")
        let began = ContinuousClock.now
        try await stage.dr("restore", "--component", "prometheus", "--to", data.path)
        prometheus = try await PrometheusServer.start(data: data, folder: folder.url)
        let recovery = ContinuousClock.now - began
        let after = try await probe.answers(of: prometheus)
        let comparison = probe.compare(before, after)
        stage.tell(
            "data restored and server ready after \(recovery.formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 1))))"
        )
        await prometheus.stop()
        await stage.end()

        stage.say("Proof")
        for query in comparison.differing { stage.tell("differs: \(query)") }
        print("\(comparison.compared) queries compared, \(comparison.differing.count) differ")
        guard comparison.differing.isEmpty, comparison.compared > comparison.empty else { throw ExitCode(4) }
    }
}

/// Shows what is done, and runs `dr` as a user would.
private final class Stage {
    private let folder: TemporaryFolder
    private let executable: String
    private var environment: [String: String] = [:]
    private var step = 0
    private var s3: SeaweedFS?

    init(folder: TemporaryFolder, dr: String?) throws {
        self.folder = folder
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "dr").path
        executable = URL(filePath: dr ?? beside).absoluteURL.path
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw ValidationError("there is no dr at '\(executable)'; build it, or name it with --dr")
        }
    }

    func say(_ text: String) {
        step += 1
        print("\n\(step). \(text)")
    }

    func tell(_ text: String) { print("   \(text)") }

    func writeConfiguration(store: String, prometheus: String, data: String) throws {
        let text = """
            stack: demo
            objectives: {rto: 4h, rpo: 1h}
            store: {url: "\(store)"}
            state: \(folder.path)/state
            components:
              prometheus: {url: "\(prometheus)", data: \(data)}

            """
        try Data(text.utf8).write(to: folder.url.appending(path: "dr.yaml"))
    }

    func dr(_ arguments: String...) async throws {
        print("   $ dr \(arguments.joined(separator: " "))")
        let run = try await CommandRun.run(
            executable, arguments + ["--no-progress"], in: folder.url, environment: environment)
        for line in [run.output, run.errors].joined(separator: "\n").split(separator: "\n") { tell("  \(line)") }
        guard run.status == 0 else { throw LabError("dr \(arguments.joined(separator: " ")) ended with \(run.status)") }
    }

    /// Seconds since 1970 of the newest datum in the newest backup.
    func watermark() async throws -> Int {
        let run = try await CommandRun.run(
            executable, ["show", "latest", "--json"], in: folder.url, environment: environment)
        struct Answer: Decodable {
            struct Manifest: Decodable { var watermark: Int? }
            var manifests: [Manifest]
        }
        guard
            let watermark = try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8)).manifests.first?
                .watermark
        else { throw LabError("the backup has no watermark") }
        return watermark / 1000
    }

    /// - Returns: the URL of a fresh bucket in a server of its own.
    func startS3() async throws -> String {
        let server = try await SeaweedFS()
        try await server.makeBucket("backups")
        environment = [
            "AWS_ACCESS_KEY_ID": server.accessKey, "AWS_SECRET_ACCESS_KEY": server.secretKey,
            "AWS_ENDPOINT_URL": server.endpoint,
        ]
        s3 = server
        tell("SeaweedFS serves S3 at \(server.endpoint)")
        return "s3://backups/demo"
    }

    func end() async { s3?.process.stop() }
}
