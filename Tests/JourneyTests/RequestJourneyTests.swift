import Foundation
import Lab
import Testing

/// The requests of unchanged hourly runs on a real S3 server, and the shelf of documents in the state folder.
@Suite(.timeLimit(.minutes(15))) struct RequestJourneyTests {
    private struct Answer: Decodable {
        var requests: Int
        var status: String
    }

    private let folder: TemporaryFolder
    private let environment: [String: String]

    private static let components = 6

    /// The description of the store: what a run without changes may cost, however many sets are kept.
    private static func bound(_ components: Int) -> Int { 12 + 4 * components }

    init() async throws {
        folder = try TemporaryFolder("requests")
        let server = try await SharedS3Server.seaweedFS()
        let bucket = "requests-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket)
        environment = [
            "AWS_ACCESS_KEY_ID": server.accessKey, "AWS_SECRET_ACCESS_KEY": server.secretKey,
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
        var lines: [String] = []
        for number in 0..<Self.components {
            let data = folder.url.appending(path: "data/\(number)")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            let file = data.appending(path: "file")
            try Data("content \(number)".utf8).write(to: file)
            // A file as new as a backup may have changed after it.
            let hourAgo = Date().addingTimeInterval(-3600)
            try FileManager.default.setAttributes([.modificationDate: hourAgo], ofItemAtPath: file.path)
            lines.append("part\(number): {kind: files, data: \(data.path)}")
        }
        store = "url: \"s3://\(bucket)/NAME\", endpoint: \"\(server.endpoint)\""
        try configure("dr", components: lines)
        try await dr("init", "--create")
    }

    private let store: String

    /// Writes a configuration with a repository of its own.
    private func configure(_ name: String, components: [String]) throws {
        let text = """
            stack: monitoring
            store: {\(store.replacing("NAME", with: name))}
            state: \(folder.path)/state
            components:
            \(components.map { "  \($0)" }.joined(separator: "\n"))

            """
        try Data(text.utf8).write(to: folder.url.appending(path: "\(name).yaml"))
    }

    @discardableResult
    private func dr(_ arguments: String...) async throws -> CommandRun {
        let run = try await CommandRun.run(
            Journey.program, arguments, in: folder.url, environment: environment, killAfter: .seconds(200))
        try #require(run.status == 0, "\(arguments): \(run.errors)")
        return run
    }

    /// Two runs of one second look for a free name, which takes requests.
    private func backUp(_ configuration: String = "dr") async throws -> Answer {
        try await Journey.nextSecond()
        let output = try await dr("backup", "--config", "\(configuration).yaml", "--json").output
        return try JSONDecoder().decode(Answer.self, from: Data(output.utf8))
    }

    @Test func `an unchanged run stays within its requests`() async throws {
        let first = try await backUp()
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(try await backUp().requests) }
        // On a busy machine a request may be repeated.
        let least = try #require(counts.min())
        #expect(least <= Self.bound(Self.components), "\(first.requests), then \(counts)")
    }

    @Test func `the look that decides the number of workers costs no requests`() async throws {
        let data = folder.url.appending(path: "data/0").path
        try configure("workers", components: ["part: {kind: files, data: \(data), workers: 4}"])
        try await dr("init", "--create", "--config", "workers.yaml")
        let first = try await backUp("workers")
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(try await backUp("workers").requests) }
        let least = try #require(counts.min())
        #expect(least <= Self.bound(1), "\(first.requests), then \(counts)")
    }

    /// Each leaves something else in the place of the shelf.
    @Test(arguments: ["nothing", "garbage", "folder", "of another time"])
    func `a damaged shelf costs only time`(_ damage: String) async throws {
        _ = try await backUp()
        let states = try FileManager.default.contentsOfDirectory(atPath: folder.url.appending(path: "state").path)
        let shelf = try #require(
            states.map { folder.url.appending(path: "state/\($0)/documents.sqlite") }
                .first { FileManager.default.fileExists(atPath: $0.path) })
        let old = try Data(contentsOf: shelf)
        _ = try await backUp()
        try FileManager.default.removeItem(at: shelf)
        switch damage {
        case "garbage": try Data(repeating: 7, count: 50_000).write(to: shelf)
        case "folder":
            try FileManager.default.createDirectory(
                at: shelf.appending(path: "inner"), withIntermediateDirectories: true)
        case "of another time": try old.write(to: shelf)
        default: break
        }
        #expect(try await backUp().status == "complete")
        let list = try await dr("list", "--json").output
        #expect(list.matches(of: /"name" *: *"\d{8}T\d{6}Z"/).count >= 3, "\(list)")
        try await dr("verify", "--read-data")
        try await dr("restore", "--component", "part3", "--to", folder.url.appending(path: "out").path)
        let restored = try String(contentsOf: folder.url.appending(path: "out/file"), encoding: .utf8)
        #expect(restored == "content 3")
    }
}
