import Foundation
import Lab
import Testing

/// The built program against a real Prometheus.
@Suite struct PrometheusTests {
    private func started() async throws -> (Journey, PrometheusServer, data: URL) {
        let folder = try TemporaryFolder("prometheus-journey")
        let data = folder.url.appending(path: "tsdb")
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        _ = try await OpenMetricsHistory(interval: end - 4 * 3600...end, step: 60, instances: 2).makeBlocks(in: data)
        let server = try await PrometheusServer.start(data: data, folder: folder.url)
        let journey = try await Journey(
            components: "prometheus: {url: '\(server.url)', data: \(data.path)}", extra: "objectives: {rpo: 1h}")
        journey.keep(folder)
        return (journey, server, data)
    }

    @Test func `there and back with the same answers`() async throws {
        let (journey, server, data) = try await started()
        try await server.waitForSeries("count(up)")
        #expect(try await journey.expect(0, "doctor").output.contains("admin API on"))
        try await journey.expect(0, "backup")
        try await journey.expect(0, "status")
        try await journey.expect(0, "verify", "--read-data")
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.appending(path: "snapshots").path).isEmpty)
        // A living server's directory is not replaced under it.
        let refused = try await journey.expect(
            1, "restore", "--component", "prometheus", "--to", data.path, "--replace")
        #expect(refused.errors.contains("in use") && refused.errors.contains("hint: stop"))
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        let probe = PrometheusQueryProbe(OpenMetricsHistory.expressions, over: end - 3 * 3600...end)
        let before = try await probe.answers(of: server)
        try await server.stop()
        try await journey.expect(0, "restore", "--component", "prometheus", "--to", data.path, "--replace")
        let again = try await PrometheusServer.start(data: data, folder: journey.folder.url)
        let comparison = probe.compare(before, try await probe.answers(of: again))
        #expect(comparison.compared > 20 && comparison.differing.isEmpty && comparison.empty == 0)
        try await again.stop()
    }

    @Test func `a damaged block is named and the rest is kept`() async throws {
        let (journey, server, data) = try await started()
        let block = try #require(
            try FileManager.default.contentsOfDirectory(atPath: data.path).sorted().first { $0.count == 26 })
        let chunks = data.appending(path: "\(block)/chunks/000001")
        var content = try Data(contentsOf: chunks)
        content[content.count / 2] ^= 1
        try content.write(to: chunks)
        let run = try await journey.expect(3, "backup")
        #expect(run.errors.contains(block) && run.errors.contains("CRC"))
        try await journey.expect(0, "restore", "--component", "prometheus", "--to", "out")
        let restored = try FileManager.default.contentsOfDirectory(
            atPath: journey.folder.url.appending(path: "out").path)
        #expect(!restored.contains(block) && !restored.isEmpty)
        try await server.stop()
    }

    @Test func `a server that is away or forbids is explained`() async throws {
        let journey = try await Journey(
            components: "prometheus: {url: 'http://127.0.0.1:1', data: /tmp}", initialize: true)
        let away = try await journey.expect(1, "backup")
        #expect(away.errors.contains("127.0.0.1:1"))
        let folder = try TemporaryFolder("prometheus-closed")
        var options = PrometheusServer.Options()
        options.adminAPI = false
        let data = folder.url.appending(path: "tsdb")
        let server = try await PrometheusServer.start(data: data, folder: folder.url, options)
        let closed = try await Journey(components: "prometheus: {url: '\(server.url)', data: \(data.path)}")
        let run = try await closed.expect(1, "backup")
        #expect(run.errors.contains("--web.enable-admin-api"))
        try await closed.expect(1, "doctor")
        try await server.stop()
    }
}
