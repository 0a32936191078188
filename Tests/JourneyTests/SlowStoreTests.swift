import Foundation
import Lab
import Testing

/// An endpoint that is never silent for long and never finishes: each command ends within a bound.
@Suite(.timeLimit(.minutes(15))) struct SlowStoreTests {
    static let drips: [(String, String)] = [
        ("", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\n", "X-Pad: y\r\n"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
    ]

    /// The first text comes at once, the second byte by byte: ten bytes in a second.
    @Test(arguments: drips)
    func `dr list against a store that sends single bytes ends with an error`(
        start: String, rest: String
    ) async throws {
        let server = try LoopbackServer { connection in
            guard connection.readMessage() != nil else { return }
            connection.send(start)
            let bytes = Array(rest.utf8)
            var next = 0
            while connection.send([bytes[next % bytes.count]]) {
                next += 1
                Thread.sleep(forTimeInterval: 0.1)
            }
        }
        defer { server.stop() }
        let folder = try TemporaryFolder("slow-store")
        let configuration = """
            store: {url: "s3://bucket/prefix", endpoint: "http://127.0.0.1:\(server.port)", region: us-east-1,
                    addressing: path, stall_timeout: 1s}
            state: \(folder.path)/state
            components: {tree: {kind: files, data: \(folder.path)}}

            """
        try Data(configuration.utf8).write(to: folder.url.appending(path: "dr.yaml"))
        let run = try await CommandRun.run(
            Journey.program, ["list"], in: folder.url,
            environment: [
                "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true",
            ], killAfter: .seconds(100))
        #expect(run.status == 1, "\(run.status) after \(run.duration): \(run.errors)")
        #expect(run.errors.contains("repository.json"), "\(run.errors)")
    }
}
