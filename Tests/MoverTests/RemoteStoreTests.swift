import BackupRepository
import Cryptography
import Foundation
import Lab
import Mover
import ObjectStorage
import Platform
import Synchronization
import Testing

@Suite struct RemoteStoreTests {
    private let folder: TemporaryFolder
    private let store: DirectoryStore
    private let repository: Repository
    private static let id = String(repeating: "a1", count: 16)

    init() throws {
        folder = try TemporaryFolder("store")
        store = try DirectoryStore(path: folder.path)
        repository = try Repository.create(in: store, tool: "test", now: Timestamp(seconds: 1_700_000_000)).0
    }

    /// The mover's view of the store, over a wire that may break.
    private func withRemote<Value: Sendable>(
        mayWrite: Bool = true, mayReplace: (@Sendable () async throws -> Void)? = nil,
        faults: @escaping @Sendable (Int) -> Wire.Fault = { _ in .none },
        _ body: @escaping @Sendable (RemoteStore) throws -> Value
    ) async throws -> Value {
        let wire = Wire(faults: faults)
        defer { wire.stop() }
        let pool = Self.pool
        let service = StoreService(
            repository, component: "web", mayWrite: mayWrite,
            doomed: { packs in packs.filter { $0.hasPrefix("doomed") } }, mayReplace: mayReplace)
        _ = Conversation(on: wire.second, as: .coordinator, answering: service, pool: pool)
        let conversation = Conversation(on: wire.first, as: .mover, answering: Nothing(), pool: pool)
        return try await onThread { try body(RemoteStore(conversation, location: "the coordinator's store")) }
    }

    private static let pool = BlockingPool(threads: 16)

    private struct Nothing: Conversation.Answering {
        func answer(_ request: [UInt8], _ call: Call, in conversation: Conversation) async throws {
            throw CancellationError()
        }
    }

    private static let pack = Layout.pack("web", id)

