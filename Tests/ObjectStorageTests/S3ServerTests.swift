import Blocking
import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import S3
import Testing

/// What only real servers can show.
@Suite struct S3ServerTests {
    private func store(_ server: any S3Server, _ change: (inout S3Configuration) -> Void = { _ in }) throws -> S3Store {
        var configuration = configuration(server)
        change(&configuration)
        return try S3Store(configuration, environment: .none, logger: Logger(label: "test"))
    }

    @Test func `what SeaweedFS can do`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let store = try store(server)
        let found = try await threads.run { try store.probe() }
        #expect(found.conditionalPut && found.multipart && found.batchDelete && !found.objectLock)
        #expect(found.region == "us-east-1" && found.credentials == "dr-lab from configuration")
        #expect(try await threads.run { try store.keys() } == [])
    }

    @Test func `what rclone can do`() async throws {
        let store = try store(try await SharedS3Server.rclone())
        let found = try await threads.run { try store.probe() }
        #expect(!found.conditionalPut && found.multipart)
    }

    @Test func `an object lock holds`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let bucket = "lock-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket, hasObjectLock: true)
        let store = try store(server) { $0.bucket = bucket }
        try await threads.run {
            let until = Int(Date().timeIntervalSince1970) + 3600
            _ = try store.put("kept", [1], PutOptions(lock: .init(mode: .governance, until: until)))
            _ = try store.upload(
                "kept-big", content(partSize + 1), PutOptions(lock: .init(mode: .governance, until: until)))
            #expect(try store.probe().objectLock)
            #expect(try store.bytes("kept") == [1])
            #expect(try store.head("kept-big")?.size == partSize + 1)
        }
    }

    @Test func `wrong keys and buckets are named`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let wrongSecret = try store(server) { $0.credentials?.secretAccessKey = "wrong" }
        let wrongKey = try store(server) { $0.credentials?.accessKeyID = "nobody" }
        let wrongBucket = try store(server) { $0.bucket = "no-such-bucket" }
        await threads.run {
            for store in [wrongSecret, wrongKey] {
                #expect(reason { try store.put("a") } == .credentials)
                #expect(reason { _ = try store.head("a") } == .credentials)
            }
            #expect(reason { _ = try wrongBucket.keys() } == .noSuchStore)
            #expect(reason { _ = try wrongBucket.bytes("a") } == .noSuchStore)
        }
    }

    @Test func `a presigned URL needs no keys`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let store = try store(server)
        try await threads.run {
            try store.put("a b".replacing(" ", with: "-"), [1, 2, 3])
            let url = try store.presignedURL("a-b", expires: 60)
            let (response, body) = try HTTPClient().send(HTTPRequest("GET", url))
            #expect(response.status == 200 && body == [1, 2, 3])
            #expect(try HTTPClient().send(HTTPRequest("GET", url.replacing("a-b", with: "a-c"))).0.status == 403)
        }
    }

    @Test(arguments: [nil, 3..<20_000_000, 5_000_000..<5_000_001] as [Range<Int>?])
    func `ranges fetched side by side arrive in order`(_ range: Range<Int>?) async throws {
        let store = try store(try await SharedS3Server.seaweedFS()) {
            $0.parallelReads = 3
            $0.partSize = 5 << 20
        }
        try await threads.run {
            let bytes = content(4 * partSize + 17)
            _ = try store.upload("big", bytes)
            #expect(try store.bytes("big", range: range) == range.map { Array(bytes[$0]) } ?? bytes)
            #expect(reason { _ = try store.bytes("big", range: 0..<bytes.count + 1) } == .invalidRange)
        }
    }

    @Test func `parts of killed runs are found and removed`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let store = try store(server)
        try await threads.run {
            let upload = try store.upload("left", PutOptions())
            try content(partSize + 1).withUnsafeBytes { try upload.write($0.bytes) }
            #expect(try store.abortAbandonedUploads() == 0)
            #expect(try store.abortAbandonedUploads(olderThan: -60) == 1)
            #expect(reason { _ = try upload.finish() } != nil)
        }
    }
}
