import Foundation
import Lab
import Testing

/// One component that several processes of this machine store.
@Suite(.timeLimit(.minutes(15))) struct WorkerTests {
    private static let workers = 4

    private struct ShowAnswer: Decodable {
        struct Manifest: Decodable { var component: String, contents: String? }
        var manifests: [Manifest]
    }

    /// - Parameters:
    ///   - store: more keys of the store.
    ///   - more: of the environment.
    private func journey(
        _ server: any S3Server, through proxy: FaultyProxy? = nil, store: String = "",
        environment more: [String: String] = [:]
    ) async throws -> Journey {
        let data = try TemporaryFolder("worker-data")
        for number in 0..<60 {
            let text = String(repeating: "file \(number) ", count: 20_000)
            try Data(text.utf8).write(to: data.url.appending(path: "file-\(number)"))
        }
        let journey = try await Journey(
            s3: server, store: store,
            components: """
                web: {kind: files, data: \(data.path), workers: \(Self.workers)}
                  alone: {kind: files, data: \(data.path)}
                """, environment: more.merging(proxy.map { ["AWS_ENDPOINT_URL": $0.endpoint] } ?? [:]) { $1 })
        journey.keep(data)
        try await journey.makePacksSmall(on: server)
        return journey
    }

    /// The processes of the workers of a journey, by the index of their shard.
    private func processes(of journey: Journey) -> [String: pid_t] {
        var found: [String: pid_t] = [:]
        for process in ProgramActivity(in: journey.folder.url).processes {
            guard let line = text("/proc/\(process)/cmdline"), line.contains("mover"),
                let environment = text("/proc/\(process)/environ")
            else { continue }
            for variable in environment.split(separator: "\0") where variable.hasPrefix("JOB_COMPLETION_INDEX=") {
                found[String(variable.dropFirst(21))] = process
            }
        }
        return found
    }

    private func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    private func expectSameContents(_ journey: Journey) async throws {
        let shown = try await journey.json(ShowAnswer.self, "show", "latest")
        let contents = Set(shown.manifests.map(\.contents))
        #expect(shown.manifests.count == 2 && contents.count == 1 && contents.first != .some(nil), "\(shown)")
        try await journey.expect(0, "verify", "--read-data")
    }

    @Test func `a killed worker is replaced, and the set is the one of a single process`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        // With the distance, no worker ends before the test can kill it.
        let proxy = try FaultyProxy(to: server.endpoint, rates: [:], latency: .milliseconds(60), seed: 1)
        let journey = try await journey(server, through: proxy)
        let killing = Task {
            var killed: pid_t = 0
            try await Patience.wait(until: "the worker of shard 1 runs") {
                guard let process = processes(of: journey)["1"] else { return false }
                killed = process
                return kill(process, SIGKILL) == 0
            }
            try await Patience.wait(until: "another one is there") {
                processes(of: journey)["1"].map { $0 != killed } ?? false
            }
        }
        let run = try await journey.expect(0, "backup")
        try await killing.value
        #expect(!run.errors.contains("failed"), "\(run.errors)")
        try await expectSameContents(journey)
        #expect(processes(of: journey).isEmpty, "no worker is left")
    }

    @Test func `workers of a signed stack need no passphrase`() async throws {
        let keys = try TemporaryFolder("worker-keys")
        let made = try await CommandRun.run(
            Journey.program,
            ["key", "create", "--signing", "--kind", "p-384", "s.pem", "--passphrase-command", "echo horse"],
            in: keys.url)
        try #require(made.status == 0, "\(made.errors)")
        let journey = try await journey(
            try await SharedS3Server.seaweedFS(),
            store: "signing: {certificate: \(keys.path)/s.pem.crt, key: \(keys.path)/s.pem}",
            environment: ["DR_SIGNING_PASSPHRASE": "horse"])
        let run = try await journey.expect(0, "backup")
        #expect(!run.errors.contains("failed"), "\(run.errors)")
        try await expectSameContents(journey)
    }

    @Test func `workers on a cluster of stores lose nothing with one of its servers`() async throws {
        let cluster = try await SeaweedFSCluster()
        try await cluster.makeBucket(SharedS3Server.bucket)
        let journey = try await journey(cluster)
        let killing = Task {
            try await Patience.wait(until: "a worker runs") { !processes(of: journey).isEmpty }
            cluster.volumes[1].end()
        }
        try await journey.expect(0, "backup")
        try await killing.value
        #expect(!cluster.volumes[1].isRunning)
        try await expectSameContents(journey)
        withExtendedLifetime(cluster) {}
    }

    @Test func `a component that works together with its server has no workers`() async throws {
        let journey = try await Journey(
            components: "prometheus: {url: \"http://127.0.0.1:9\", data: /nowhere, workers: 2}", initialize: false)
        let run = try await journey.expect(2, "backup")
        #expect(run.errors.contains("several processes cannot capture it at once"), "\(run.errors)")
    }
}
