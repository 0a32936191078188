import BackupRepository
import Foundation
import HTTP
import Lab
import Platform
import Testing

@testable import Prometheus

/// Round trip: a new server answers queries with the data of a snapshot.
@Suite struct RestoredServerTests {
    @Test func `a restored copy starts and answers the same`() async throws {
        let site = try PrometheusSourceTests.Site()
        // Up to half an hour ago, in whole steps.
        let end = Int(Date().timeIntervalSince1970) / 30 * 30 - 1800
        let history = OpenMetricsHistory(seed: 3, interval: end - 5 * 3600...end, step: 60, instances: 2)
        try await history.makeBlocks(in: site.data)
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        try await server.waitForSeries("count_over_time(up[1m]) > 2")

        let capture = try await site.source(server).capture(site.context)
        let newest = try #require(capture.watermark)
        let blocks = try FileManager.default.contentsOfDirectory(atPath: capture.root)
        #expect(try await capture.examine(blocks) == [])
        let copy = site.folder.url.appending(path: "copy")
        try FileManager.default.copyItem(at: URL(filePath: capture.root), to: copy)
        let past = PrometheusQueryProbe(OpenMetricsHistory.expressions, over: history.interval)
        // Of the active series, up to the newest captured sample.
        let present = PrometheusQueryProbe(
            ["up", "prometheus_tsdb_head_series"], over: newest / 1000 - 1...newest / 1000, times: 1)
        let probe = PrometheusQueryProbe(past.queries + present.queries)
        let before = try await probe.answers(of: server)
        try await capture.release()
        try await server.stop()

        let restorer = PrometheusRestorer(
            url: nil, client: site.client, pool: site.pool, now: { Int(Date().timeIntervalSince1970 * 1000) })
        #expect(try await restorer.examine(restored: copy.path) == [])
        #expect(await restorer.advice(restored: copy.path, target: site.data.path) == [])
        var options = PrometheusServer.Options()
        options.scrapesItself = false
        let restored = try await PrometheusServer.start(data: copy, folder: site.folder.url, options)
        let comparison = probe.compare(before, try await probe.answers(of: restored))
        #expect(comparison.compared == 74)
        #expect(comparison.differing == [])
        #expect(comparison.empty == 0)
        let count = try await restored.query("sum(count_over_time(lab_requests_total[7h]))", at: Double(end))
        #expect(count.contains("\"\(2 * 12 * 301)\""))
        // The comparison can fail.
        var other = before
        other[3] = other[3].replacing("1", with: "2")
        #expect(probe.compare(before, other).differing == [probe.queries[3]])
        try await restored.stop()
    }
}
