package import Foundation
internal import FoundationNetworking
internal import Platform

/// A real Prometheus on a free port of 127.0.0.1, over a data directory that the caller owns.
package final class PrometheusServer: Sendable {
    package struct Options: Sendable {
        package var adminAPI = true
        package var retention = "10y"
        /// Scrapes itself once a second: a few hundred living series.
        package var scrapesItself = true
        /// A free one when nil.
        package var port: UInt16?
        /// More targets, as "host:port".
        package var targets: [String] = []
        /// Used as it is, instead of one made from the above.
        package var configuration: URL?
        package var arguments: [String] = []
        /// Runs as an agent: no blocks, no queries.
        package var isAgent = false
        /// Owns the data directory and runs the server; the user of this process if nil.
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
    ///   - data: the data directory; made where it is missing, kept when the server ends.
    ///   - folder: for configuration and log, and the server's working directory.
    package static func start(
        data: URL, folder: URL, _ options: Options = Options()
    ) async throws -> PrometheusServer {
        if !FileManager.default.fileExists(atPath: data.path) {
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try await options.account?.own(data)
        }
        // Between finding a free port and taking it, another process may be faster: try again then.
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
        throw failure ?? LabError("prometheus does not start")
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

    /// Ends the server and waits until it is gone; the data directory stays.
    package func stop(gracefully: Bool = true) async {
        await BlockingPool(threads: 1).run { [process] in process.stop(gracefully: gracefully) }
    }

    package func isReady() async throws -> Bool {
        guard let address = URL(string: url + "/-/ready") else { return false }
        // Refused while the server is not listening yet.
        guard let (_, response) = try? await URLSession.shared.data(from: address) else { return false }
        return (response as? HTTPURLResponse)?.statusCode == 200
    }

    // MARK: Queries

    /// An instant query; the answer's `data` member as JSON with sorted keys, its series in a fixed order.
    /// - Parameter time: seconds since 1970.
    package func query(_ expression: String, at time: Double) async throws -> String {
        try await ask("/api/v1/query", ["query": expression, "time": String(time)])
    }

    /// A range query; the answer as that of ``query(_:at:)``.
    package func queryRange(
        _ expression: String, from start: Double, to end: Double, step: Int
    ) async throws -> String {
        try await ask(
            "/api/v1/query_range",
            ["query": expression, "start": String(start), "end": String(end), "step": String(step)])
    }

    /// Waits until an instant query for now has an answer with at least one series.
    package func waitForSeries(_ expression: String) async throws {
        try await process.waitUntil {
            try await self.query(expression, at: Date().timeIntervalSince1970).contains("\"value\"")
        }
    }

    private func ask(_ path: String, _ form: [String: String]) async throws -> String {
        var parts = URLComponents()
        parts.queryItems = form.map { URLQueryItem(name: $0.key, value: $0.value) }
        guard let address = URL(string: url + path), let body = parts.percentEncodedQuery else {
            throw LabError("no such address: '\(url + path)'")
        }
        var request = URLRequest(url: address)
        request.httpMethod = "POST"
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        request.httpBody = Data(body.replacing("+", with: "%2B").utf8)
        let (content, _) = try await URLSession.shared.data(for: request)
        let answer = try JSONSerialization.jsonObject(with: content) as? [String: Any]
        guard answer?["status"] as? String == "success", var data = answer?["data"] as? [String: Any] else {
            throw LabError("\(form["query"] ?? path): \(String(decoding: content, as: UTF8.self))")
        }
        func text(_ value: Any) throws -> String {
            String(
                decoding: try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed]),
                as: UTF8.self)
        }
        if data["resultType"] as? String != "scalar", let series = data["result"] as? [Any] {
            let ordered = try series.map { (text: try text($0), value: $0) }.sorted { $0.text < $1.text }
            data["result"] = ordered.map(\.value)
        }
        return try text(data)
    }
}
