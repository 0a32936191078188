import Foundation
import HTTP
import Lab
import Logging
import ObjectStorage
import Platform
import S3
import Testing

/// Behaviour that only real servers can show.
@Suite struct S3ServerTests {
    private func store(_ server: any S3Server, _ change: (inout S3Configuration) -> Void = { _ in }) throws -> S3Store {
        var configuration = configuration(server)
        change(&configuration)
        return try S3Store(configuration, environment: .none, logger: Logger(label: "test"))
    }

    @Test func `the probe detects the features of SeaweedFS`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let store = try store(server)
        let found = try await threads.run { try store.probe() }
        #expect(found.conditionalPut && found.multipart && found.batchDelete && found.metadata && found.refusal == nil)
        #expect(found.part == partSize)
        #expect(found.region == "us-east-1" && found.credentials == "dr-lab from configuration")
        #expect(try await threads.run { try store.keys() } == [])
    }

    @Test func `the probe detects the features of rclone`() async throws {
        let store = try store(try await SharedS3Server.rclone())
        let found = try await threads.run { try store.probe() }
        #expect(!found.conditionalPut && found.multipart)
    }

    @Test func `the probe detects a gateway that keeps no metadata`() async throws {
        let proxy = try FaultyProxy(
            to: try await SharedS3Server.moto().endpoint, rates: [:], isForgetful: true, seed: 1)
        defer { proxy.stop() }
        let store = try store(try await SharedS3Server.moto()) { $0.endpoint = proxy.endpoint }
        let found = try await threads.run { try store.probe() }
        #expect(!found.conditionalPut && !found.metadata && !found.tags && found.multipart)
    }

    /// All tests of a process share one server, and many of them make a bucket of their own.
    @Test func `the shared server has room for many buckets`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        for _ in 0..<20 {
            let bucket = "room-\(UUID().uuidString.lowercased())"
            try await server.makeBucket(bucket)
            let store = try store(server) { $0.bucket = bucket }
            try await threads.run { try store.put("a") }
        }
    }

    /// The keys of a repository contain no ampersands and the like, but its prefix may.
    @Test(arguments: ["R&D", "a<b>", "it's \"so\"", "x&\u{301}"])
    func `a prefix that XML must escape`(_ name: String) async throws {
        let servers: [any S3Server] = [
            try await SharedS3Server.moto(), try await SharedS3Server.seaweedFS(), try await SharedS3Server.rclone(),
        ]
        for server in servers {
            let store = try store(server) { $0.prefix += "/\(name)" }
            try await threads.run {
                let keys = (0..<5).map { ObjectKey(trusted: "k/\($0)") }
                for key in keys { _ = try store.put(key, [1], options: PutOptions()) }
                #expect(try store.keys() == keys.map(\.text))
                #expect(try store.delete(keys) == [])
                #expect(try store.keys() == [])
            }
        }
    }

    /// Opens a store in a separate bucket that was created with object lock.
    private func lockingStore() async throws -> S3Store {
        let server = try await SharedS3Server.seaweedFS()
        let bucket = "lock-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket, hasObjectLock: true)
        return try store(server) { $0.bucket = bucket }
    }

    @Test(arguments: [PutOptions.LockMode.governance, .compliance])
    func `a lock is set with the object, read back and extended`(_ mode: PutOptions.LockMode) async throws {
        let store = try await lockingStore()
        try await threads.run {
            let lock = PutOptions.Lock(mode: mode, until: Int(Date().timeIntervalSince1970) + 3600)
            let longer = PutOptions.Lock(mode: mode, until: lock.until + 3600)
            _ = try store.put("small", [1], options: PutOptions(lock: lock))
            _ = try store.upload("big", content(partSize + 1), options: PutOptions(lock: lock))
            try store.put("free")
            #expect(try store.retentionSupport() == RetentionSupport(isEnabled: true))
            #expect(try store.bytes("small") == [1] && store.head("big")?.size == partSize + 1)
            #expect(try store.retention(of: "small") == lock && store.retention(of: "big") == lock)
            #expect(try store.retention(of: "free") == nil)
            for key in ["small", "big", "free"] as [ObjectKey] {
                try store.retain(key, longer)
                #expect(try store.retention(of: key) == longer)
            }
            #expect(reason { _ = try store.retention(of: "absent") } == .notFound)
            #expect(reason { try store.retain("absent", longer) } == .notFound)
        }
    }

    @Test func `a lock in compliance mode is not shortened`() async throws {
        let store = try await lockingStore()
        try await threads.run {
            let lock = PutOptions.Lock(mode: .compliance, until: Int(Date().timeIntervalSince1970) + 3600)
            _ = try store.put("a", [1], options: PutOptions(lock: lock))
            let shorter = PutOptions.Lock(mode: .compliance, until: lock.until - 1800)
            #expect([.denied, .locked].contains(reason { try store.retain("a", shorter) }))
            #expect(try store.retention(of: "a") == lock)
        }
    }

    @Test func `a bucket without object lock says so`() async throws {
        let store = try store(try await SharedS3Server.seaweedFS())
        try await threads.run {
            #expect(try !store.retentionSupport().isEnabled)
            try store.put("a")
            let lock = PutOptions.Lock(mode: .governance, until: Int(Date().timeIntervalSince1970) + 3600)
            // The server refuses the object with any error, and never stores it without the lock.
            #expect(reason { _ = try store.put("b", [1], options: PutOptions(lock: lock)) } != nil)
            #expect(reason { try store.retain("a", lock) } != nil)
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

    @Test(arguments: [nil, 3..<20_000_000, 5_000_000..<5_000_001] as [Range<Int>?])
    func `ranges fetched side by side arrive in order`(_ range: Range<Int>?) async throws {
        let store = try store(try await SharedS3Server.seaweedFS()) {
            $0.readSize = 3 << 20
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
        let (store, other) = (try store(server), try store(server))
        try await threads.run {
            let elsewhere = try other.upload("left", PutOptions())
            try content(partSize + 1).withUnsafeBytes { try elsewhere.write($0.bytes) }
            defer { elsewhere.cancel() }
            let upload = try store.upload("left", PutOptions())
            try content(partSize + 1).withUnsafeBytes { try upload.write($0.bytes) }
            var found: [UnfinishedUpload] = []
            try store.unfinishedUploads { found.append($0) }
            let left = try #require(found.first)
            #expect(found.count == 1 && left.key == "left", "only under the store's own prefix")
            #expect(abs(left.begun - Int(Date().timeIntervalSince1970)) < 3600)
            try store.abort(left)
            try store.abort(left)
            found = []
            try store.unfinishedUploads { found.append($0) }
            #expect(found.isEmpty)
            #expect(reason { _ = try upload.finish() } != nil)
        }
    }
}
