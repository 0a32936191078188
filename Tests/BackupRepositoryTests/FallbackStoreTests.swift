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

    /// Fails some calls, as a good server with a hanging connection.
    private final class StallingStore: PassingStore {
        let base: any ObjectStore
        let stalls: ClosedRange<Int>
        let gets = Mutex(0)

        /// - Parameter stalls: the numbers of the reads that fail, from 1.
        init(_ base: any ObjectStore, at stalls: ClosedRange<Int> = 1...1) {
            (self.base, self.stalls) = (base, stalls)
        }

        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            let number = gets.withLock { gets in
                gets += 1
                return gets
            }
            guard !stalls.contains(number) else {
                throw ObjectStoreError(.unreachable, operation: "get", key: key, "it stalls", store: location)
            }
            try base.get(key, range: range, sink)
        }
    }

    @Test func `a store that stalled once still gives what no other store has`() throws {
        let own = ObjectKey(trusted: "tree/packs/own")
        let first = StallingStore(try Self.store([Self.key.text: [1], own.text: [2]]))
        let store = chain([first, try Self.store([Self.key.text: [1]])])
        for _ in 0..<2 { #expect(try store.read(Self.key) == [1]) }
        #expect(first.gets.withLock { $0 } == 1)
        #expect(try store.read(own) == [2])
        #expect(!store.isFirstAway)
        // The call that stalls is not lost either.
        let stalling = StallingStore(try Self.store([own.text: [2]]))
        #expect(try chain([stalling, try Self.store([:])]).read(own) == [2])
    }

    @Test func `a store that fails again is not asked for each object that no other store has`() throws {
        let away = FailingStore(MemoryStore(clock: 0), .unreachable)
        let store = chain([away, try Self.store([Self.key.text: [1]])])
        #expect(try store.read(Self.key) == [1])
        for name in ["one", "two", "three"] {
            #expect(reason { _ = try store.read(ObjectKey(trusted: name)) } == .notFound)
        }
        #expect(away.calls.withLock { $0 } == 2)
    }

    @Test(arguments: [[], [Duration.zero], [.zero, .zero]])
    func `a short disturbance of the only store that answers does not end a read`(waits: [Duration]) throws {
        let away = FailingStore(MemoryStore(clock: 0), .throttled)
        let copy = StallingStore(try Self.store([Self.key.text: [1]]))
        let store = FallbackStore(
            .init(name: "first", store: away), then: [.init(name: "copy", store: copy)], waits: waits)
        #expect(try store.read(Self.key) == [1])
        #expect(copy.gets.withLock { $0 } == 2)
        // Stores that stay away are asked a limited number of times.
        let both = [FailingStore(MemoryStore(clock: 0), .throttled), FailingStore(MemoryStore(clock: 0), .throttled)]
        let places = both.map { FallbackStore.Place(name: "away", store: $0) }
        let none = FallbackStore(places[0], then: [places[1]], waits: waits)
        for _ in 0..<2 { #expect(reason { _ = try none.read(Self.key) } == .throttled) }
        #expect(both.map { $0.calls.withLock { $0 } } == Array(repeating: 1 + max(1, waits.count), count: 2))
    }

    @Test(arguments: [false, true])
    func `a disturbance of the copy does not end a read while no other store can be used`(hasOther: Bool) throws {
        struct Other: Error {}
        let away = FailingStore(MemoryStore(clock: 0), .throttled)
        let copy = StallingStore(try Self.store([Self.key.text: [1]]), at: 2...3)
        var others = [FallbackStore.Place(name: "copy", store: copy)]
        if hasOther {
            others.append(.init(name: "other", store: try Self.store([Self.key.text: [2]])) { _ in throw Other() })
        }
        let store = FallbackStore(.init(name: "first", store: away), then: others, waits: [.zero, .zero])
        // Since the copy lacks an object, the first store is asked for the last time in a while.
        #expect(reason { _ = try store.read(ObjectKey(trusted: "tree/packs/missing")) } == .notFound)
        #expect(away.calls.withLock { $0 } == 2)
        #expect(try store.read(Self.key) == [1])
        #expect(copy.gets.withLock { $0 } == 4 && away.calls.withLock { $0 } == 2)
    }

    /// Fails its first listings, each after some objects.
    private final class StallingListings: PassingStore {
        let base: any ObjectStore
        let stalls: Int
        let objects: Int
        let lists = Mutex(0)

        init(_ base: any ObjectStore, stalls: Int, after objects: Int = 0) {
            (self.base, self.stalls, self.objects) = (base, stalls, objects)
        }

        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
            let number = lists.withLock { lists in
                lists += 1
                return lists
            }
            var listed = 0
            let stall = ObjectStoreError(.unreachable, operation: "list", key: nil, "it stalls", store: location)
            try base.list(prefix: prefix, after: after) { object in
                if number <= stalls, listed == objects { throw stall }
                listed += 1
                return try body(object)
            }
        }
    }

    /// The keys that a listing in order gives, or one in any order.
    private func names(_ store: any ObjectStore, _ prefix: String, inOrder: Bool) throws -> [String] {
        if inOrder { return try keys(store, prefix) }
        var keys: [String] = []
        try store.enumerate(prefix: prefix, skipping: nil) { keys.append($0.key.text) }
        return keys.sorted()
    }

    @Test(arguments: ["sets/", "marks/pinned/"], [true, false])
    func `a short disturbance of the only store that answers does not end a listing`(
        _ prefix: String, inOrder: Bool
    ) throws {
        let away = FailingStore(MemoryStore(clock: 0), .throttled)
        let objects = ["\(prefix)a.json", "\(prefix)b.json"]
        let copy = StallingListings(
            try Self.store(Dictionary(uniqueKeysWithValues: objects.map { ($0, [1]) })), stalls: 2)
        let store = FallbackStore(
            .init(name: "first", store: away), then: [.init(name: "copy", store: copy)], waits: [.zero, .zero])
        #expect(try names(store, prefix, inOrder: inOrder) == objects)
        #expect(copy.lists.withLock { $0 } == 3)
        // Stores that stay away are asked a limited number of times.
        let both = [FailingStore(MemoryStore(clock: 0), .throttled), FailingStore(MemoryStore(clock: 0), .throttled)]
        let places = both.map { FallbackStore.Place(name: "away", store: $0) }
        let none = FallbackStore(places[0], then: [places[1]], waits: [.zero, .zero])
        for _ in 0..<2 { #expect(reason { _ = try names(none, prefix, inOrder: inOrder) } == .throttled) }
        #expect(both.map { $0.calls.withLock { $0 } } == [3, 3])
    }

    @Test(arguments: [("sets/", false), ("marks/pinned/", false), ("marks/pinned/", true)])
    func `a listing that has begun does not begin again`(_ prefix: String, inOrder: Bool) throws {
        let objects = try Self.store(["\(prefix)a.json": [1], "\(prefix)b.json": [1]])
        let copy = StallingListings(objects, stalls: 9, after: 1)
        let store = FallbackStore(
            .init(name: "first", store: FailingStore(MemoryStore(clock: 0), .unreachable)),
            then: [.init(name: "copy", store: copy)], waits: [.zero, .zero])
        var found = 0
        let failure = reason {
            if inOrder {
                try store.list(prefix: prefix, after: nil) { _ in
                    found += 1
                    return .proceed
                }
            } else {
                try store.enumerate(prefix: prefix, skipping: nil) { _ in found += 1 }
            }
        }
        #expect(failure == .unreachable && found == 1)
        #expect(copy.lists.withLock { $0 } == 1)
    }

    @Test func `an object that may be in a store that is away is not said to be gone`() throws {
        let store = FallbackStore(
            .init(name: "the first store", store: FailingStore(MemoryStore(clock: 0), .throttled)),
            then: [.init(name: "copy offsite", store: try Self.store([:]))])
        let error = #expect(throws: ObjectStoreError.self) { try store.read(Self.key) }
        #expect(error?.reason == .notFound)
        let detail = error?.detail ?? ""
        #expect(detail.contains("the first store could not be reached (it fails)"), "\(detail)")
        #expect(detail.contains("copy offsite lacks it") && error?.unreached == detail, "\(detail)")
        // Where all stores answer, it is gone.
        let whole = chain([try Self.store([:]), try Self.store([:])])
        let gone = #expect(throws: ObjectStoreError.self) { try whole.read(Self.key) }
        #expect(gone?.reason == .notFound && gone?.unreached == nil)
    }

    @Test func `a document that may be in a store that is away is not said to be missing`() async throws {
        let fixture = try Fixture()
        let first = MemoryStore(clock: PruneFixture.beginning)
        let repository = try fixture.repository(first)
        try fixture.writeTree()
        try await fixture.backup(repository)
        let name = try #require(try repository.setNames().last)
        let set = try repository.set(name)
        let second = first.fork()
        for key in second.keys where key.text.hasPrefix("tree/backups/") || key.text.hasPrefix("sets/") {
            _ = try second.delete([key])
        }
        let half = try Repository(
            opening: FallbackStore(
                .init(name: "the first store", store: FailingStore(first, .throttled)),
                then: [.init(name: "copy offsite", store: second)]))
        let manifest = #expect(throws: RepositoryError.self) { try half.manifest("tree", of: set) }
        let document = #expect(throws: RepositoryError.self) { try half.set(name) }
        for error in [manifest, document] {
            let detail = error?.detail ?? ""
            #expect(detail.contains("the first store could not be reached (it fails)"), "\(detail)")
            #expect(detail.contains("copy offsite lacks it"), "\(detail)")
        }
    }

    @Test func `marks come from the next store of the same repository`() throws {
        struct Other: Error {}
        let store = FallbackStore(
            .init(name: "first", store: FailingStore(MemoryStore(clock: 0), .throttled)),
            then: [
                .init(name: "other", store: try Self.store(["marks/pinned/a.json": [1]])) { _ in throw Other() },
                .init(name: "third", store: try Self.store(["marks/pinned/b.json": [1]])) { _ in },
            ])
        #expect(try keys(store, "marks/") == ["marks/pinned/b.json"])
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
        #expect(store.answers { try $0.head(Self.key)?.size } == [nil, 1])
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
