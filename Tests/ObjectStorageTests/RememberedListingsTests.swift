import Foundation
import Lab
import ObjectStorage
import Testing

/// Listings that a short command asks for several times, and the meter of its requests.
@Suite struct RememberedListingsTests {
    private func store(_ keys: [String]) throws -> (TemporaryFolder, StoreMeter, RememberedListings) {
        let folder = try TemporaryFolder("listings")
        let base = try DirectoryStore(path: folder.path)
        for key in keys { _ = try base.put(try #require(ObjectKey(key)), [1, 2, 3], options: PutOptions(.ifAbsent)) }
        let meter = StoreMeter()
        return (folder, meter, RememberedListings(MeteredStore(base, meter: meter)))
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

    @Test func `the marks of a selection cost three listings`() throws {
        let (folder, meter, store) = try store(Self.keys)
        defer { withExtendedLifetime(folder) {} }
        for _ in 0..<2 {
            for kind in ["verified", "drilled", "pinned", "unpinned", "dropped", "void"] {
                _ = try list(store, "marks/\(kind)/")
            }
        }
        #expect(meter.reading.requests == 3)
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

    @Test func `a large group is listed each time`() throws {
        let (folder, meter, store) = try store((0..<1001).map { "sets/\(10_000 + $0).json" })
        defer { withExtendedLifetime(folder) {} }
        #expect(try list(store, "sets/").count == 1001)
        let first = meter.reading.requests
        #expect(try list(store, "sets/").count == 1001)
        #expect(meter.reading.requests == first + 2, "1,001 objects are two pages")
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
