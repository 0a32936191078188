import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import S3
import Synchronization
import Testing

/// Objects of another program's bucket against a scripted server.
@Suite struct S3BucketTests {
    /// A server of one upload, `U`, that answers the completions with a script.
    private final class Peer: Sendable {
        let server: ScriptedServer

        private final class Completions: Sendable {
            let count = Mutex(0)
        }

        /// - Parameter size: of the object that is there after the script; nil if there is none.
        init(complete: [ScriptedServer.Act], size: Int? = nil) throws {
            let completions = Completions()
            server = try ScriptedServer { request, _ in
                switch (request.method, request.target.contains("uploads="), request.target.contains("uploadId=U")) {
                case ("POST", true, _): return .reply(.response(200, [], "<R><UploadId>U</UploadId></R>"))
                case ("PUT", _, true): return .reply(.response(200, [("ETag", "\"p\"")]))
                case ("POST", _, true):
                    let index = completions.count.withLock { count in
                        defer { count += 1 }
                        return count
                    }
                    return index < complete.count ? complete[index] : .reply(.response(404))
                case ("DELETE", _, true): return .reply(.response(204))
                case ("HEAD", _, _):
                    guard let size else { return .reply(.response(404)) }
                    return .raw("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                default: return .reply(.response(404))
                }
            }
        }

        var completions: [HTTPMessage] {
            server.requests.filter { $0.method == "POST" && $0.target.contains("uploadId=U") }
        }
        var isAborted: Bool { server.requests.contains { $0.method == "DELETE" } }
    }

    private static let done = ScriptedServer.Act.reply(
        .response(200, [], "  \n<CompleteMultipartUploadResult><ETag>\"x-2\"</ETag></CompleteMultipartUploadResult>"))

    private static func error(_ status: Int, _ code: String) -> ScriptedServer.Act {
        .reply(.response(status, [], "<Error><Code>\(code)</Code><Message>m</Message></Error>"))
    }

    private func bucket(_ url: String, prefix: String = "") throws -> S3Bucket {
        var configuration = S3Configuration(bucket: "bucket", prefix: prefix, endpoint: url)
        configuration.credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "s")
        configuration.retry = RetryPolicy(attempts: 3, base: .milliseconds(1))
        configuration.partSize = 1024
        let environment = AWSEnvironment(variables: [:], home: "/nonexistent", now: { 1_795_399_200 })
        return try S3Bucket(configuration, environment: environment, logger: Logger(label: "test"))
    }

    /// An object of two parts: of 1024 bytes and of one.
    private func upload(_ peer: Peer, _ condition: S3Bucket.WriteCondition = .none) throws {
        let upload = try bucket(peer.server.url).upload(BucketKey("big"), size: 1025, headers: [], condition)
        try [UInt8](repeating: 1, count: 1025).withUnsafeBytes { try upload.write($0.bytes) }
        try upload.finish()
    }

    private func reason(_ body: () throws -> Void) -> ObjectStoreError.Reason? {
        do { try body() } catch { return (error as? ObjectStoreError)?.reason }
        return nil
    }

    // MARK: Uploads

    @Test func `a completion is tried again`() throws {
        let peer = try Peer(complete: [Self.error(200, "InternalError"), .reply(.response(200)), Self.done])
        try upload(peer)
        #expect(peer.completions.count == 3)
        #expect(!peer.isAborted)
    }

    @Test func `an upload succeeds if the answer to its completion was lost`() throws {
        let peer = try Peer(complete: [.reset, Self.error(404, "NoSuchUpload")], size: 1025)
        try upload(peer)
        #expect(!peer.isAborted)
        // Another object has the key.
        let other = try Peer(complete: [.reset, Self.error(404, "NoSuchUpload")], size: 7)
        #expect(reason { try upload(other) } == .notFound)
        // Nothing was lost: somebody removed the upload.
        let removed = try Peer(complete: [Self.error(404, "NoSuchUpload")], size: 1025)
        #expect(reason { try upload(removed) } == .notFound)
    }

    @Test func `after a lost answer a conditional upload lets its caller compare`() throws {
        let peer = try Peer(complete: [.reset, Self.error(404, "NoSuchUpload")], size: 1025)
        #expect(reason { try upload(peer, .ifAbsent) } == .alreadyExists)
        #expect(peer.completions.allSatisfy { $0["if-none-match"] == "*" })
    }

