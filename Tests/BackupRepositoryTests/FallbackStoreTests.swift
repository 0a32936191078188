import Foundation
import ObjectStorage
@testable import Platform
import Synchronization
import Testing

@testable import BackupRepository

/// Several stores of one repository, read as one.
@Suite struct FallbackStoreTests {
    private static let key = ObjectKey(trusted: "tree/packs/one")

    private static func store(_ objects: [String: [UInt8]]) throws -> MemoryStore {
        let store = MemoryStore(clock: 0)
        for (key, content) in objects {
            _ = try store.put(ObjectKey(trusted: key), content, options: PutOptions(.none))
        }
        return store
    }

    /// Fails its reads after some bytes, and all other calls at once.
    private final class FailingStore: LayeredStore {
        let base: any ObjectStore
        let reason: ObjectStoreError.Reason
        let bytes: Int
        let calls = Mutex(0)

        init(_ base: any ObjectStore, _ reason: ObjectStoreError.Reason, after bytes: Int = 0) {
            (self.base, self.reason, self.bytes) = (base, reason, bytes)
        }

        var location: String { "failing://" }

        private var error: ObjectStoreError {
            calls.withLock { $0 += 1 }
            return ObjectStoreError(reason, operation: "read", key: nil, "it fails", store: location)
        }

        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            if bytes > 0 {
                let content = try base.read(key)
                let part = Array((range.map { Array(content[$0]) } ?? content).prefix(bytes))
                try sink(part.span.bytes)
            }
            throw error
        }
        func head(_ key: ObjectKey) throws -> ObjectInfo? { throw error }
        func list(
            prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction
        ) throws { throw error }
        func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo { throw error }
        func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload { throw error }
        func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { throw error }
    }

    private func chain(
        _ stores: [any ObjectStore], tell: @escaping @Sendable (FallbackStore.Notice) -> Void = { _ in }
    ) -> FallbackStore {
        let places = stores.enumerated().map { FallbackStore.Place(name: "store \($0.offset)", store: $0.element) }
        return FallbackStore(places[0], then: Array(places.dropFirst()), tell: tell)
    }

    private func reason(_ body: () throws -> Void) -> ObjectStoreError.Reason? {
        do { try body() } catch { return (error as? ObjectStoreError)?.reason }
        return nil
    }

    private func keys(_ store: any ObjectStore, _ prefix: String, after: String? = nil) throws -> [String] {
        var keys: [String] = []
        try store.list(prefix: prefix, after: after.map { ObjectKey(trusted: $0) }) {
            keys.append($0.key.text)
            return .proceed
        }
        return keys
    }

    @Test(arguments: [nil, 2..<6] as [Range<Int>?])
    func `an object that one store lacks comes from the next`(_ range: Range<Int>?) throws {
        let notices = Mutex<[String]>([])
        let content: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
        let store = chain([try Self.store([:]), try Self.store([Self.key.text: content])]) { notice in
            if case .replaced(let key, let place, _, let source) = notice {
                notices.withLock { $0.append("\(key) \(place) \(source)") }
            }
        }
        var found: [UInt8] = []
        try store.get(Self.key, range: range) { piece in piece.withUnsafeBytes { found += $0 } }
        #expect(found == range.map { Array(content[$0]) } ?? content)
        #expect(try store.head(Self.key)?.size == 7)
        #expect(notices.withLock { $0 } == ["\(Self.key) store 0 store 1"])
        #expect(reason { _ = try store.read(ObjectKey(trusted: "other")) } == .notFound)
        #expect(try store.head(ObjectKey(trusted: "other")) == nil)
    }

    @Test(arguments: [nil, 1..<7] as [Range<Int>?], [ObjectStoreError.Reason.unreachable, .truncated, .other])
    func `a transfer that breaks goes on from the next store`(
        _ range: Range<Int>?, _ failure: ObjectStoreError.Reason
    ) throws {
        let content: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
        let good = try Self.store([Self.key.text: content])
        let store = chain([FailingStore(good, failure, after: 3), good])
        var found: [UInt8] = []
        try store.get(Self.key, range: range) { piece in piece.withUnsafeBytes { found += $0 } }
        #expect(found == range.map { Array(content[$0]) } ?? content)
    }

    @Test func `a wrong content is read from the next store, and then from the first again`() throws {
        let notices = Mutex<[String]>([])
        let store = chain([
            try Self.store([Self.key.text: [1]]), try Self.store([Self.key.text: [2]]),
            try Self.store([Self.key.text: [3]]),
        ]) { notice in
            if case .replaced(_, let place, let reason, let source) = notice {
                notices.withLock { $0.append("\(place), \(source): \(reason)") }
            }
        }
        // The command's own store in front passes it on.
        let remembered = RememberedObjects(MeteredStore(store, meter: StoreMeter()))
        for expected in [1, 2, 3, 1] as [UInt8] {
            #expect(try remembered.read(Self.key) == [expected])
            remembered.discard(Self.key)
        }
        #expect(notices.withLock { $0 } == ["store 0, store 1: its content is damaged"])
    }

    @Test(arguments: [ObjectStoreError.Reason.unreachable, .noSuchStore, .credentials])
    func `a store that is away is asked once, and named once`(_ failure: ObjectStoreError.Reason) throws {
        let notices = Mutex<[String]>([])
        let away = FailingStore(MemoryStore(clock: 0), failure)
        let store = chain([away, try Self.store([Self.key.text: [1], "sets/a.json": [2]])]) { notice in
            if case .away(let place, _) = notice { notices.withLock { $0.append(place) } }
        }
        for _ in 0..<3 { #expect(try store.read(Self.key) == [1]) }
        #expect(try keys(store, "sets/") == ["sets/a.json"])
        #expect(away.calls.withLock { $0 } == 1)
        #expect(notices.withLock { $0 } == ["store 0"])
        // What the store that answers says of an object counts more.
        #expect(try store.head(ObjectKey(trusted: "other")) == nil)
        #expect(reason { _ = try store.read(ObjectKey(trusted: "other")) } == .notFound)
        #expect(reason { _ = try store.put(Self.key, [1], options: PutOptions(.none)) } == failure)
    }

    @Test(arguments: [ObjectStoreError.Reason.unreachable, .denied, .notFound, .other])
    func `marks come from the first store that answers`(_ failure: ObjectStoreError.Reason) throws {
        struct Full: Error {}
        let away = FailingStore(MemoryStore(clock: 0), failure)
        let store = chain([away, try Self.store(["marks/pinned/a.json": [1], "marks/pinned/b.json": [1]])])
        #expect(try keys(store, "marks/pinned/") == ["marks/pinned/a.json", "marks/pinned/b.json"])
        var count = 0
        try store.enumerate(prefix: "marks/", skipping: nil) { _ in count += 1 }
        #expect(count == 2)
        #expect(throws: Full.self) { try store.list(prefix: "marks/", after: nil) { _ in throw Full() } }
    }

    @Test func `an error of the receiver ends the read`() throws {
        struct Full: Error {}
        let store = chain([try Self.store([Self.key.text: [1]]), try Self.store([Self.key.text: [2]])])
        var received: [[UInt8]] = []
        #expect(throws: Full.self) {
            try store.get(Self.key, range: nil) { piece in
                received.append(piece.withUnsafeBytes { Array($0) })
                throw Full()
            }
        }
        #expect(received == [[1]])
    }

    @Test func `a listing shows the objects of all stores once, and the marks of the first`() throws {
        let first = try Self.store(["sets/a.json": [1], "sets/c.json": [1], "marks/pinned/a.json": [1]])
        let second = try Self.store([
            "sets/a.json": [1], "sets/b.json": [1], "sets/d.json": [1], "marks/pruned/a.json": [1],
        ])
        let store = chain([first, second])
        #expect(try keys(store, "sets/") == ["a", "b", "c", "d"].map { "sets/\($0).json" })
        #expect(try keys(store, "sets/", after: "sets/b.json") == ["sets/c.json", "sets/d.json"])
        #expect(try keys(store, "marks/") == ["marks/pinned/a.json"])
        #expect(try keys(store, "").count == 5)
        var enumerated: Set<String> = []
        try store.enumerate(prefix: "", skipping: nil) { enumerated.insert($0.key.text) }
        #expect(enumerated == Set(try keys(store, "")))
        #expect(
            reason { _ = try keys(chain([FailingStore(first, .other), FailingStore(first, .other)]), "sets/") }
                == .other)
    }

    @Test func `a listing of many pages is merged in order`() throws {
        let names = (0..<3500).map { "sets/\(String(format: "%05d", $0)).json" }
        let first = try Self.store(
            Dictionary(uniqueKeysWithValues: names.filter { !$0.contains("3") }.map { ($0, [1]) }))
        let second = try Self.store(
            Dictionary(uniqueKeysWithValues: names.filter { !$0.contains("7") }.map { ($0, [1]) }))
        let expected = names.filter { !$0.contains("3") || !$0.contains("7") }
        #expect(try keys(chain([first, second]), "sets/") == expected)
    }

    @Test func `a store of another repository is not used`() throws {
        struct Other: Error {}
        let notices = Mutex<[String]>([])
        let store = FallbackStore(
            .init(name: "first", store: try Self.store([:])),
            then: [
                .init(name: "other", store: try Self.store([Self.key.text: [9]])) { _ in throw Other() },
                .init(name: "third", store: try Self.store([Self.key.text: [3]])) { _ in },
            ]
        ) { notice in
            if case .away(let place, _) = notice { notices.withLock { $0.append(place) } }
        }
        #expect(try store.read(Self.key) == [3])
        #expect(try store.read(Self.key) == [3])
        #expect(notices.withLock { $0 } == ["other"])
        #expect(store.isElsewhere(Self.key))
    }

    /// Every object is missing or damaged in one of the two stores.
    @Test func `two half broken stores give one whole tree`() async throws {
        let fixture = try Fixture()
        let first = MemoryStore(clock: PruneFixture.beginning)
        let repository = try fixture.repository(first)
        try fixture.writeTree()
        for number in 0..<6 { try fixture.write("noise-\(number)", Fixture.noise(200_000, seed: UInt64(number))) }
        try await fixture.backup(repository)
        let second = first.fork()
        for (number, key) in first.keys.enumerated() {
            let broken = number.isMultiple(of: 2) ? first : second
            if number % 4 < 2 { _ = try broken.delete([key]) } else { broken.change(key) { $0[$0.count / 2] ^= 0x40 } }
        }
        for stores in [[first, second], [second, first]] {
            let whole = try Repository(opening: RememberedObjects(chain(stores)))
            let name = try #require(try whole.setNames().last)
            try await fixture.restore(whole, set: try whole.set(name), to: "out", replace: true)
            try await fixture.expectSame("out")
        }
        // Neither of them is enough.
        for store in [first, second] {
            await #expect(throws: (any Error).self) {
                let half = try Repository(opening: store)
                let name = try #require(try half.setNames().last)
                try await fixture.restore(half, set: try half.set(name), to: "half", replace: true)
            }
        }
    }
}
