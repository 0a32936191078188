import ObjectStorage
import Platform
import Synchronization
import Testing

@testable import BackupRepository

/// The choice of the set for a restore from several stores.
@Suite struct FallbackSelectionTests {
    /// Two stores with the same three sets, and a pack that only the newest set needs.
    private struct Stores {
        let first: MemoryStore
        let second: MemoryStore
        let names: [Timestamp]
        let pack: ObjectKey
        let index: ObjectKey

        init() async throws {
            let copied = try await CopiedFixture(sets: 3)
            let repository = copied.repository
            first = copied.store
            names = try repository.setNames()
            let newest = try repository.manifest("tree", of: try repository.set(names[2]))
            let older = try repository.manifest("tree", of: try repository.set(names[1]))
            let own = try #require(newest.packs.first { use in !older.packs.contains { $0.pack == use.pack } })
            (pack, index) = (Layout.pack("tree", own.pack), Layout.index("tree", own.pack))
            second = first.fork()
        }

        /// Records that a verification found the newest set damaged.
        func mark(_ store: MemoryStore, _ level: VerificationLevel) throws {
            _ = try Marks(try Repository(opening: store)).record(
                VerifiedMark(
                    at: CopiedFixture.now, tool: "test", level: level, share: level == .data ? 1 : 0, good: [],
                    damaged: [names[2]]))
        }

        func chosen() async throws -> RestoreSelection.Part {
            let stores = FallbackStore(.init(name: "first", store: first), then: [.init(name: "second", store: second)])
            let selection = try await Repository(opening: RememberedObjects(stores)).latest(
                of: ["tree"], now: CopiedFixture.now, provesManifests: true, pool: Fixture.pool)
            return try #require(selection.parts["tree"])
        }
    }

    @Test func `a set that is damaged in one store comes from both`() async throws {
        let stores = try await Stores()
        _ = try stores.first.delete([stores.pack])
        try stores.mark(stores.first, .data)
        #expect(try await stores.chosen().set.name == stores.names[2])
        _ = try stores.second.delete([stores.index])
        try stores.mark(stores.second, .structure)
        #expect(try await stores.chosen().set.name == stores.names[2], "each has what the other lacks")
    }

    @Test func `a set that lacks a pack in all stores is passed over, and the pack is named`() async throws {
        let stores = try await Stores()
        _ = try stores.first.delete([stores.pack])
        stores.second.change(stores.pack) { $0.removeLast() }
        try stores.mark(stores.first, .structure)
        let part = try await stores.chosen()
        #expect(part.set.name == stores.names[1])
        #expect(part.passedOver.map(\.set) == [stores.names[2]] && part.passedOver.first?.kind == .damaged)
        #expect(part.passedOver.first?.reason.contains(stores.pack.text) == true, "\(part.passedOver)")
    }

    @Test func `a set whose bytes are damaged in all stores is passed over`() async throws {
        let stores = try await Stores()
        for store in [stores.first, stores.second] {
            store.change(stores.pack) { $0[$0.count / 2] ^= 1 }
            try stores.mark(store, .data)
        }
        let part = try await stores.chosen()
        #expect(part.set.name == stores.names[1])
        #expect(part.passedOver.first?.reason.contains("every store") == true, "\(part.passedOver)")
    }

    @Test func `a document that is damaged in all stores is found although its size is right`() async throws {
        let stores = try await Stores()
        for store in [stores.first, stores.second] {
            store.change(stores.index) { $0[$0.count / 2] ^= 1 }
            try stores.mark(store, .structure)
        }
        let part = try await stores.chosen()
        #expect(part.set.name == stores.names[1])
        #expect(part.passedOver.first?.reason.contains(stores.index.text) == true, "\(part.passedOver)")
    }

    /// Counts the listings of packs.
    private final class CountingStore: PassingStore {
        let base: any ObjectStore
        let listings = Mutex(0)

        init(_ base: any ObjectStore) { self.base = base }

        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
            if prefix == Layout.packPrefix("tree") { listings.withLock { $0 += 1 } }
            try base.list(prefix: prefix, after: after, body)
        }
    }

    @Test func `many damaged sets cost one listing of each store`() async throws {
        let stores = try await Stores()
        for store in [stores.first, stores.second] {
            _ = try store.delete(store.keys.filter { Layout.packID(of: $0) != nil })
        }
        _ = try Marks(try Repository(opening: stores.first)).record(
            VerifiedMark(
                at: CopiedFixture.now, tool: "test", level: .structure, share: 0, good: [],
                damaged: [stores.names[1], stores.names[2]]))
        let counting = CountingStore(stores.first)
        let chain = FallbackStore(
            .init(name: "first", store: counting), then: [.init(name: "second", store: stores.second)])
        let selection = try await Repository(opening: RememberedObjects(chain)).latest(
            of: ["tree"], now: CopiedFixture.now, provesManifests: true, pool: Fixture.pool)
        #expect(selection.parts["tree"]?.set.name == stores.names[0])
        #expect(counting.listings.withLock { $0 } == 1)
    }

    /// Lists the sets, and does not give them.
    private struct HalfAwayStore: PassingStore {
        let base: any ObjectStore

        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            guard key.text.hasPrefix("sets/") else { return try base.get(key, range: range, sink) }
            throw ObjectStoreError(.throttled, operation: "get", key: key, "it is busy", store: location)
        }
    }

    @Test func `a set whose store goes away after the listing is not passed over in silence`() async throws {
        let stores = try await Stores()
        _ = try stores.second.delete([Layout.set(stores.names[2])])
        func repository() throws -> Repository {
            let chain = FallbackStore(
                .init(name: "the first store", store: HalfAwayStore(base: stores.first)),
                then: [.init(name: "copy offsite", store: stores.second)])
            return try Repository(opening: RememberedObjects(chain))
        }
        let selection = try await repository().latest(
            of: ["tree"], now: CopiedFixture.now, provesManifests: true, pool: Fixture.pool)
        #expect(selection.parts["tree"]?.set.name == stores.names[1])
        let reason = selection.passedOver(for: "tree").first { $0.set == stores.names[2] }?.reason ?? ""
        #expect(reason.contains("the first store could not be reached (it is busy)"), "\(reason)")
        #expect(reason.contains("copy offsite lacks it"), "\(reason)")
        let newest = try repository().newestSet(now: CopiedFixture.now)
        #expect(newest.passedOver.map(\.set) == [stores.names[2]])
    }

    @Test func `a set that no copy has is passed over as one store's`() async throws {
        let stores = try await Stores()
        _ = try stores.second.delete([Layout.set(stores.names[2])])
        try stores.mark(stores.first, .data)
        let part = try await stores.chosen()
        #expect(part.set.name == stores.names[1])
        #expect(part.passedOver.first?.reason == "a verification found it damaged")
    }
}
