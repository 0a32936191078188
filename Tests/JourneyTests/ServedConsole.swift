import Foundation
import Lab
import Testing

/// A running `dr serve` and its address.
struct ServedConsole {
    let process: ServerProcess
    let address: String

    init(_ journey: Journey, _ name: String = "serve", _ arguments: String...) async throws {
        let process = try await ServerProcess(
            name, executable: Journey.program, arguments: ["serve", "--listen", "127.0.0.1:0"] + arguments,
            folder: journey.folder.url, environment: journey.environment)
        func address() -> String? {
            let log = (try? String(contentsOf: process.log, encoding: .utf8)) ?? ""
            return log.firstMatch(of: /console: (https?:\/\/\S+)\//).map { String($0.1) }
        }
        try await process.waitUntil { address() != nil }
        self.process = process
        self.address = try #require(address())
    }

    /// - Returns: the status of HTTP, `000` without a response, and the body.
    func get(_ path: String, token: String? = nil, curl options: [String] = []) async throws -> (
        status: String, body: String
    ) {
        let folder = try TemporaryFolder("get")
        let file = folder.url.appending(path: "body")
        let header = token.map { ["-H", "Authorization: Bearer \($0)"] } ?? []
        let run = try await CommandRun.run(
            "/usr/bin/env", ["curl", "-s", "-o", file.path, "-w", "%{http_code}"] + header + options + [address + path])
        return (run.output, (try? String(contentsOf: file, encoding: .utf8)) ?? "")
    }

    /// Waits until the console has read the repository.
    func waitForState(token: String? = nil) async throws {
        try await process.waitUntil { try await get("/api/v1/overview", token: token).status == "200" }
    }
}
