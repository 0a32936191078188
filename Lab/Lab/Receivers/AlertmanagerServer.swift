package import Documents
internal import Foundation

/// A real Alertmanager on free ports of 127.0.0.1.
package final class AlertmanagerServer: Sendable {
    package static let executable = "prometheus-alertmanager"

    package let port: UInt16
    package var url: String { "http://127.0.0.1:\(port)" }
    private let process: ServerProcess
    private let folder: TemporaryFolder

    private init(port: UInt16, process: ServerProcess, folder: TemporaryFolder) {
        self.port = port
        self.process = process
        self.folder = folder
    }

    /// Starts an Alertmanager without receivers, and waits until it accepts alerts.
    package static func start() async throws -> AlertmanagerServer {
        try await LabTool.retrying {
            let folder = try TemporaryFolder("alertmanager")
            let port = try FreePort.find()[0]
            let configuration = folder.url.appending(path: "alertmanager.yml")
            try Data("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n".utf8).write(to: configuration)
            let process = try await ServerProcess(
                "alertmanager", executable: try LabTool.path(executable),
                arguments: [
                    "--config.file=\(configuration.path)", "--storage.path=\(folder.path)/data",
                    "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
                ], folder: folder.url)
            return AlertmanagerServer(port: port, process: process, folder: folder)
        } check: { server in
            try await server.process.waitUntil { (try? await server.get("/-/ready")) != nil }
        }
    }

    /// Returns the firing alerts, as the API lists them.
    package func alerts() async throws -> [JSONValue] {
        try JSONValue(parsing: [UInt8](try await get("/api/v2/alerts").utf8)).array ?? []
    }

    private func get(_ path: String) async throws -> String {
        let text = try await LabTool.output(
            "/usr/bin/curl",
            ["-sf", "--max-time", "\(Patience.long.components.seconds)", "--noproxy", "*", "\(url)\(path)"])
        guard !text.isEmpty else { throw LabError("no response from \(url)\(path)") }
        return text
    }
}
