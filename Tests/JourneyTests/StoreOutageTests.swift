import Documents
import Foundation
import Lab
import Testing

/// The store goes away in the middle of a recovery: of one object a half has come, of others nothing.
@Suite struct StoreOutageTests {
    private static let plan = """
        scenario: loss
        objectives: {rto: 1h, rpo: 1h}
        steps:
          - id: tree
            restore: tree
            verify: [{run: [test, -f, "${tree.data}/large"]}]
            timeout: 20m

        """

    /// A tree in several packs, backed up through a proxy; then another tree has taken its place.
    private struct Place {
        let journey: Journey
        let proxy: FaultyProxy
        let lost: URL

        init() async throws {
            let server = try await SharedS3Server.seaweedFS()
            proxy = try FaultyProxy(to: server.endpoint, rates: [:], seed: 1)
            journey = try await Journey(s3: ProxiedStore(endpoint: proxy.endpoint, server))
            let plans = journey.folder.url.appending(path: "plans")
            try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
            try Data(StoreOutageTests.plan.utf8).write(to: plans.appending(path: "loss.yaml"))
            let noise = try FileHandle(forReadingAtPath: "/dev/urandom")?.read(upToCount: 9 << 20) ?? Data()
            try noise.write(to: journey.data.appending(path: "large"))
            for number in 0..<40 { try journey.write("many/\(number)", "content \(number)\n") }
            try await journey.expect(0, "backup")
            lost = journey.folder.url.appending(path: "lost")
            try FileManager.default.moveItem(at: journey.data, to: lost)
            try journey.write("wrong", "what is in the way")
        }

        var target: [String] {
            (try? FileManager.default.subpathsOfDirectory(atPath: journey.data.path))?.sorted() ?? []
        }

        func recover(_ arguments: String..., attempts: Int? = nil) async throws -> CommandRun {
            var environment = journey.environment
            environment["AWS_MAX_ATTEMPTS"] = attempts.map { "\($0)" }
            return try await CommandRun.run(
                Journey.program, ["restore", "--scenario", "loss", "--yes"] + arguments, in: journey.folder.url,
                environment: environment)
        }

        func expectWhatWasLost(sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let diff = try await CommandRun.run("/usr/bin/diff", ["-r", lost.path, journey.data.path])
            #expect(diff.status == 0, "\(diff.output)", sourceLocation: sourceLocation)
        }
    }

    @Test func `a store that is gone for good ends the run and leaves the target`() async throws {
        let place = try await Place()
        defer { place.proxy.stop() }
        place.proxy.goAway(inDownloadOf: ".tar.gz")
        let run = try await place.recover("--json", attempts: 2)
        #expect(run.status == 1, "\(run.output)\n\(run.errors)")
        #expect(place.proxy.isAway)
        let answer = try JSONValue(parsing: run.output)
        let reason = answer["reasons"]?.array?.first?.text ?? ""
        #expect(answer["verdict"]?.text == "failed")
        // Which step, of which component; what could not be read, from where, and why; and what to do about it.
        #expect(
            reason.contains("step 'tree' failed: restore tree") && reason.contains("tree/packs/")
                && reason.contains(place.proxy.endpoint) && reason.contains("hint: "), "\(reason)")
        #expect(!run.errors.contains(place.journey.environment["AWS_SECRET_ACCESS_KEY"] ?? "?"))
        #expect(place.target == ["wrong"])

        // Still away: nothing is begun, and the run stays one that can be resumed.
        let refused = try await place.recover("--resume", attempts: 1)
        #expect(refused.status == 1 && refused.errors.contains(place.proxy.endpoint), "\(refused.errors)")
        #expect(place.target == ["wrong"])

        place.proxy.comeBack()
        let resumed = try await place.recover("--resume")
        #expect(resumed.status == 0, "\(resumed.output)\n\(resumed.errors)")
        #expect(resumed.errors.contains("tree: started, attempt 2"))
        #expect(resumed.output.contains("recovered"))
        try await place.expectWhatWasLost()
    }

    @Test func `a store that is away for a moment is waited for`() async throws {
        let place = try await Place()
        defer { place.proxy.stop() }
        place.proxy.goAway(inDownloadOf: ".tar.gz")
        async let recovery = place.recover(attempts: 40)
        // Until it was missed.
        try await Patience.wait(until: "dr missed the store") {
            place.proxy.injected[.resetBefore, default: 0] > 1
        }
        #expect(place.proxy.isAway)
        place.proxy.comeBack()
        let run = try await recovery
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(!run.errors.contains("attempt 2"), "the step itself did not fail")
        try await place.expectWhatWasLost()
    }
}
