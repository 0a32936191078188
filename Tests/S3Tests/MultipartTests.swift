import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import S3
import Synchronization
import Testing

/// Multipart uploads against a scripted server: the reaction to failures when an upload completes or aborts.
@Suite struct MultipartTests {
    private let key = ObjectKey(trusted: "big")

    /// A server of one upload, `U`, that answers the completions with a script.
    private final class Peer: Sendable {
        let server: ScriptedServer
        private let writeID: Shared

        private final class Shared: Sendable {
            let writeID = Mutex("")
            let completions = Mutex(0)
        }

        init(
            complete: [ScriptedServer.Act], part: ScriptedServer.Act = .reply(.response(200, [("ETag", "\"p\"")])),
            exists: @escaping @Sendable () -> Bool = { false }
        ) throws {
            let shared = Shared()
            writeID = shared
            server = try ScriptedServer { request, _ in
                switch (request.method, request.target.contains("uploads="), request.target.contains("uploadId=U")) {
                case ("POST", true, _):
                    shared.writeID.withLock { $0 = request["x-amz-meta-dr-write"] ?? "" }
                    return .reply(.response(200, [], "<R><UploadId>U</UploadId></R>"))
                case ("PUT", _, true): return part
                case ("POST", _, true):
                    let index = shared.completions.withLock { count in
                        defer { count += 1 }
                        return count
                    }
                    return index < complete.count ? complete[index] : .reply(.response(404))
                case ("DELETE", _, true): return .reply(.response(204))
                case ("GET", _, true):
                    let parts = [(1, 1024), (2, 1)].map {
                        "<Part><PartNumber>\($0.0)</PartNumber><Size>\($0.1)</Size><ETag>\"right\($0.0)\"</ETag></Part>"
                    }
                    return .reply(.response(200, [], "<ListPartsResult>\(parts.joined())</ListPartsResult>"))
                case ("HEAD", _, _) where exists():
                    let id = shared.writeID.withLock { $0 }
                    return .raw("HTTP/1.1 200 OK\r\nContent-Length: 1025\r\nx-amz-meta-dr-write: \(id)\r\n\r\n")
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
        .reply(.response(status, [], "\n\n<Error><Code>\(code)</Code><Message>m</Message></Error>"))
    }

    /// An object of two parts: of 1024 bytes and of one.
    private func upload(
        _ peer: Peer, budget: PartBudget = PartBudget(bytes: 2048), _ options: PutOptions = PutOptions(.none)
    ) throws -> ObjectInfo {
        var configuration = S3Configuration(bucket: "bucket", endpoint: peer.server.url)
        configuration.credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "s")
        configuration.retry = RetryPolicy(attempts: 3, base: .milliseconds(1))
        configuration.partSize = 1024
        let environment = AWSEnvironment(variables: [:], home: "/nonexistent", now: { 1_795_399_200 })
        let store = try S3Store(configuration, environment: environment, logger: Logger(label: "test"), budget: budget)
        let upload = try store.upload(key, options)
        try [UInt8](repeating: 1, count: 1025).withUnsafeBytes { try upload.write($0.bytes) }
        return try upload.finish()
    }

    private func reason(_ body: () throws -> Void) -> ObjectStoreError.Reason? {
        do { try body() } catch { return (error as? ObjectStoreError)?.reason }
        return nil
    }

    @Test func `parts, then the list of them`() throws {
        let peer = try Peer(complete: [Self.done])
        let info = try upload(peer)
        #expect(info.size == 1025 && info.tag == "\"x-2\"")
        let parts = peer.server.requests.filter { $0.method == "PUT" }
        #expect(
            Set(parts.map { "\($0.target) \($0.body.count)" }) == [
                "/bucket/big?partNumber=1&uploadId=U 1024", "/bucket/big?partNumber=2&uploadId=U 1",
            ])
        let list = String(decoding: try #require(peer.completions.first).body, as: UTF8.self)
        #expect(list.contains("<Part><PartNumber>1</PartNumber><ETag>&quot;p&quot;</ETag></Part><Part><PartNumber>2"))
        #expect(!peer.isAborted)
    }

    @Test func `an error under status 200`() throws {
        let peer = try Peer(complete: [Self.error(200, "InternalError"), .reply(.response(200)), Self.done])
        _ = try upload(peer)
        #expect(peer.completions.count == 3)
    }

    @Test func `an upload succeeds if the response to its completion was lost`() throws {
        let peer = try Peer(complete: [.reset, Self.error(404, "NoSuchUpload")], exists: { true })
        #expect(try upload(peer).size == 1025)
        #expect(!peer.isAborted)
    }

    @Test func `an upload that another client removed fails as not found`() throws {
        let peer = try Peer(complete: [Self.error(404, "NoSuchUpload")])
        #expect(reason { _ = try upload(peer) } == .notFound)
    }

    @Test func `a part's tag that was wrong in its answer`() throws {
        let peer = try Peer(complete: [Self.error(400, "InvalidPart"), Self.done])
        _ = try upload(peer)
        let list = String(decoding: try #require(peer.completions.last).body, as: UTF8.self)
        #expect(list.contains("&quot;right1&quot;") && list.contains("&quot;right2&quot;"))
    }

    @Test func `a part that is refused ends the upload`() throws {
        let peer = try Peer(complete: [], part: Self.error(403, "AccessDenied"))
        #expect(reason { _ = try upload(peer) } == .denied)
        #expect(peer.isAborted && peer.completions.isEmpty)
    }

    @Test func `an upload fails if another client created the object first`() throws {
        let peer = try Peer(complete: [Self.error(412, "PreconditionFailed")])
        #expect(reason { _ = try upload(peer, PutOptions()) } == .alreadyExists)
        #expect(peer.completions.first?["if-none-match"] == "*")
        #expect(peer.isAborted)
    }

    @Test func `a lock wants checksums of every part`() throws {
        let peer = try Peer(complete: [Self.done])
        _ = try upload(peer, PutOptions(.none, lock: .init(mode: .governance, until: 1_900_000_000)))
        let begin = try #require(peer.server.requests.first)
        #expect(begin["x-amz-checksum-algorithm"] == "SHA256" && begin["x-amz-object-lock-mode"] == "GOVERNANCE")
        let parts = peer.server.requests.filter { $0.method == "PUT" }
        #expect(parts.allSatisfy { $0["x-amz-checksum-sha256"] != nil && $0["x-amz-object-lock-mode"] == nil })
        #expect(String(decoding: peer.completions[0].body, as: UTF8.self).contains("<ChecksumSHA256>"))
    }

    @Test func `many uploads share little memory without waiting for each other`() throws {
        let peer = try Peer(complete: (0..<6).map { _ in Self.done })
        let budget = PartBudget(bytes: 1024)
        for _ in 0..<3 { _ = try upload(peer, budget: budget) }
        // One thread with more open uploads than the budget has parts.
        var configuration = S3Configuration(bucket: "bucket", endpoint: peer.server.url)
        configuration.credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "s")
        configuration.partSize = 1024
        let environment = AWSEnvironment(variables: [:], home: "/nonexistent", now: { 1_795_399_200 })
        let store = try S3Store(configuration, environment: environment, logger: Logger(label: "test"), budget: budget)
        let uploads = try (0..<3).map { _ in try store.upload(key, PutOptions(.none)) }
        for _ in 0..<5 {
            for upload in uploads {
                try [UInt8](repeating: 1, count: 700).withUnsafeBytes { try upload.write($0.bytes) }
            }
        }
        for upload in uploads { _ = try upload.finish() }
        #expect(peer.completions.count == 6)
    }
}
