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
    private static let bound = 12 + 4 * components

    init() async throws {
        folder = try TemporaryFolder("requests")
        let server = try await SharedS3Server.seaweedFS()
        let bucket = "requests-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket)
        environment = [
            "AWS_ACCESS_KEY_ID": server.accessKey, "AWS_SECRET_ACCESS_KEY": server.secretKey,
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
        var text = """
            stack: monitoring
            store: {url: "s3://\(bucket)/repository", endpoint: "\(server.endpoint)"}
            state: \(folder.path)/state
            components:

            """
        for number in 0..<Self.components {
            let data = folder.url.appending(path: "data/\(number)")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try Data("content \(number)".utf8).write(to: data.appending(path: "file"))
            text += "  part\(number): {kind: files, data: \(data.path)}\n"
        }
        try Data(text.utf8).write(to: folder.url.appending(path: "dr.yaml"))
        try await dr("init", "--create")
    }

    @discardableResult
    private func dr(_ arguments: String...) async throws -> CommandRun {
        let run = try await CommandRun.run(
            Journey.program, arguments, in: folder.url, environment: environment, killAfter: .seconds(200))
        try #require(run.status == 0, "\(arguments): \(run.errors)")
        return run
    }

    private func backUp() async throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(try await dr("backup", "--json").output.utf8))
    }

    @Test func `an unchanged run stays within its requests`() async throws {
        let first = try await backUp()
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(try await backUp().requests) }
        // On a busy machine a request may be repeated.
        let least = try #require(counts.min())
        #expect(least <= Self.bound, "\(first.requests), then \(counts)")
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
