import Foundation
import Lab
import Testing

/// The answers of a distant store that commands wait for one after another: each costs a round trip.
@Suite(.timeLimit(.minutes(15))) struct LatencyJourneyTests {
    private let folder: TemporaryFolder
    private let environment: [String: String]
    private let proxy: FaultyProxy
    private let roundTrips: RoundTrips

    private static let components = 6
    /// A thread may sleep for a moment at the wrong time: the least of some runs counts.
    private static let attempts = 3

    init() async throws {
        folder = try TemporaryFolder("latency")
        let server = try await SharedS3Server.seaweedFS()
        let bucket = "latency-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket)
        let port = try FreePort.find()[0]
        let activity = ProgramActivity(in: folder.url, talkingTo: port)
        roundTrips = RoundTrips { activity.isWaiting }
        proxy = try FaultyProxy(to: server.endpoint, rates: [:], roundTrips: roundTrips, seed: 1, port: port)
        environment = [
            "AWS_ACCESS_KEY_ID": server.accessKey, "AWS_SECRET_ACCESS_KEY": server.secretKey,
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
        let plans = folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        var components = "components:\n"
        var plan = "scenario: rebuild\nparameters: {out: {about: \"Target folder.\"}}\nsteps:\n"
        for number in 0..<Self.components {
            let data = folder.url.appending(path: "data/\(number)")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try Data("content \(number)".utf8).write(to: data.appending(path: "file"))
            components += "  part\(number): {kind: files, data: \(data.path)}\n"
            plan += "  - {id: s\(number), restore: {component: part\(number), to: \"${out}/\(number)\"}}\n"
        }
        try Data(plan.utf8).write(to: plans.appending(path: "rebuild.yaml"))
        for (file, endpoint, state) in [
            ("near", server.endpoint, "state"), ("far", proxy.endpoint, "state"), ("other", proxy.endpoint, "none"),
        ] {
            let text = """
                stack: monitoring
                store: {url: "s3://\(bucket)/repository", endpoint: "\(endpoint)"}
                state: \(folder.path)/\(state)

                """
            try Data((text + components).utf8).write(to: folder.url.appending(path: "\(file).yaml"))
        }
        try await dr("near", "init", "--create")
        for _ in 0..<2 { try await dr("near", "backup") }
    }

    private func dr(_ configuration: String, _ arguments: String...) async throws {
        let run = try await CommandRun.run(
            Journey.program, arguments + ["--config", "\(configuration).yaml"], in: folder.url,
            environment: environment, killAfter: .seconds(200))
        try #require(run.status == 0, "\(arguments): \(run.errors)")
    }

    /// Returns the least number of rounds that `count` sees in some runs, and the requests of that run.
    private func least(
        _ bound: Int, _ body: (Int) async throws -> Void, count: (RoundTrips) -> Int?
    ) async throws -> (rounds: Int, text: String) {
        var best: (rounds: Int, text: String)?
        for attempt in 0..<Self.attempts {
            roundTrips.reset()
            try await body(attempt)
            let rounds = try #require(count(roundTrips))
            let text = roundTrips.rounds.enumerated().map { "\($0 + 1): \($1)" }.joined(separator: "\n")
            if best.map({ rounds < $0.rounds }) ?? true { best = (rounds, text) }
            if rounds <= bound { break }
        }
        return try #require(best)
    }

    /// - Parameters:
    ///   - machine: with the state of the backups, or with none.
    @Test(arguments: [(machine: "far", bound: 6), (machine: "other", bound: 8)])
    func `a recovery waits for few answers before the first content`(machine: String, bound: Int) async throws {
        let (rounds, text) = try await least(bound) { attempt in
            if machine == "other" { try? FileManager.default.removeItem(at: folder.url.appending(path: "none")) }
            let out = folder.path + "/out-\(attempt)"
            try await dr(machine, "restore", "--scenario", "rebuild", "--yes", "--param", "out=\(out)")
            for number in 0..<Self.components {
                #expect(try String(contentsOfFile: "\(out)/\(number)/file", encoding: .utf8) == "content \(number)")
            }
        } count: {
            $0.rounds { $0.hasPrefix("GET") && $0.contains("/packs/") && $0.contains(".tar.gz") }
        }
        #expect(rounds <= bound, "\(text)")
    }

    @Test func `an unchanged backup waits for few answers over few connections`() async throws {
        let bound = 16
        let before = proxy.connections
        var runs = 0
        let (rounds, text) = try await least(bound) { attempt in
            runs = attempt + 1
            try await dr("far", "backup")
        } count: {
            $0.rounds.count
        }
        #expect(rounds <= bound, "\(text)")
        // Each component has a connection of its own, and the transfers some more; none is closed after its request.
        #expect(proxy.connections - before <= runs * 16)
    }
}