    @Test func `the coordinator decides, in its own words, if restored data may replace the present ones`() async throws
    {
        try await withRemote(mayReplace: {}) { try $0.mayReplace() }
        let refusal = await #expect(throws: (any Error).self) {
            try await withRemote(mayReplace: { throw UsageError("web-0 uses it") }) { try $0.mayReplace() }
        }
        #expect(refusal.map { "\($0)".contains("web-0 uses it") } == true)
        await #expect(throws: (any Error).self) { try await withRemote { try $0.mayReplace() } }
    }

    @Test(arguments: [nil, 5_000, 70_000, 600_000])
    func `an upload is stored whole, also over a connection that breaks`(cut: Int?) async throws {
        let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 11) }
        let info = try await withRemote(faults: { number in cut.map { .cut(after: $0 * (number + 1)) } ?? .none }) {
            remote in
            let upload = try remote.upload(Self.pack, PutOptions())
            for start in stride(from: 0, to: content.count, by: 70_001) {
                try upload.write(content.span.bytes.extracting(start..<min(start + 70_001, content.count)))
            }
            return try upload.finish()
        }
        #expect(info.size == content.count)
        #expect(try store.read(Self.pack) == content)
    }

    @Test(arguments: [nil, 40_000])
    func `an object and its ranges are read whole`(cut: Int?) async throws {
        let content = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 9) }
        _ = try store.put(Self.pack, content, options: PutOptions())
        let (whole, part) = try await withRemote(
            faults: { number in cut.map { .cut(after: $0 * (number + 1)) } ?? .none }
        ) { remote in
            var part: [UInt8] = []
            try remote.get(Self.pack, range: 1000..<900_000) { piece in piece.withUnsafeBytes { part += $0 } }
            return (try remote.read(Self.pack), part)
        }
        #expect(whole == content)
        #expect(part == Array(content[1000..<900_000]))
    }

    @Test(arguments: [Wire.Fault.flip(at: 300_000), .swap(at: 300_000)])
    func `a pack gets the hash of what arrived, whole after a transfer that changed it`(fault: Wire.Fault) async throws
    {
        let content = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 11 &+ $0 >> 10) }
        let (info, sha256) = try await withRemote(faults: { $0 == 0 ? fault : .none }) { remote in
            let upload = try #require(try remote.upload(Self.pack, PutOptions()) as? any HashingUpload)
            try upload.write(content.span.bytes)
            return try upload.finishHashed()
        }
        #expect(info.size == content.count)
        #expect(sha256 == Digest(of: content))
        #expect(try store.read(Self.pack) == content)
    }

    @Test func `an upload that is given up leaves nothing`() async throws {
        try await withRemote { remote in
            let upload = try remote.upload(Self.pack, PutOptions())
            try upload.write([1, 2, 3].span.bytes)
            upload.cancel()
            // A later call is answered after the cancellation has arrived.
            #expect(try remote.head(Self.pack) == nil)
        }
        #expect(try store.head(Self.pack) == nil)
    }

    @Test func `listing, metadata and doomed packs are those of the coordinator`() async throws {
        let keys = (0..<250).map { Layout.pack("web", String(format: "%032x", $0)) }
        for key in keys { _ = try store.put(key, [1], options: PutOptions()) }
        try await withRemote { remote in
            var listed: [ObjectKey] = []
            try remote.list(prefix: "web/packs/", after: nil) {
                listed.append($0.key)
                return .proceed
            }
            #expect(listed == keys)
            var first: ObjectKey?
            try remote.list(prefix: "web/packs/", after: keys[9]) {
                first = $0.key
                return .stop
            }
            #expect(first == keys[10])
            #expect(try remote.head(keys[3])?.size == 1)
            #expect(try remote.doomed(["a", "doomed-1"]) == ["doomed-1"])
        }
    }

    @Test func `errors of the store keep their reason`() async throws {
        _ = try store.put(Self.pack, [1], options: PutOptions())
        try await withRemote { remote in
            let missing = #expect(throws: ObjectStoreError.self) {
                try remote.read(Layout.manifest("web", Timestamp(seconds: 1_700_000_000)))
            }
            #expect(missing?.reason == .notFound)
            let taken = #expect(throws: ObjectStoreError.self) {
                try remote.put(Self.pack, [2], options: PutOptions())
            }
            #expect(taken?.reason == .alreadyExists)
        }
    }

    private static let denied = [
        "sets/20260101T000000Z.json", "other/packs/\(id).tar.gz", "web/packs/../x", "web/packs/short.tar.gz",
        "web/packs/sub/\(id).tar.gz", "web/backups/x.json", "marks/run/1.json", "webpacks/\(id).tar.gz",
        "repository.json",
        "web/packs/\(id).tar.gz.p7m",
    ]

    @Test(arguments: denied)
    func `a mover writes only packs, indexes and manifests of its component`(key: String) async throws {
        guard let key = ObjectKey(key) else { return }
        let error = try await withRemote { remote in
            #expect(throws: ObjectStoreError.self) { try remote.put(key, [1], options: PutOptions(.none)) }
        }
        #expect(error?.reason == .denied)
    }

    @Test(arguments: denied.filter { $0 != "repository.json" && !$0.hasSuffix("p7m") })
    func `a mover reads only what belongs to its component`(key: String) async throws {
        guard let key = ObjectKey(key) else { return }
        let error = try await withRemote { remote in
            #expect(throws: ObjectStoreError.self) { try remote.read(key) }
        }
        #expect(error?.reason == .denied)
    }

    @Test(arguments: ["", "sets/", "web", "web/", "other/packs/", "web/packs"])
    func `a mover lists only what belongs to its component`(prefix: String) async throws {
        let error = try await withRemote { remote in
            #expect(throws: ObjectStoreError.self) { try remote.list(prefix: prefix, after: nil) { _ in .proceed } }
        }
        #expect(error?.reason == .denied)
    }

    @Test func `the mover of a restore writes nothing`() async throws {
        let error = try await withRemote(mayWrite: false) { remote in
            #expect(throws: ObjectStoreError.self) { try remote.put(Self.pack, [1], options: PutOptions()) }
        }
        #expect(error?.reason == .denied)
        #expect(try store.head(Self.pack) == nil)
    }

    @Test func `a mover cannot have a document opened that it did not read`() async throws {
        let key = Layout.manifest("web", Timestamp(seconds: 1_700_000_000))
        let error = try await withRemote { remote in
            #expect(throws: ObjectStoreError.self) { try RemoteKeys(remote).open([0x30, 1, 2, 3], of: key) }
        }
        #expect(error?.reason == .denied)
    }
}
