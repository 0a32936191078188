import Documents
import Foundation
import Lab
import Testing

/// A recovery is true only if the server has the data of the set: whatever dr wrote to a directory, it asks the server.
@Suite struct RestoredDataTests {
    /// A Prometheus whose history is backed up, and a plan that restores its data while it is down.
    private struct Stack {
        let journey: Journey
        let folder: TemporaryFolder
        let data: URL
        let port: UInt16
        let end: Int
        /// A directory that no server uses.
        var workstation: URL { folder.url.appending(path: "workstation") }

        init() async throws {
            folder = try TemporaryFolder("restored-data")
            data = folder.url.appending(path: "tsdb")
            end = Int(Date().timeIntervalSince1970) / 7200 * 7200
            _ = try await OpenMetricsHistory(interval: end - 4 * 3600...end, step: 60, instances: 1).makeBlocks(
                in: data)
            let server = try await PrometheusServer.start(data: data, folder: folder.url)
            port = server.port
            journey = try await Journey(
                components: "prometheus: {url: '\(server.url)', data: \(data.path)}",
                extra: "checks: {interval: 2m, record: false}\nobjectives: {rpo: 4h}")
            try await journey.expect(0, "backup")
            try await server.stop()
        }

        /// Starts the server again on the same port.
        func start(on directory: URL) async throws -> PrometheusServer {
            var options = PrometheusServer.Options()
            options.port = port
            return try await PrometheusServer.start(data: directory, folder: folder.url, options)
        }

        /// Writes a plan that restores Prometheus and then waits until the lab has started it.
        func writePlan() throws {
            let plans = journey.folder.url.appending(path: "plans")
            try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
            let plan = """
                scenario: loss
                steps:
                  - id: declare
                    run: [touch, declared]
                    timeout: 1m
                  - id: prometheus
                    needs: [declare]
                    restore: prometheus
                    timeout: 5m
                  - id: started
                    needs: [prometheus]
                    http: {url: "${prometheus.url}/-/ready", within: 4m}
                    timeout: 5m
                checks: [prometheus_ready]

                """
            try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        }

        /// Lets dr.yaml name another directory.
        func name(_ directory: URL) throws {
            let file = journey.folder.url.appending(path: "dr.yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
            try Data(text.replacing("data: \(data.path)", with: "data: \(directory.path)").utf8).write(to: file)
        }

        /// Runs the plan; the server starts on `directory` after the restore.
        func recover(startingOn directory: URL) async throws -> CommandRun {
            let run = Task {
                try await journey.dr(["restore", "--scenario", "loss", "--yes", "--json"])
            }
            try await Patience.wait(until: "the blocks are restored") {
                ((try? FileManager.default.contentsOfDirectory(atPath: workstation.path)) ?? []).contains {
                    $0.count == 26
                }
            }
            let server = try await start(on: directory)
            let result = try await run.value
            try await server.stop()
            return result
        }
    }

    @Test func `a server that stays empty is no recovery`() async throws {
        let stack = try await Stack()
        try stack.writePlan()
        let workstation = stack.workstation
        try stack.name(workstation)
        let run = try await stack.recover(startingOn: stack.folder.url.appending(path: "empty"))
        #expect(run.status == 4, "\(run.output)\n\(run.errors)")
        let answer = try JSONValue(parsing: run.output)
        #expect(answer["verdict"]?.text == "not_validated")
        let check = answer["checks"]?.array?.first { $0["name"]?.text == "restored_data" }
        #expect(check?["verdict"]?.text == "failed")
        #expect(check?["detail"]?.text?.contains("prometheus: prometheus_data") == true, "\(run.output)")
        // The blocks are there, and the server does not have them.
        let blocks = try FileManager.default.contentsOfDirectory(atPath: workstation.path).filter { $0.count == 26 }
        #expect(!blocks.isEmpty)
    }

    @Test func `a directory that is not the server's is refused before anything is declared`() async throws {
        let stack = try await Stack()
        try stack.writePlan()
        let server = try await stack.start(on: stack.data)
        try stack.name(stack.workstation)
        let run = try await stack.journey.dr(["restore", "--scenario", "loss", "--yes"])
        #expect(run.status == 2)
        #expect(run.errors.contains("is not the directory of its server"), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: stack.journey.folder.url.appending(path: "declared").path))
        let single = try await stack.journey.dr([
            "restore", "--component", "prometheus", "--to", stack.workstation.path,
        ])
        #expect(single.status == 2 && single.errors.contains("is not the directory of its server"), "\(single.errors)")
        try await server.stop()
    }
}
