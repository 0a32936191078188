internal import Foundation
internal import Synchronization

/// A real S3 server on a private port and in a private folder.
package protocol S3Server: Sendable {
    /// The URL of the server: `http://127.0.0.1:PORT`.
    var endpoint: String { get }
    var accessKey: String { get }
    var secretKey: String { get }
    var process: ServerProcess { get }
    var folder: TemporaryFolder { get }
}

extension S3Server {
    /// - Parameters:
    ///   - name: 3 to 63 of `a-z 0-9 -`.
    ///   - hasObjectLock: true to enable object lock, which is only possible at creation.
    package func makeBucket(_ name: String, hasObjectLock: Bool = false) async throws {
        let lock = hasObjectLock ? ["-H", "x-amz-bucket-object-lock-enabled: true"] : []
        let status = try await curl(["-X", "PUT"] + lock + ["\(endpoint)/\(name)"])
        guard status == "200" else {
            throw LabError("\(process.name) did not create bucket '\(name)': status \(status)\n\(process.logTail)")
        }
    }

    /// Waits until a bucket can be created.
    func waitUntilReady() async throws {
        try await process.waitUntil { try await curl(["-X", "PUT", "\(endpoint)/ready"]) == "200" }
    }

    /// - Returns: the HTTP status, or "000" without a response.
    private func curl(_ arguments: [String]) async throws -> String {
        try await signedCurl(["-o", "/dev/null", "-w", "%{http_code}"] + arguments)
    }

    /// Runs curl, which signs the request: the lab does not depend on the code under test.
    /// - Returns: its output.
    package func signedCurl(_ arguments: [String]) async throws -> String {
        let sign = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "\(accessKey):\(secretKey)"]
        let common = ["-s", "--max-time", "\(Patience.long.components.seconds)", "--noproxy", "*"]
        return try await LabTool.output("/usr/bin/curl", common + sign + arguments)
    }
}

/// A server process that answers.
package struct StartedS3: S3Server {
    fileprivate typealias Keys = (access: String, secret: String)
    private static let keys: Keys = ("dr-lab", "dr-lab-secret")

    package let endpoint: String
    package var accessKey: String { Self.keys.access }
    package var secretKey: String { Self.keys.secret }
    package let process: ServerProcess
    package let folder: TemporaryFolder

    /// - Parameter start: starts the server in a new folder; returns its port and its process.
    fileprivate init(
        _ name: String, start: (TemporaryFolder, Keys) async throws -> (UInt16, ServerProcess)
    ) async throws {
        self = try await LabTool.retrying {
            let folder = try TemporaryFolder(name)
            let (port, process) = try await start(folder, Self.keys)
            return Self(endpoint: "http://127.0.0.1:\(port)", process: process, folder: folder)
        } check: {
            try await $0.waitUntilReady()
        }
    }

    private init(endpoint: String, process: ServerProcess, folder: TemporaryFolder) {
        self.endpoint = endpoint
        self.process = process
        self.folder = folder
    }
}

/// A server that the lab starts by its program.
package protocol S3Program: S3Server {
    var started: StartedS3 { get }
}

extension S3Program {
    package var endpoint: String { started.endpoint }
    package var accessKey: String { started.accessKey }
    package var secretKey: String { started.secretKey }
    package var process: ServerProcess { started.process }
    package var folder: TemporaryFolder { started.folder }
}

/// SeaweedFS: a distributed store in one process. It checks signatures, conditions, parts and object locks.
package struct SeaweedFS: S3Program {
    package let started: StartedS3

    /// - Parameter policies: documents in the language of AWS IAM by user. A user's name is also its access key, and its
    ///   secret key is the name followed by `-secret`.
    package init(policies: [String: String] = [:]) async throws {
        let weed = try LabTool.path("weed")
        started = try await StartedS3("seaweedfs") { folder, keys in
            let administrator = Identities.User(
                name: "dr", credentials: [.init(accessKey: keys.access, secretKey: keys.secret)],
                actions: ["Admin", "Read", "List", "Tagging", "Write"])
            let identities = try JSONEncoder().encode(Identities([administrator], policies: policies))
            try identities.write(to: folder.url.appending(path: "s3.json"))
            // Set every port: two instances with default ports cannot run on one machine.
            let names = ["master", "volume", "filer", "s3"].flatMap { ["\($0).port", "\($0).port.grpc"] }
            let ports = try FreePort.find(names.count)
            // Each bucket takes seven volumes as soon as it has an object. Without a free volume, a write fails with
            // status 500. Volumes are sparse files.
            let process = try await ServerProcess(
                "seaweedfs", executable: weed,
                arguments: [
                    "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-dir=.", "-filer", "-s3", "-s3.config=s3.json",
                    "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=512", "-volume.max=2000",
                    "-master.telemetry=false",
                ] + zip(names, ports).map { "-\($0)=\($1)" },
                folder: folder.url)
            return (ports[6], process)
        }
    }
}

