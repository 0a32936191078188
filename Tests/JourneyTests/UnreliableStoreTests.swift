import Foundation
import Lab
import Testing

/// S3 behind a proxy that fails one request in twenty, in each of its ways and in all of them together: backup, verify
/// and restore end well, and what comes back is byte for byte the same.
@Suite(.serialized) struct UnreliableStoreTests {
    @Test(arguments: FaultyProxy.Fault.allCases.map { [$0] } + [FaultyProxy.Fault.allCases])
    func `everything ends well`(faults: [FaultyProxy.Fault]) async throws {
        let server = try await SharedS3Server.seaweedFS()
        let rates = Dictionary(uniqueKeysWithValues: faults.map { ($0, 0.05) })
        let proxy = try FaultyProxy(to: server.endpoint, rates: rates, seed: UInt64(faults.count))
        defer { proxy.stop() }
        // With all faults together, eight in a row come now and then.
        let journey = try await Journey(
            s3: ProxiedStore(endpoint: proxy.endpoint, server), store: "stall_timeout: 3s",
            environment: ["AWS_MAX_ATTEMPTS": "20"])
        for number in 0..<40 { try journey.write("many/\(number)", "content \(number)\n") }
        let noise = CorpusRandom.noise(9 << 20, seed: .random(in: .min ... .max))  // more than one part
        try Data(noise).write(to: journey.data.appending(path: "large"))
        try await journey.expect(0, "backup")
        try journey.write("many/1", "changed\n")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", journey.data.path, journey.folder.url.appending(path: "out").path])
        #expect(diff.status == 0, "\(diff.output)")
        if faults.count > 1 { #expect(proxy.injected.values.reduce(0, +) > 10, "\(proxy.injected)") }
    }

    @Test func `a store that goes away is named`() async throws {
        let journey = try await Journey(s3: try await SharedS3Server.seaweedFS())
        try journey.write("a", "x")
        try await journey.expect(0, "backup")
        let run = try await CommandRun.run(
            Journey.program, ["list"], in: journey.folder.url,
            environment: journey.environment.merging([
                "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "2",
            ]) { $1 })
        #expect(run.status == 1 && run.errors.contains("127.0.0.1"), "\(run.errors)")
        let denied = try await CommandRun.run(
            Journey.program, ["list"], in: journey.folder.url,
            environment: journey.environment.merging(["AWS_SECRET_ACCESS_KEY": "wrong"]) { $1 })
        #expect(denied.status == 1 && denied.errors.contains("hint"), "\(denied.errors)")
        #expect(!denied.errors.contains("wrong"))
    }
}
