import Foundation
import Lab
import Testing

/// The objects of another program's bucket on their way through the built program, and into another bucket.
@Suite struct BucketTests {
    private struct Place {
        let journey: Journey
        let proxy: FaultyProxy
        let server: MotoServer
        let prefix = UUID().uuidString.lowercased()

        init() async throws {
            server = try await SharedS3Server.moto()
            proxy = try FaultyProxy(to: server.endpoint, rates: [:], seed: 1)
            let settings = """
                chunks: {kind: bucket, url: "s3://\(SharedS3Server.bucket)/\(prefix)/source", region: us-east-1, \
                endpoint: "\(proxy.endpoint)", access_key_id: {env: SOURCE_KEY}, \
                secret_access_key: {env: SOURCE_SECRET}}
                """
            journey = try await Journey(
                components: settings,
                environment: ["SOURCE_KEY": server.accessKey, "SOURCE_SECRET": server.secretKey])
        }

        func write(_ key: String, _ text: String, type: String = "text/x-test") async throws {
            let status = try await server.signedCurl([
                "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT", "-H", "content-type: \(type)", "--data-binary",
                text, address(key, in: "source"),
            ])
            #expect(status == "200")
        }

        func read(_ key: String, in part: String) async throws -> String {
            try await server.signedCurl([address(key, in: part)])
        }

        func type(of key: String, in part: String) async throws -> String {
            try await server.signedCurl(["-o", "/dev/null", "-w", "%{content_type}", address(key, in: part)])
        }

        private func address(_ key: String, in part: String) -> String {
            "\(server.endpoint)/\(SharedS3Server.bucket)/\(prefix)/\(part)/\(key)"
        }
    }

    private struct ShowAnswer: Decodable {
        struct Manifest: Decodable {
            struct Totals: Decodable { var files: Int }
            var totals: Totals
        }
        var manifests: [Manifest]
    }

    @Test func `an unchanged bucket is listed and not read, and comes back in another one`() async throws {
        let place = try await Place()
        let texts = ["a": "first", "a%2Fb": "below", "folder/c": "third", "empty": ""]
        for (key, text) in texts { try await place.write(key.replacing("%2F", with: "/"), text) }
        try await place.journey.expect(0, "backup")

        let before = place.proxy.requests
        try await place.journey.expect(0, "backup")
        // One page of the list, and nothing else.
        #expect(place.proxy.requests - before == 1)
        let shown = try await place.journey.json(ShowAnswer.self, "show", "latest")
        #expect(shown.manifests.map(\.totals.files) == [4])

        let target = "s3://\(SharedS3Server.bucket)/\(place.prefix)/target"
        let preview = try await place.journey.expect(
            0, "restore", "--component", "chunks", "--to", target, "--dry-run")
        #expect(preview.output.contains("4 objects"), "\(preview.output)")
        try await place.journey.expect(0, "restore", "--component", "chunks", "--to", target)
        for (key, text) in texts {
            let key = key.replacing("%2F", with: "/")
            #expect(try await place.read(key, in: "target") == text)
            #expect(try await place.type(of: key, in: "target") == "text/x-test")
        }

        // The same bucket: everything is there; another object stays unless it may be replaced.
        try await place.journey.expect(0, "restore", "--component", "chunks")
        try await place.write("a", "changed")
        let refused = try await place.journey.expect(3, "restore", "--component", "chunks")
        #expect((refused.output + refused.errors).contains("'a'"), "\(refused.output)\(refused.errors)")
        #expect(try await place.read("a", in: "source") == "changed")
        try await place.journey.expect(0, "restore", "--component", "chunks", "--replace")
        #expect(try await place.read("a", in: "source") == "first")

        // Into a directory, where `a` and `a/b` cannot both have their names.
        let folder = place.journey.folder.url.appending(path: "files")
        try await place.journey.expect(0, "restore", "--component", "chunks", "--to", folder.path)
        #expect(try String(contentsOf: folder.appending(path: "a%"), encoding: .utf8) == "first")
        #expect(try String(contentsOf: folder.appending(path: "a/b"), encoding: .utf8) == "below")
        try await place.journey.expect(0, "verify", "--read-data")
    }

    @Test func `a restore into the store of the backups is refused`() async throws {
        let server = try await SharedS3Server.moto()
        let journey = try await Journey(
            s3: server,
            components: "chunks: {kind: bucket, url: \"s3://shared/\(UUID().uuidString)\", region: us-east-1}")
        try await journey.expect(0, "backup")
        let refused = try await journey.expect(
            2, "restore", "--component", "chunks", "--to", "s3://\(journey.bucketAndPrefix)")
        #expect(refused.errors.contains("in common"), "\(refused.errors)")
    }

    @Test func `a backup of the bucket that holds the backups is refused`() async throws {
        let server = try await SharedS3Server.moto()
        let journey = try await Journey(
            s3: server,
            components: """
                chunks: {kind: bucket, url: "s3://shared", region: us-east-1, \
                endpoint: "\(server.endpoint.replacing("127.0.0.1", with: "localhost"))"}
                """)
        let refused = try await journey.expect(2, "backup")
        #expect(refused.errors.contains("in common"), "\(refused.errors)")
    }
}
