import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import S3
import Testing

/// Storage classes and thaws on real servers.
@Suite struct TieringTests {
    private func store(_ server: any S3Server) throws -> S3Store {
        try S3Store(configuration(server), environment: .none, logger: Logger(label: "test"))
    }

    @Test func `an object moves to an archive, is thawed, and keeps its content`() async throws {
        let store = try store(try await SharedS3Server.moto())
        try await threads.run {
            let key: ObjectKey = "tree/packs/a"
            _ = try store.put(key, [1, 2, 3], options: PutOptions())
            var object = try #require(try store.head(key))
            #expect(object.storageClass == nil)
            #expect(try store.placement(of: key)?.reading == .ready)
            #expect(try !store.move(object, to: .standardIA, lock: nil))
            object = try #require(try store.head(key))
            #expect(object.storageClass == .standardIA && object.size == 3)
            #expect(try store.bytes(key) == [1, 2, 3])
            _ = try store.move(object, to: .glacier, lock: nil)

            var listed: [StorageClass?] = []
            try store.enumerate(prefix: "tree/", skipping: nil) { listed.append($0.storageClass) }
            #expect(listed == [.glacier])
            #expect(try store.placement(of: key)?.reading == .archived)
            #expect(reason { _ = try store.bytes(key) } == .archived)
            #expect(try store.thaw(key, days: 2, speed: .bulk))
            guard case .thawed(let until?) = try store.placement(of: key)?.reading else {
                Issue.record("not thawed")
                return
            }
            #expect(abs(until - Int(Date().timeIntervalSince1970) - 2 * 86_400) < 120)
            #expect(try store.bytes(key) == [1, 2, 3])
            #expect(try store.head("absent") == nil && store.placement(of: "absent") == nil)
            #expect(reason { _ = try store.thaw("absent", days: 1, speed: .bulk) } == .notFound)
        }
    }

    @Test(arguments: [PutOptions.LockMode.governance, .compliance])
    func `a locked object keeps its lock when it moves`(_ mode: PutOptions.LockMode) async throws {
        let server = try await SharedS3Server.moto()
        var settings = configuration(server)
        settings.bucket = "lock-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(settings.bucket, hasObjectLock: true)
        let store = try S3Store(settings, environment: .none, logger: Logger(label: "test"))
        try await threads.run {
            let lock = PutOptions.Lock(mode: mode, until: Int(Date().timeIntervalSince1970) + 3600)
            for (key, lock) in [("locked", lock), ("free", nil)] as [(ObjectKey, PutOptions.Lock?)] {
                _ = try store.put(key, [1, 2, 3], options: PutOptions(lock: lock))
                for target in [StorageClass.standardIA, .glacier] {
                    let found = try store.retention(of: key)
                    #expect(found == lock, "\(key) before \(target)")
                    let object = try #require(try store.head(key))
                    #expect(try store.move(object, to: target, lock: found), "the bucket keeps versions")
                }
                #expect(try store.retention(of: key) == lock && store.head(key)?.storageClass == .glacier)
            }
        }
    }

    @Test func `an object that one request cannot copy is not moved`() async throws {
        let store = try store(try await SharedS3Server.moto())
        try await threads.run {
            _ = try store.put("a", [1], options: PutOptions())
            var object = try #require(try store.head("a"))
            object.size = store.largestMove + 1
            #expect(reason { _ = try store.move(object, to: .glacier, lock: nil) } == .tooLarge)
            #expect(try store.head("a")?.storageClass == nil)
        }
    }

    @Test func `the trial finds out which servers have classes, and leaves nothing`() async throws {
        let moto = try store(try await SharedS3Server.moto())
        let others = [
            try store(try await SharedS3Server.seaweedFS()), try store(try await SharedS3Server.rclone()),
        ]
        try await threads.run { () throws in
            #expect(try moto.refusal(of: .standardIA) == nil)
            #expect(try moto.refusal(of: .glacier) == nil)
            #expect(try moto.keys() == [])
            for store in others {
                #expect(try store.refusal(of: .glacier) != nil)
                #expect(try store.keys() == [])
            }
        }
    }
}
