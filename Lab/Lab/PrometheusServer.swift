package import Foundation
internal import FoundationNetworking

/// A real Prometheus on a free port of 127.0.0.1, over a data directory that the caller owns.
package final class PrometheusServer: Sendable {
    package struct Options: Sendable {
        package var adminAPI = true
        package var retention = "10y"
        /// True to scrape itself once a second, which gives a few hundred live series.
        package var scrapesItself = true
        /// The port; nil for a free one.
        package var port: UInt16?
        /// Additional targets as "host:port".
        package var targets: [String] = []
        /// A configuration file to use instead of the generated one.
        package var configuration: URL?
        package var arguments: [String] = []
        /// True to run as an agent, without blocks and queries.
        package var isAgent = false
        /// The account that runs the server and owns the data directory; nil for the user of this process.
        package var account: ServerAccount?

        package init() {}
    }

    package static let executable = "/usr/bin/prometheus"

    package let port: UInt16
    package let data: URL
    package var url: String { "http://127.0.0.1:\(port)" }
    private let process: ServerProcess

    private init(port: UInt16, data: URL, process: ServerProcess) {
        self.port = port
        self.data = data
        self.process = process
    }

    /// Starts a server and waits until it serves queries.
    /// - Parameters:
    ///   - data: the data directory, which is created if it is missing and kept when the server stops.
    ///   - folder: the working directory, which also contains the configuration and the log.
    package static func start(
        data: URL, folder: URL, _ options: Options = Options()
    ) async throws -> PrometheusServer {
        if !FileManager.default.fileExists(atPath: data.path) {
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try await options.account?.own(data)
        }
        // Another process may take the free port first: retry.
        var failure: (any Error)?
        for _ in 0..<3 {
            do {
                guard let port = try options.port ?? FreePort.find().first else { throw LabError("no free port") }
                let server = try await launch(port, data, folder, options)
                try await server.process.waitUntil { try await server.isReady() }
                return server
            } catch {
                try Task.checkCancellation()
                failure = error
            }
        }
        throw failure ?? LabError("prometheus did not start")
    }

    private static func launch(
        _ port: UInt16, _ data: URL, _ folder: URL, _ options: Options
    ) async throws -> PrometheusServer {
        let configuration = try options.configuration ?? written(port, folder, options)
        var arguments = [
            "--config.file=\(configuration.path)", "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
        ]
        arguments +=
            options.isAgent
            ? ["--enable-feature=agent", "--storage.agent.path=\(data.path)"]
            : ["--storage.tsdb.path=\(data.path)", "--storage.tsdb.retention.time=\(options.retention)"]
        if options.adminAPI { arguments.append("--web.enable-admin-api") }
        let process = try await ServerProcess(
            "prometheus-\(port)", executable: executable, arguments: arguments + options.arguments, folder: folder,
            account: options.account)
        return PrometheusServer(port: port, data: data, process: process)
    }

    private static func written(_ port: UInt16, _ folder: URL, _ options: Options) throws -> URL {
        let targets = (options.scrapesItself ? ["127.0.0.1:\(port)"] : []) + options.targets
        let configuration = folder.appending(path: "prometheus-\(port).yml")
        let list = targets.map { "'\($0)'" }.joined(separator: ", ")
        try """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs:
        - job_name: lab
          static_configs: [{targets: [\(list)]}]

        """.write(to: configuration, atomically: true, encoding: .utf8)
        return configuration
    }

    package var processIdentifier: Int32 { process.processIdentifier }

    /// Stops the server and waits until it has exited. The data directory is kept.
    /// - Throws: `LabError` if the server does not exit within ``Patience/long`` of SIGTERM.
    package func stop() async throws { try await process.stop() }

    /// Kills the server, as a crash does. The data directory is kept.
    package func crash() { process.end() }

    package func isReady() async throws -> Bool {
        guard let address = URL(string: url + "/-/ready") else { return false }
        // The connection is refused until the server listens.
        guard let (_, response) = try? await URLSession.shared.data(from: address) else { return false }
        return (response as? HTTPURLResponse)?.statusCode == 200
    }

    // MARK: Queries

    /// Runs an instant query. Returns the response's `data` member as JSON with sorted keys and sorted series.
    /// - Parameter time: the time in seconds since 1970.
    package func query(_ expression: String, at time: Double) async throws -> String {
        try await PrometheusQueries(url: url).query(expression, at: time)
    }

    /// Runs a range query. Returns the result in the form of ``query(_:at:)``.
    package func queryRange(
        _ expression: String, from start: Double, to end: Double, step: Int
    ) async throws -> String {
        try await PrometheusQueries(url: url).queryRange(expression, from: start, to: end, step: step)
    }

    /// Waits until an instant query for the current time returns at least one series.
    package func waitForSeries(_ expression: String) async throws {
        try await process.waitUntil {
            try await self.query(expression, at: Date().timeIntervalSince1970).contains("\"value\"")
        }
    }

}