extension SeaweedFS {
    /// Writes `s3.json` with one administrator.
    static func writeIdentities(accessKey: String, secretKey: String, to folder: URL) throws {
        let administrator = Identities.User(
            name: "dr", credentials: [.init(accessKey: accessKey, secretKey: secretKey)],
            actions: ["Admin", "Read", "List", "Tagging", "Write"])
        try JSONEncoder().encode(Identities([administrator], policies: [:])).write(
            to: folder.appending(path: "s3.json"))
    }
}

/// The file of users and policies of SeaweedFS.
private struct Identities: Encodable {
    struct User: Encodable {
        struct Credential: Encodable { var accessKey: String, secretKey: String }

        var name: String
        var credentials: [Credential]
        var actions: [String]?
        var policyNames: [String]?
    }

    struct Policy: Encodable { var name: String, content: String }

    var identities: [User]
    /// Nil to leave the server's engine of policies off.
    var policies: [Policy]?

    init(_ users: [User], policies: [String: String]) {
        let names = policies.keys.sorted()
        identities =
            users
            + names.map {
                User(name: $0, credentials: [.init(accessKey: $0, secretKey: "\($0)-secret")], policyNames: [$0])
            }
        self.policies = names.isEmpty ? nil : names.map { Policy(name: $0, content: policies[$0] ?? "") }
    }
}

/// rclone serving a folder. It checks signatures, ignores conditions, and stores keys as paths.
package struct RcloneS3: S3Program {
    package let started: StartedS3

    package init() async throws {
        let rclone = try LabTool.path("rclone")
        started = try await StartedS3("rclone") { folder, keys in
            let data = folder.url.appending(path: "data")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            let port = try FreePort.find()[0]
            let process = try await ServerProcess(
                "rclone", executable: rclone,
                arguments: [
                    "serve", "s3", "--addr", "127.0.0.1:\(port)", "--auth-key", "\(keys.access),\(keys.secret)",
                    "--config",
                    "/dev/null", data.path,
                ], folder: folder.url)
            return (port, process)
        }
    }
}

/// moto, a stand-in written from AWS's own descriptions. It does not check signatures.
package struct MotoServer: S3Program {
    package let started: StartedS3

    package init() async throws {
        let moto = try LabTool.path("moto_server")
        started = try await StartedS3("moto") { folder, _ in
            let port = try FreePort.find()[0]
            let process = try await ServerProcess(
                "moto", executable: moto, arguments: ["-H", "127.0.0.1", "-p", "\(port)"], folder: folder.url)
            return (port, process)
        }
    }
}

/// One server of each kind for the whole process, started on first use, because a start takes seconds.
package enum SharedS3Server {
    /// A bucket that exists on each server.
    package static let bucket = "shared"

    package static func seaweedFS() async throws -> SeaweedFS { try await seaweed.value }
    package static func rclone() async throws -> RcloneS3 { try await rcloneTask.value }
    package static func moto() async throws -> MotoServer { try await motoTask.value }

    private static let seaweed = Task { try await ready(try await SeaweedFS()) }
    private static let rcloneTask = Task { try await ready(try await RcloneS3()) }
    private static let motoTask = Task { try await ready(try await MotoServer()) }

    private static let running = Mutex<[any S3Server]>([])
    private static let registration: Void = {
        _ = atexit { SharedS3Server.end() }
    }()

    /// Registers a server for removal at exit, because a global value is never released.
    private static func ready<Server: S3Server>(_ server: Server) async throws -> Server {
        registration
        try await server.makeBucket(bucket)
        running.withLock { $0.append(server) }
        return server
    }

    private static func end() {
        for server in running.withLock({ $0 }) {
            server.process.end()
            try? FileManager.default.removeItem(at: server.folder.url)
        }
    }
}
