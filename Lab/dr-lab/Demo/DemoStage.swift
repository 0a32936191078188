import ArgumentParser
import Foundation
import Lab

/// Prints the steps of the demo and runs `dr` as an operator does.
final class DemoStage {
    let folder: TemporaryFolder
    private let executable: String
    private var environment: [String: String] = [:]
    private var step = 0
    private var s3: SeaweedFS?

    init(folder: TemporaryFolder, dr: String?) throws {
        self.folder = folder
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "dr").path
        executable = URL(filePath: dr ?? beside).absoluteURL.path
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw ValidationError("there is no dr at '\(executable)'; build it, or set its path with --dr")
        }
    }

    /// The folder of `dr` and `dr-lab`.
    var programs: String { URL(filePath: executable).deletingLastPathComponent().path }

    func say(_ text: String) {
        step += 1
        print("\n\(step). \(text)")
    }

    func tell(_ text: String) { print("   \(text)") }

    func writeConfiguration(store: String, _ components: [any DemoComponent]) throws {
        let parts = components.map { "  \($0.name): \($0.settings)" }.joined(separator: "\n")
        let lab = URL(filePath: CommandLine.arguments[0]).absoluteURL.path
        let servers = components.compactMap { part in part.drillServer(lab).map { "    \(part.name): \($0)" } }
            .joined(separator: "\n")
        try writeConfiguration(
            """
            stack: demo
            objectives: {rto: 4h, rpo: 1h}
            store: {url: "\(store)"}
            state: \(folder.path)/state
            components:
            \(parts)
            checks: {interval: 10s, tenants: [team-a, team-b], canaries: {grafana: {}, jaeger: {}}}
            drill:
              servers:
            \(servers)

            """)
    }

    func writeConfiguration(_ text: String) throws {
        try Data(text.utf8).write(to: folder.url.appending(path: "dr.yaml"))
    }

    /// Sets a secret for a component, as an operator does.
    func setEnvironment(_ name: String, _ value: String) { environment[name] = value }

    /// - Parameters:
    ///   - accepting: exit codes that do not fail the demo.
    ///   - showing: the number of last lines of the output to show (default: all).
    @discardableResult
    func dr(_ arguments: String..., accepting: Set<Int32> = [0], showing: Int = .max) async throws -> CommandRun {
        try await dr(arguments, accepting: accepting, showing: showing)
    }

    /// - Parameters:
    ///   - subfolder: the working directory with `dr.yaml`; nil for the demo's folder.
    ///   - account: the account that runs it; nil for the user of this process.
    @discardableResult
    func dr(
        _ arguments: [String], in subfolder: URL? = nil, as account: ServerAccount? = nil,
        accepting: Set<Int32> = [0], showing: Int = .max
    ) async throws -> CommandRun {
        print("   $ dr \(arguments.joined(separator: " "))")
        let folder = subfolder ?? folder.url
        let all = arguments + ["--no-progress"]
        let run =
            if let account {
                try await account.run(try shared(executable), all, in: folder, environment: environment)
            } else {
                try await CommandRun.run(executable, all, in: folder, environment: environment)
            }
        let lines = [run.errors, run.output].flatMap { $0.split(separator: "\n") }
        if lines.count > showing { tell("  (\(lines.count - showing) more lines)") }
        for line in lines.suffix(showing) { tell("  \(line)") }
        guard accepting.contains(run.status) else {
            throw LabError("dr \(arguments.joined(separator: " ")) exited with status \(run.status)")
        }
        return run
    }

    /// Returns a copy of the program that every account can run, because a checkout may be in a private home folder.
    private func shared(_ program: String) throws -> String {
        let copy = folder.url.appending(path: "dr").path
        if !FileManager.default.fileExists(atPath: copy) {
            try FileManager.default.copyItem(atPath: program, toPath: copy)
        }
        return copy
    }

    /// Returns the watermarks of the newest backup's components, in milliseconds since 1970, for those that have one.
    func watermarks() async throws -> [String: Int] {
        let run = try await CommandRun.run(
            executable, ["show", "latest", "--json"], in: folder.url, environment: environment)
        struct Answer: Decodable {
            struct Manifest: Decodable {
                var component: String
                var watermark: Int?
            }
            var manifests: [Manifest]
        }
        let manifests = try JSONDecoder().decode(Answer.self, from: Data(run.output.utf8)).manifests
        return manifests.reduce(into: [:]) { $0[$1.component] = $1.watermark }
    }

    /// Starts an S3 server.
    /// - Returns: the URL of a new bucket.
    func startS3() async throws -> String {
        let server = try await SeaweedFS()
        try await server.makeBucket("backups")
        setEnvironment("AWS_ACCESS_KEY_ID", server.accessKey)
        setEnvironment("AWS_SECRET_ACCESS_KEY", server.secretKey)
        setEnvironment("AWS_ENDPOINT_URL", server.endpoint)
        s3 = server
        tell("SeaweedFS serves S3 at \(server.endpoint)")
        return "s3://backups/demo"
    }

    func end() async throws { try await s3?.process.stop() }
}
