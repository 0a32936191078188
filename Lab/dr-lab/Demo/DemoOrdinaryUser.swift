import Foundation
import Lab

/// Repeats the main part of the demo without root: Prometheus and `dr` run as the same unprivileged account.
struct DemoOrdinaryUser {
    private let stage: DemoStage
    private let account: ServerAccount
    private let folder: URL

    init(_ account: ServerAccount, on stage: DemoStage) throws {
        self.stage = stage
        self.account = account
        folder = stage.folder.url.appending(path: "ordinary-user")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Backs up the server, removes its data, restores them and repeats the queries.
    /// - Returns: the number of compared queries, and of those that differ.
    func run() async throws -> (compared: Int, differing: Int) {
        let data = folder.appending(path: "prometheus")
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        _ = try await OpenMetricsHistory(interval: end - 2 * 3600...end, step: 30, instances: 2).makeBlocks(in: data)
        var options = PrometheusServer.Options()
        options.account = account
        try await account.own(folder)
        let server = try await PrometheusServer.start(data: data, folder: folder, options)
        let text = """
            stack: ordinary-user
            store: {url: "file://\(folder.path)/repository"}
            state: \(folder.path)/state
            components:
              prometheus: {url: "\(server.url)", data: \(data.path)}

            """
        try Data(text.utf8).write(to: folder.appending(path: "dr.yaml"))
        try await dr("init")
        try await dr("backup")
        let probe = PrometheusQueryProbe(OpenMetricsHistory.expressions, over: end - 3600...end)
        let before = try await probe.answers(of: server)
        server.crash()
        try FileManager.default.removeItem(at: data)
        try await dr("restore", "--component", "prometheus", "--to", data.path)
        let restored = try await PrometheusServer.start(data: data, folder: folder, options)
        let comparison = probe.compare(before, try await probe.answers(of: restored))
        try await restored.stop()
        return (comparison.compared, comparison.differing.count)
    }

    private func dr(_ arguments: String...) async throws {
        try await stage.dr(arguments, in: folder, as: account, showing: 2)
    }
}
