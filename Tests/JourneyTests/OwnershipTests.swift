import Foundation
import Lab
import Testing

/// A real Prometheus that runs as a user without rights: what is restored must belong to that user.
@Suite(.enabled(if: ServerAccount.unprivileged != nil, "only root may start servers as another user"))
struct OwnershipTests {
    private let account: ServerAccount
    private let folder: TemporaryFolder
    private let data: URL
    private let probe: PrometheusQueryProbe

    init() async throws {
        account = try #require(ServerAccount.unprivileged)
        folder = try TemporaryFolder("ownership")
        data = folder.url.appending(path: "tsdb")
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        _ = try await OpenMetricsHistory(interval: end - 2 * 3600...end, step: 60, instances: 2).makeBlocks(in: data)
        try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: data.path)
        try await account.own(data)
        probe = PrometheusQueryProbe(OpenMetricsHistory.expressions, over: end - 3600...end)
    }

    private func startServer() async throws -> PrometheusServer {
        var options = PrometheusServer.Options()
        options.account = account
        let server = try await PrometheusServer.start(data: data, folder: folder.url, options)
        try await server.waitForSeries("count(up)")
        return server
    }

    private func owner(_ file: URL) throws -> String {
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        let values = [FileAttributeKey.ownerAccountID, .groupOwnerAccountID].map { attributes[$0] as? UInt32 ?? .max }
        let mode = attributes[.posixPermissions] as? Int ?? 0
        return "\(values[0]):\(values[1]) \(String(mode, radix: 8))"
    }

    @Test(arguments: [true, false])
    func `root restores data that the server's own user can open`(replaces: Bool) async throws {
        let server = try await startServer()
        let journey = try await Journey(components: "prometheus: {url: '\(server.url)', data: \(data.path)}")
        try await journey.expect(0, "backup")
        let before = try await probe.answers(of: server)
        try await server.stop()
        if !replaces { try FileManager.default.removeItem(at: data) }
        try await journey.expect(0, "restore", "--component", "prometheus", "--to", data.path, "--replace")
        #expect(try owner(data) == "\(account.uid):\(account.gid) 750")
        let restored = try await startServer()
        #expect(probe.compare(before, try await probe.answers(of: restored)).differing.isEmpty)
        try await restored.stop()
    }

    @Test func `an ordinary user restores data that their server can open`() async throws {
        let server = try await startServer()
        let text = """
            store: {url: "file://\(folder.path)/repository"}
            state: \(folder.path)/state
            components:
              prometheus: {url: "\(server.url)", data: \(data.path)}

            """
        try Data(text.utf8).write(to: folder.url.appending(path: "dr.yaml"))
        // A checkout may lie in a folder that the user may not enter.
        let program = folder.url.appending(path: "dr")
        try FileManager.default.copyItem(atPath: Journey.program, toPath: program.path)
        try await account.own(folder.url)
        func dr(_ arguments: String...) async throws {
            let run = try await account.run(program.path, arguments + ["--no-progress"], in: folder.url)
            #expect(run.status == 0, "dr \(arguments.joined(separator: " "))\n\(run.output)\n\(run.errors)")
        }
        try await dr("init")
        try await dr("backup")
        let before = try await probe.answers(of: server)
        try await server.stop()
        try FileManager.default.removeItem(at: data)
        try await dr("restore", "--component", "prometheus", "--to", data.path)
        #expect(try owner(data) == "\(account.uid):\(account.gid) 750")
        let restored = try await startServer()
        #expect(probe.compare(before, try await probe.answers(of: restored)).differing.isEmpty)
        try await restored.stop()
    }

    @Test func `a drill runs its server as the owner of the restored data`() async throws {
        let server = try await startServer()
        let owner = "owner"
        let run =
            "exec prometheus --config.file=${folder}/${name}.yml --storage.tsdb.path=${data} "
            + "--web.listen-address=127.0.0.1:${port}"
        let journey = try await Journey(
            components: "prometheus: {url: '\(server.url)', data: \(data.path)}",
            extra: """
                objectives: {rto: 4h, rpo: 1h}
                drill:
                  servers:
                    prometheus: {run: [sh, -c, "id -u > ${data}/\(owner); \(run)"], ready: /-/ready}
                """)
        try await journey.expect(0, "backup")
        try await journey.expect(
            0, "drill", "--scenario", "prometheus_data_corruption", "--inject", "missing_pack", "--keep")
        let drills = journey.folder.url.appending(path: "state/drills")
        let kept = try FileManager.default.contentsOfDirectory(atPath: drills.path)
        let file = drills.appending(path: "\(try #require(kept.first))/prometheus/\(owner)")
        #expect(try String(contentsOf: file, encoding: .utf8) == "\(account.uid)\n")
        try await server.stop()
    }
}