    @Test func `a server without conditions completes without one`() throws {
        let peer = try Peer(complete: [Self.error(501, "NotImplemented"), Self.done])
        try upload(peer, .ifAbsent)
        #expect(peer.completions.map { $0["if-none-match"] } == ["*", nil])
    }

    @Test func `an upload that is given up is aborted, also in a cancelled task`() async throws {
        let peer = try Peer(complete: [])
        let bucket = try bucket(peer.server.url)
        let task = Task {
            let upload = bucket.upload(BucketKey("big"), size: 1025, headers: [], .none)
            try [UInt8](repeating: 1, count: 1025).withUnsafeBytes { try upload.write($0.bytes) }
            withUnsafeCurrentTask { $0?.cancel() }
            upload.cancel()
        }
        try await task.value
        #expect(peer.isAborted)
    }

    // MARK: Reading

    @Test func `a transfer that fails after its last byte is whole`() throws {
        let server = try ScriptedServer { _, _ in
            // The last chunk, which ends the body, is missing.
            .raw("HTTP/1.1 200 OK\r\nETag: \"t\"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
        }
        var content: [UInt8] = []
        let reading = try bucket(server.url).read(BucketObject(BucketKey("a"), size: 4, tag: "t")) { piece in
            piece.withUnsafeBytes { content += $0 }
        }
        guard case .whole = reading else {
            Issue.record("\(reading)")
            return
        }
        #expect(content == Array("abcd".utf8))
        #expect(server.requests.count == 1)
    }

    // MARK: Listing

    /// A page of a listing with an object of each key.
    private static func page(_ keys: [String], next: String?, tag: String = "") -> ScriptedServer.Act {
        let objects = keys.map { "<Contents><Key>\($0)</Key><Size>1</Size><ETag>\(tag)</ETag></Contents>" }
        let end = next.map { "<IsTruncated>true</IsTruncated><NextContinuationToken>\($0)</NextContinuationToken>" }
        return .reply(
            .response(200, [], "<ListBucketResult>\(objects.joined())\(end ?? "")</ListBucketResult>"))
    }

    @Test(arguments: [["same"], ["one", "two"], [""]])
    func `a listing that never ends is refused, and what came before is known`(tokens: [String]) throws {
        let server = try ScriptedServer { _, number in
            Self.page(["key-\(number % tokens.count)"], next: tokens[number % tokens.count])
        }
        var found: Set<String> = []
        let bucket = try bucket(server.url)
        let error = #expect(throws: ObjectStoreError.self) { try bucket.list { found.insert($0.key.text) } }
        #expect(error?.detail.contains("EndlessListing") == true, "\(String(describing: error))")
        #expect(found == Set((0..<tokens.count).map { "key-\($0)" }))
    }

    @Test(arguments: ["-1", "many", "99999999999999999999", ""])
    func `a size that no object has is refused with the key`(size: String) throws {
        let server = try ScriptedServer { _, _ in
            .reply(
                .response(
                    200, [],
                    "<ListBucketResult><Contents><Key>odd</Key><Size>\(size)</Size></Contents></ListBucketResult>"))
        }
        let bucket = try bucket(server.url)
        let error = #expect(throws: ObjectStoreError.self) { try bucket.list { _ in } }
        #expect(error?.detail.contains("'odd'") == true)
    }

    @Test(
        arguments: [
            ("&quot;x-2&quot;", "x-2"), ("x", "x"), ("W/&quot;x&quot;", "x"), ("", nil), ("&quot;&quot;", nil),
            ("a&#10;b: c", nil), ("a&quot;b", nil), ("a b", nil), ("ü", nil),
        ] as [(String, String?)])
    func `a tag is read with or without quotes, and one that no header can have is none`(
        text: String, tag: String?
    ) throws {
        let server = try ScriptedServer { _, _ in Self.page(["a"], next: nil, tag: text) }
        var tags: [String?] = []
        try bucket(server.url).list { tags.append($0.tag) }
        #expect(tags == [tag])
    }

    @Test func `a key that is not UTF-8 is named without the prefix`() throws {
        let server = try ScriptedServer { _, _ in
            let keys = ["pre%2Fa%2Fbad%FF", "pre%2Fgood"].map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }
            return .reply(
                .response(
                    200, [],
                    "<ListBucketResult><EncodingType>url</EncodingType>\(keys.joined())</ListBucketResult>"))
        }
        var found: [String] = []
        let unreadable = try bucket(server.url, prefix: "pre").list { found.append($0.key.text) }
        #expect(found == ["good"])
        #expect(unreadable == ["a/bad%FF"])
    }
}
