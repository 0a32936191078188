import Foundation
import Lab

/// A real Prometheus with six hours of history in blocks, which scrapes itself every second.
///
/// If the demo runs as root, the server runs as an unprivileged account, so that it cannot start after a restore with
/// the wrong owner or mode.
final class DemoPrometheus: DemoComponent {
    let name = "prometheus"
    let about: String
    private let data: URL
    private let folder: URL
    /// The end of the generated history, in seconds since 1970.
    private let end: Int
    private var server: PrometheusServer
    private let port: UInt16
    private let account = ServerAccount.unprivileged

    init(in folder: URL) async throws {
        self.folder = folder
        data = folder.appending(path: "prometheus")
        end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        let history = OpenMetricsHistory(interval: end - 6 * 3600...end, step: 15, instances: 8)
        let samples = try await history.makeBlocks(in: data)
        try await account?.own(data)
        var options = PrometheusServer.Options()
        options.account = account
        server = try await PrometheusServer.start(data: data, folder: folder, options)
        port = server.port
        try await server.waitForSeries("count(up)")
        let user = account.map { ", runs as user \($0.name)" } ?? ""
        about = "Prometheus 2, real: \(samples) samples in blocks, more in memory, scrapes itself every second\(user)"
    }

    var settings: String { "{url: \"\(server.url)\", data: \(data.path)}" }

    func answers(watermark: Int?) async throws -> [String: String] {
        try await Self.answers(of: server.url, watermark: watermark, historyEnd: end)
    }

    /// - Parameter historyEnd: the end of the generated history, in seconds since 1970.
    static func answers(of url: String, watermark: Int?, historyEnd end: Int) async throws -> [String: String] {
        guard let watermark else { throw LabError("the backup of Prometheus has no watermark") }
        let newest = watermark / 1000
        var queries = PrometheusQueryProbe(OpenMetricsHistory.expressions, over: end - 5 * 3600...end, times: 8).queries
        queries +=
            PrometheusQueryProbe(
                ["sum(prometheus_tsdb_head_samples_appended_total)", "count({__name__=~\".+\"})", "up"],
                over: newest - 2...newest, times: 2
            ).queries
        let answers = try await PrometheusQueryProbe(queries).answers(at: url)
        let pairs = zip(queries, answers).map { ("\($0.kind) \($0.expression) at \($0.time)", $1) }
        return Dictionary(pairs) { first, _ in first }
    }

    func destroy() async throws {
        server.crash()
        try FileManager.default.removeItem(at: data)
    }

    func start() async throws {
        var options = PrometheusServer.Options()
        options.port = port
        options.account = account
        server = try await PrometheusServer.start(data: data, folder: folder, options)
    }

    func stop() async throws { try await server.stop() }
}
