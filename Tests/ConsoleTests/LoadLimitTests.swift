import BackupRepository
import Dispatch
import HTTP
import Operations
import Platform
import StackConfiguration
import Testing

@testable import Console

/// Visitors who ask for more costly work at once than the console has room for.
@Suite(.timeLimit(.minutes(2))) struct LoadLimitTests {
    /// Asks a queue that must not simulate.
    private static func refusal(by queue: SimulationQueue, of key: String) -> PageFailure? {
        do {
            _ = try queue.result(key) {
                Issue.record("the queue simulates '\(key)'")
                return nil
            }
            return nil
        } catch { return error as? PageFailure }
    }

    @Test func `two requests wait for a simulation, one more is refused, and a stop ends the wait`() async throws {
        let queue = SimulationQueue()
        let (began, finish) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let pool = BlockingPool(threads: 4)
        let first = Task {
            try await pool.run {
                try queue.result("first") {
                    began.signal()
                    finish.wait()
                    return nil
                }
            }
        }
        await pool.run { began.wait() }
        let second = Task { await pool.run { Self.refusal(by: queue, of: "second") } }
        let third = Task { await pool.run { Self.refusal(by: queue, of: "third") } }
        for _ in 0..<1000 where queue.inside < 3 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(queue.inside == 3)
        let fourth = await pool.run { Self.refusal(by: queue, of: "fourth") }
        #expect(fourth?.status == 503 && fourth?.retryAfter == 5)
        queue.stop()
        // The first still simulates.
        #expect(await second.value?.status == 503)
        #expect(await third.value?.status == 503)
        finish.signal()
        #expect(try await first.value == nil)
    }

    @Test(arguments: [
        ("years=10&hourly=24&daily=30", 10),
        ("years=10&hourly=168&daily=120&weekly=104&monthly=84&yearly=15&keep_last=100", 4),
    ])
    func `a policy that keeps very many sets is simulated for fewer years`(query: String, years: Int) async throws {
        let console = try await ConsoleFixture()
        let fields = try #require(FormText.fields(query))
        let simulator = RetentionSimulator(console.session.configuration.retention.policy, query: fields)
        #expect(simulator.years == years)
    }

    @Test func `a fifth download at once is refused until another ends`() async throws {
        let console = try await ConsoleFixture()
        try console.write("file", "text".utf8)
        let set = try await console.backUp().name
        let target = "/sets/\(set)/tree/download?path=file"
        var open: [WebResponse] = []
        for _ in 0..<DownloadPlaces.most { open.append(await console.get(target)) }
        #expect(open.allSatisfy { $0.status == 200 })
        let refused = await console.get(target)
        #expect(refused.status == 503 && refused.header("Retry-After") == "5")
        #expect(await console.get("/sets/\(set)/tree/download").status == 503)
        open.removeLast()
        #expect(await console.get(target).status == 200)
        #expect(open.count == DownloadPlaces.most - 1)
    }

    @Test func `downloads one after another free their places`() async throws {
        let console = try await ConsoleFixture()
        try console.write("file", "text".utf8)
        let set = try await console.backUp().name
        let server = try console.serve()
        defer { server.stop() }
        for _ in 0..<(DownloadPlaces.most * 2) {
            let target = "/sets/\(set)/tree/download?path=file"
            var status = 503
            // The place is free a moment after the client has the last byte.
            for _ in 0..<100 where status == 503 {
                status = try await console.fetch(target, from: server).status
                if status == 503 { try await Task.sleep(for: .milliseconds(20)) }
            }
            #expect(status == 200)
        }
    }

    @Test func `a server stops within seconds while a page still computes`() async throws {
        let (began, finish) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        var settings = WebServer.Settings()
        settings.address = ListenAddress(host: "127.0.0.1", port: 0)
        let server = try WebServer(settings) { _ in
            began.signal()
            finish.wait()
            return WebResponse(text: "late")
        }
        let address = server.address
        let pool = BlockingPool(threads: 2)
        let visit = Task { try await pool.run { try HTTPClient().send(HTTPRequest("GET", "http://\(address)/")).1 } }
        await pool.run { began.wait() }
        let start = ContinuousClock.now
        await pool.run { server.stop() }
        #expect(.now - start < .seconds(20))
        finish.signal()
        _ = await visit.result
    }
}
