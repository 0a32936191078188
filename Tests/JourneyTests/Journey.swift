import Foundation
import Lab
import Synchronization
import Testing

/// A place of its own in which the built `dr` runs as a user runs it: configuration, source tree, repository, state.
final class Journey: Sendable {
    let folder: TemporaryFolder
    let environment: [String: String]
    /// What follows `s3://`; empty for a directory store.
    let bucketAndPrefix: String

    var data: URL { folder.url.appending(path: "data") }
    var repository: URL { folder.url.appending(path: "repository") }

    static let checkout = Checkout.folder

    /// The program under test: built beside the tests.
    static let program: String = {
        // The test runner's own executable lies in the folder of the build.
        let runner = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates = [runner, Journey.checkout.appending(path: ".build/debug")].map {
            $0.appending(path: "dr").path
        }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "dr"
    }()

    /// - Parameters:
    ///   - s3: keep the repository there, under a prefix of its own, instead of in a directory.
    ///   - bucket: of the server.
    ///   - store: more keys of the store, in one line.
    ///   - extra: more lines for `dr.yaml`.
    ///   - more: of the environment, for secrets.
    init(
        s3: (any S3Server)? = nil, bucket: String = SharedS3Server.bucket, store options: String = "",
        components: String? = nil, extra: String = "", environment more: [String: String] = [:],
        initialize: Bool = true
    ) async throws {
        folder = try TemporaryFolder("journey")
        let data = folder.url.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        var store = "file://\(folder.path)/repository"
        if let s3 {
            bucketAndPrefix = "\(bucket)/\(UUID().uuidString.lowercased())"
            store = "s3://\(bucketAndPrefix)"
            environment = [
                "AWS_ACCESS_KEY_ID": s3.accessKey, "AWS_SECRET_ACCESS_KEY": s3.secretKey,
                "AWS_ENDPOINT_URL": s3.endpoint,
                "AWS_EC2_METADATA_DISABLED": "true",
            ].merging(more) { $1 }
        } else {
            bucketAndPrefix = ""
            environment = more
        }
        let text = """
            store: {url: "\(store)"\(options.isEmpty ? "" : ", \(options)")}
            state: \(folder.path)/state
            components:
              \(components ?? "tree: {kind: files, data: \(data.path)}")
            \(extra)

            """
        try Data(text.utf8).write(to: folder.url.appending(path: "dr.yaml"))
        if initialize { try await expect(0, "init") }
    }

    /// Keeps another folder as long as this place lives.
    func keep(_ folder: TemporaryFolder) { others.withLock { $0.append(folder) } }
    private let others = Mutex([TemporaryFolder]())

    func write(_ path: String, _ text: String) throws {
        let file = data.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// Waits until the clock shows the next second. Canaries have times to the second: two of one second have no order.
    static func nextSecond() async throws {
        let now = Int(Date().timeIntervalSince1970)
        while Int(Date().timeIntervalSince1970) == now { try await Task.sleep(for: .milliseconds(20)) }
    }

    func dr(_ arguments: [String], killAfter: Duration? = nil) async throws -> CommandRun {
        try await CommandRun.run(
            Self.program, arguments, in: folder.url, environment: environment, killAfter: killAfter)
    }

    @discardableResult
    func expect(
        _ status: Int32, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> CommandRun {
        let run = try await dr(arguments)
        #expect(
            run.status == status, "dr \(arguments.joined(separator: " "))\n\(run.output)\n\(run.errors)",
            sourceLocation: sourceLocation)
        return run
    }

    /// Holds a document against a published schema.
    /// - Parameters:
    ///   - schema: a file of docs/.
    ///   - name: of the definition in it; nil for the schema as a whole.
    /// - Returns: what is wrong with it; empty when nothing is.
    func objections(to document: Data, schema: String, _ name: String? = nil) async throws -> String {
        let file = folder.url.appending(path: "document-\(UUID().uuidString).json")
        try document.write(to: file)
        let check = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            if sys.argv[2]:
                assert sys.argv[2] in schema["$defs"], sys.argv[2]
                schema["$ref"] = "#/$defs/" + sys.argv[2]
            jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[3])))
            """
        let path = Journey.checkout.appending(path: "docs/\(schema)").path
        let verdict = try await CommandRun.run(
            try LabTool.path("python"), ["-c", check, path, name ?? "", file.path])
        try FileManager.default.removeItem(at: file)
        return verdict.status == 0 ? "" : "\(verdict.errors)\nstatus \(verdict.status)"
    }

    /// The one JSON document that the command prints on standard output, and nothing else there.
    func json<Answer: Decodable>(_ type: Answer.Type, _ arguments: String...) async throws -> Answer {
        let run = try await dr(arguments + ["--json"])
        return try JSONDecoder().decode(type, from: Data(run.output.utf8))
    }
}
