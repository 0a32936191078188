import BackupRepository
import Foundation
import Lab
import Testing

@testable import Prometheus

/// Late samples on a real server that accepts them.
@Suite struct OutOfOrderTests {
    private typealias Site = PrometheusSourceTests.Site

    private func started(_ site: Site, window: String) async throws -> PrometheusServer {
        let file = site.folder.url.appending(path: "prometheus.yml")
        try Data("storage: {tsdb: {out_of_order_time_window: \(window)}}\nscrape_configs: []\n".utf8).write(to: file)
        var options = PrometheusServer.Options()
        options.configuration = file
        options.arguments = ["--web.enable-remote-write-receiver"]
        return try await PrometheusServer.start(data: site.data, folder: site.folder.url, options)
    }

    private func write(_ count: Int, from start: Int, to server: PrometheusServer) async throws {
        let samples = (0..<count).map { (time: start + $0 * 1000, value: Double($0)) }
        try await RemoteWrite(["__name__": "pushed", "job": "agent"], samples).send(to: server)
    }

    @Test func `a snapshot without late samples says how many bytes and samples are missing`() async throws {
        let site = try Site()
        let server = try await started(site, window: "1d12h")
        let now = Int(Date().timeIntervalSince1970) * 1000
        try await write(10, from: now - 60_000, to: server)

        let before = try await site.source(server).capture(site.context)
        #expect(before.warnings == [])
        #expect(before.facts["out-of-order window"] == "1d12h")
        #expect(before.facts["out-of-order bytes not in the set"] == "0")
        try await before.release()

        try await write(300, from: now - 3 * 3_600_000, to: server)
        let capture = try await site.source(server).capture(site.context)
        // The snapshot has only the ten samples that came in order.
        #expect(capture.facts["samples"] == "10")
        let bytes = try #require(capture.facts["out-of-order bytes not in the set"].flatMap { Int($0) })
        #expect(bytes > 0)
        #expect(capture.facts["out-of-order samples since start"] == "300")
        let warning = try #require(capture.warnings.first)
        #expect(warning.contains("wbl/ holds \(bytes) bytes, and 300 such samples arrived"))
        #expect(capture.watermark == now - 51_000)
        try await capture.release()

        let diagnoses = await site.source(server).diagnose()
        #expect(diagnoses.contains { $0.subject == "out-of-order samples" && $0.verdict == .warning })
        let gaps = try await PrometheusGaps(
            api: site.api(server), data: site.data.path, skipsHead: false, pool: site.pool, kinds: []
        ).gaps(GapSurroundings(trees: ["/"]))
        #expect(gaps.count == 1)
        #expect(gaps.first?.object.contains("now \(bytes) bytes in wbl/, 300 since the server's start") == true)
        try await server.stop()
    }

    @Test(
        arguments: [
            (OutOfOrderSamples(), false, false), (OutOfOrderSamples(window: "1d", bytes: 0, appended: 0), false, false),
            (OutOfOrderSamples(window: "1d", bytes: 0, appended: 7), false, true),
            (OutOfOrderSamples(window: "1d"), false, true),
            // After a restart the counter is zero, and after a change of the configuration there is no window.
            (OutOfOrderSamples(window: "1d", bytes: 5, appended: 0), true, true),
            (OutOfOrderSamples(bytes: 5), true, true),
        ] as [(OutOfOrderSamples, Bool, Bool)])
    func `late samples are reported where some are missing, and are a gap where some can be`(
        samples: OutOfOrderSamples, areMissing: Bool, canBeMissing: Bool
    ) {
        #expect((samples.warning != nil) == areMissing)
        #expect(PrometheusGaps.gaps(samples).count == (canBeMissing ? 1 : 0))
        #expect(samples.facts.isEmpty == (samples.window == nil && !areMissing))
    }
}
