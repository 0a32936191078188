import Documents
import Foundation
import HTTP
import Lab

/// Compares an export of many dashboards with `curl --parallel` over the same requests, which shows the server's own
/// time. The server is the stand-in, in a separate process.
struct BenchGrafana {
    var tool: DRTool
    var dashboards: Int
    var work: URL
    var rounds: Int
    var lab: String
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var dashboards: Int
        /// The number of curl's requests: each dashboard and its permissions.
        var requests: Int
        var dr: BenchRow
        var curl: BenchRow
    }

    /// The number of concurrent requests, the same as `dr` uses.
    private static let atOnce = 8

    func run() async throws -> Result {
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        let server = try await ServerProcess(
            "grafana", executable: lab, arguments: ["stand-in", "grafana", "--seed", "dashboards=\(dashboards)"],
            folder: work)
        defer { server.end() }
        var settings: [String: String] = [:]
        try await server.waitUntil {
            for line in try String(contentsOf: server.log, encoding: .utf8).split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2 { settings[parts[0]] = parts[1] }
            }
            return settings["GRAFANA_PASSWORD"] != nil
        }
        let url = settings["GRAFANA_URL"] ?? "", password = settings["GRAFANA_PASSWORD"] ?? ""
        let paths = try await requests(url, password)
        let list = work.appending(path: "requests")
        let entries = paths.enumerated().map { "url = \"\(url)\($1)\"\noutput = \"\(work.path)/answers/\($0).json\"\n" }
        try entries.joined().write(to: list, atomically: true, encoding: .utf8)
        let curl = BenchCommand(arguments: [
            "/usr/bin/curl", "--silent", "--fail", "--create-dirs", "--user", "admin:\(password)", "--parallel",
            "--parallel-max", "\(Self.atOnce)", "--config", list.path,
        ])

        var result = Result(
            dashboards: dashboards, requests: paths.count,
            dr: BenchRow(place: "Grafana", scenario: .cold, tool: tool.name),
            curl: BenchRow(place: "Grafana", scenario: .cold, tool: "curl --parallel"))
        for round in 0..<rounds {
            let folder = work.appending(path: "dr-\(round)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            // Without recorded queries, because curl does not send them either.
            try """
            store: {url: "file://\(folder.path)/repository"}
            state: "\(folder.path)/state"
            checks: {record: false}
            components:
              grafana: {url: "\(url)", username: admin, password: {env: GRAFANA_PASSWORD}, join_organizations: true}

            """.write(to: folder.appending(path: "dr.yaml"), atomically: true, encoding: .utf8)
            func dr(_ command: String) -> BenchCommand {
                BenchCommand(
                    arguments: [tool.program, "--config", "\(folder.path)/dr.yaml", command],
                    environment: ["GRAFANA_PASSWORD": password])
            }
            _ = try await measure(dr("init"))
            if round.isMultiple(of: 2) {
                result.dr.runs.append(try await measure(dr("backup")))
                result.curl.runs.append(try await measure(curl))
            } else {
                result.curl.runs.append(try await measure(curl))
                result.dr.runs.append(try await measure(dr("backup")))
            }
        }
        say(
            "\(dashboards) dashboards, dr: \(BenchText.seconds(result.dr.wall)), "
                + "curl: \(BenchText.seconds(result.curl.wall))")
        return result
    }

    /// Returns the requests for each dashboard and its permissions.
    private func requests(_ url: String, _ password: String) async throws -> [String] {
        let login = Data("admin:\(password)".utf8).base64EncodedString()
        let questions = HTTPQuestions(url: url, headers: [("Authorization", "Basic \(login)")])
        var paths: [String] = []
        for page in 1...Int.max {
            let found = try await questions.get("/api/search?type=dash-db&limit=1000&page=\(page)").array ?? []
            let uids = found.compactMap { $0["uid"]?.text }
            paths += uids.flatMap { ["/api/dashboards/uid/\($0)", "/api/dashboards/uid/\($0)/permissions"] }
            if found.count < 1000 { break }
        }
        return paths
    }

    private func measure(_ command: BenchCommand) async throws -> BenchRow.Run {
        sync()
        let process = try await MeasuredProcess.run(
            command.arguments, log: work.appending(path: "command.log").path, folder: command.folder,
            environment: command.environment)
        try process.requireSuccess()
        return .init(process)
    }
}
