import Foundation
import Lab
import ObjectStorage
import Synchronization
import Testing

/// Listings that a command asks for several times, contents that this machine has, and the meter of requests.
@Suite struct RememberedObjectsTests {
    private func store(
        _ keys: [String], keeping kept: Contents? = nil
    ) throws -> (TemporaryFolder, StoreMeter, RememberedObjects) {
        let folder = try TemporaryFolder("listings")
        let base = try DirectoryStore(path: folder.path)
        for key in keys { _ = try base.put(try #require(ObjectKey(key)), [1, 2, 3], options: PutOptions(.ifAbsent)) }
        let meter = StoreMeter()
        let store = RememberedObjects(MeteredStore(base, meter: meter))
        store.kept = kept
        return (folder, meter, store)
    }

    /// Contents in memory, whatever their version.
    private final class Contents: KeptObjects {
        let contents = Mutex<[ObjectKey: [UInt8]]>([:])
        func content(of object: ObjectInfo) -> [UInt8]? { contents.withLock { $0[object.key] } }
        func keep(_ content: [UInt8], of object: ObjectInfo) { contents.withLock { $0[object.key] = content } }
        func discard(_ key: ObjectKey) { contents.withLock { $0[key] = nil } }
    }

    private func list(_ store: any ObjectStore, _ prefix: String, after: String? = nil) throws -> [String] {
        var keys: [String] = []
        try store.list(prefix: prefix, after: after.flatMap(ObjectKey.init)) {
            keys.append($0.key.text)
            return .proceed
        }
        return keys
    }

    private static let keys = [
        "marks/dropped/a.json", "marks/drilled/a.json", "marks/ledger/1.json", "marks/pinned/a.json",
        "marks/recorded/a.json", "marks/unpinned/a.json", "marks/verified/a.json", "marks/verified/b.json",
        "marks/void/a.json", "sets/1.json", "sets/2.json", "tree/backups/1.json",
    ]

    @Test(arguments: [
        "marks/dropped/", "marks/drilled/", "marks/ledger/", "marks/pinned/", "marks/recorded/", "marks/unpinned/",
        "marks/verified/", "marks/void/", "marks/none/", "marks/", "marks/p", "sets/", "sets/2", "tree/backups/", "",
    ]) func `a remembered listing has the same objects`(prefix: String) throws {
        let (folder, _, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        let expected = Self.keys.filter { $0.hasPrefix(prefix) }.sorted()
        for _ in 0..<2 { #expect(try list(store, prefix) == expected) }
        #expect(try list(store, prefix, after: "marks/unpinned/b") == expected.filter { $0 > "marks/unpinned/b" })
    }

    @Test func `all marks but those of the ledger cost one listing`() throws {
        let (folder, meter, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        for _ in 0..<2 {
            for kind in ["verified", "drilled", "pinned", "unpinned", "dropped", "void", "recorded"] {
                _ = try list(store, "marks/\(kind)/")
            }
        }
        #expect(meter.reading.requests == 1)
        _ = try list(store, "marks/ledger/")
        #expect(meter.reading.requests == 2)
    }

    @Test func `a listing of everything shows the sets and marks`() throws {
        let (folder, meter, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        try store.enumerate(prefix: "", skipping: "marks/ledger/") { _ in }
        #expect(try list(store, "sets/").count == 2 && list(store, "marks/v").count == 3)
        #expect(meter.reading.requests == 1)
    }

    @Test(arguments: ["marks/run/a.json", "tree/backups/2.json"])
    func `a write that announces something makes the store ask again`(key: String) throws {
        let (folder, meter, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        _ = try list(store, "marks/prune/")
        // Another process announces a prune.
        _ = try store.base.put(ObjectKey(trusted: "marks/prune/a.json"), [1], options: PutOptions(.ifAbsent))
        #expect(try list(store, "marks/prune/").isEmpty)
        _ = try store.put(try #require(ObjectKey(key)), [1], options: PutOptions(.ifAbsent))
        let before = meter.reading.requests
        #expect(try list(store, "marks/prune/") == ["marks/prune/a.json"])
        #expect(try list(store, "marks/pruned/").isEmpty)
        #expect(meter.reading.requests == before + 1)
        #expect(try list(store, "marks/verified/").count == 2)
    }

    @Test func `a write that fails makes the store ask again`() throws {
        let (folder, _, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        let key = ObjectKey(trusted: "marks/outcome/a.json")
        #expect(try store.head(key) == nil && list(store, "marks/outcome/").isEmpty)
        _ = try store.base.put(key, [1, 2], options: PutOptions(.ifAbsent))
        #expect(throws: ObjectStoreError.self) { try store.read(key) }
        #expect(throws: ObjectStoreError.self) { try store.put(key, [3], options: PutOptions(.ifAbsent)) }
        #expect(try store.read(key) == [1, 2])
    }

    @Test func `a refreshed store asks again`() throws {
        let (folder, _, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        _ = try list(store, "sets/")
        _ = try store.base.delete([ObjectKey(trusted: "sets/1.json")])
        #expect(try list(store, "sets/").count == 2)
        store.refresh()
        #expect(try list(store, "sets/") == ["sets/2.json"])
    }

    @Test func `a listed content is fetched once, and again after it was discarded`() throws {
        let contents = Contents()
        let (folder, meter, store) = try store(Self.keys, keeping: contents)
        defer { withExtendedLifetime(folder) {} }
        let key = ObjectKey(trusted: "sets/1.json")
        #expect(try store.read(key) == [1, 2, 3] && contents.contents.withLock { $0.isEmpty }, "it was not listed")
        _ = try list(store, "sets/")
        let before = meter.reading.requests
        for _ in 0..<3 { #expect(try store.read(key) == [1, 2, 3]) }
        #expect(meter.reading.requests == before + 1)
        store.discard(key)
        #expect(try store.read(key) == [1, 2, 3])
        #expect(meter.reading.requests == before + 2)
        // A part is read from the store.
        try store.get(key, range: 1..<2) { #expect($0.byteCount == 1) }
        #expect(meter.reading.requests == before + 3)
    }

    @Test func `a content that this process wrote is kept`() throws {
        let contents = Contents()
        let (folder, _, store) = try store(Self.keys, keeping: contents)
        defer { withExtendedLifetime(folder) {} }
        _ = try store.put(ObjectKey(trusted: "sets/3.json"), [7], options: PutOptions(.ifAbsent))
        _ = try store.put(ObjectKey(trusted: "tree/packs/3"), [7], options: PutOptions(.ifAbsent))
        #expect(contents.contents.withLock { $0 } == [ObjectKey(trusted: "sets/3.json"): [7]])
    }

    @Test func `a write is seen by the next listing`() throws {
        let (folder, _, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        _ = try list(store, "sets/")
        _ = try store.put(ObjectKey(trusted: "sets/3.json"), [1], options: PutOptions(.ifAbsent))
        #expect(try list(store, "sets/").count == 3)
        _ = try store.delete([ObjectKey(trusted: "sets/1.json")])
        #expect(try list(store, "sets/") == ["sets/2.json", "sets/3.json"])
    }

    @Test func `the meter counts requests and delivered bytes`() throws {
        let (folder, meter, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        let key = ObjectKey(trusted: "sets/1.json")
        _ = try store.read(key)
        try store.get(key, range: 1..<3) { _ in }
        _ = try store.head(key)
        #expect(meter.reading.requests == 3 && meter.reading.bytes == 5)
    }
}
