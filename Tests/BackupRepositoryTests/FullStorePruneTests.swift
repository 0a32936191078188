import Foundation
import ObjectStorage
import Testing

@testable import BackupRepository

/// A prune of a store without free space, when it is needed most.
@Suite struct FullStorePruneTests {
    /// Creates sets with a file each, all in their own packs.
    private func history(_ fixture: PruneFixture, sets: Int = 4, files: Int = 1) async throws {
        for number in 1...sets {
            for file in 0..<files {
                try fixture.write("own-\(file)", Fixture.noise(20_000, seed: UInt64(number * 1000 + file)))
            }
            try await fixture.backup()
            fixture.pass(hours: 1)
        }
    }

    @Test func `a store without a free byte is pruned, and has its reserve again`() async throws {
        let fixture = try PruneFixture()
        try await history(fixture)
        let full = FullStore(fixture.store, spare: 0)
        await #expect(throws: (any Error).self) { try await fixture.backup(full, state: "other") }
        let report = try await fixture.prune(full, grace: 0)
        #expect(report.removed.sets == 3 && report.announced == PruneReport.Counts(), "\(report)")
        #expect(try fixture.repository().setNames().count == 1)
        #expect(fixture.store.keys("marks/reserve/").count == 1 && full.free > 0)
        try await fixture.expectWhole()
        // Again, with the new reserve.
        fixture.pass(hours: 1)
        try await fixture.backup()
        fixture.pass(hours: 1)
        #expect(try await fixture.prune(FullStore(fixture.store, spare: 0), grace: 0).removed.sets == 1)
        try await fixture.expectWhole()
    }

    @Test func `with a grace it is announced first, and removed later`() async throws {
        let fixture = try PruneFixture()
        try await history(fixture)
        let first = try await fixture.prune(FullStore(fixture.store, spare: 0))
        #expect(first.announced.sets == 3 && first.removed == PruneReport.Counts())
        fixture.pass(hours: 25)
        // The reserve was used for the announcement, and another writer used the rest.
        _ = try fixture.store.delete(fixture.store.keys("marks/reserve/"))
        let second = try await fixture.prune(FullStore(fixture.store, spare: 0))
        #expect(second.removed.sets == 3)
        #expect(fixture.store.keys("marks/prune/").isEmpty && fixture.store.keys("marks/pruned/").count == 1)
        try await fixture.expectWhole()
    }

    /// An intent with only a part of the objects is valid too.
    @Test(arguments: [1, 2, 3]) func `prune announces and deletes objects in parts if one announcement does not fit`(
        _ blocks: Int
    )
        async throws
    {
        let fixture = try PruneFixture()
        try await history(fixture, sets: 12, files: 4)
        _ = try fixture.store.delete(fixture.store.keys("marks/reserve/"))
        let full = FullStore(fixture.store, spare: blocks * FullStore.block)
        let report = try await fixture.prune(full, grace: 0)
        #expect(report.removed.sets == 11 && report.announced == PruneReport.Counts(), "\(report.removed)")
        #expect(report.sets.filter { $0.fate == .removed }.count == 11)
        #expect(fixture.store.keys("tree/backups/").count == 1 && fixture.store.keys("marks/prune/").isEmpty)
        try await fixture.expectWhole()
        let clean = fixture.store.keys("tree/packs/").count
        try await fixture.prune(grace: 0)
        #expect(fixture.store.keys("tree/packs/").count == clean, "nothing is left for another prune")
    }

    @Test func `prune on a full store without a reserve fails and says how much space it needs`() async throws {
        let fixture = try PruneFixture()
        try await history(fixture)
        _ = try fixture.store.delete(fixture.store.keys("marks/reserve/"))
        let before = fixture.store.keys
        let error = await #expect(throws: ObjectStoreError.self) {
            try await fixture.prune(FullStore(fixture.store, spare: 0), grace: 0)
        }
        #expect(error?.reason == .noSpace && error?.hint?.contains("free that much space") == true)
        #expect(fixture.store.keys == before, "and nothing has changed")
        // A leftover probe object has enough space.
        _ = try fixture.store.put(ObjectKey(trusted: "marks/probe/old"), [1], options: PutOptions())
        #expect(try await fixture.prune(FullStore(fixture.store, spare: 0), grace: 0).removed.sets == 3)
        try await fixture.expectWhole()
    }

    @Test func `a prune that finds no reserve makes one, and one too many goes`() async throws {
        let fixture = try PruneFixture()
        try await history(fixture, sets: 2)
        _ = try fixture.store.delete(fixture.store.keys("marks/reserve/"))
        let dry = fixture.store.keys
        try await fixture.prune { $0.isDryRun = true }
        #expect(fixture.store.keys == dry)
        try await fixture.prune()
        #expect(fixture.store.keys("marks/reserve/").count == 1)
        try SpaceReserve(store: fixture.store).fill()
        try await fixture.prune()
        #expect(fixture.store.keys("marks/reserve/").count == 1)
        let report = try await fixture.fixture.verify(try fixture.repository())
        #expect(report.findings.isEmpty)
    }

    @Test func `a prune of a full store that is killed anywhere harms nothing`() async throws {
        let fixture = try PruneFixture()
        try await history(fixture, sets: 3)
        let counting = FaultyStore(FullStore(fixture.store.fork(), spare: 0))
        try await fixture.prune(counting, grace: 0)
        for limit in 0...counting.operations {
            let store = fixture.store.fork()
            let full = FullStore(store, spare: 0)
            _ = try? await fixture.prune(FaultyStore(full, limit: limit), grace: 0)
            try await fixture.expectWhole(store, "killed after \(limit) operations")
            try await fixture.prune(full, grace: 0)
            try await fixture.expectWhole(store, "killed after \(limit) operations, then pruned")
            #expect(try fixture.repository(store).setNames().count == 1)
        }
    }
}
