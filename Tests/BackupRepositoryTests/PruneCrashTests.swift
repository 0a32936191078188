import Foundation
import ObjectStorage
import Testing

@testable import BackupRepository

/// A prune that is killed after its N-th store operation, for every N.
@Suite struct PruneCrashTests {
    /// Creates four sets that share some packs, orphans of a killed run, and packs that are mostly unused.
    private func history(_ fixture: PruneFixture) async throws {
        for number in 0..<12 { try fixture.write("f\(number)", Fixture.noise(3000, seed: UInt64(number + 1))) }
        for number in 1...4 {
            try fixture.write("own", Fixture.noise(2000, seed: UInt64(100 + number)))
            if number == 4 { for file in 1..<12 { try fixture.write("f\(file)", nil) } }
            try await fixture.backup()
            fixture.pass(hours: 1)
        }
        try fixture.write("own", Fixture.noise(2000, seed: 200))
        _ = try? await fixture.backup(FaultyStore(fixture.store, limit: 26), state: "dying")
        fixture.pass(hours: 24 * 8)
    }

    @Test(arguments: [1, 2]) func `a prune killed at any point does no harm and the next prune finishes the work`(
        keepLast: Int
    )
        async throws
    {
        let fixture = try PruneFixture()
        try await history(fixture)
        let counting = FaultyStore(fixture.store.fork())
        try await fixture.prune(counting, keepLast: keepLast, grace: 0)
        #expect(counting.operations > 30)
        for limit in 0...counting.operations {
            let store = fixture.store.fork()
            let dying = FaultyStore(store, limit: limit)
            _ = try? await fixture.prune(dying, keepLast: keepLast, grace: 0)
            try await fixture.expectWhole(store, "killed after \(limit) operations")
            try await fixture.prune(store, keepLast: keepLast, grace: 0)
            try await fixture.expectWhole(store, "killed after \(limit) operations, then pruned")
            #expect(try fixture.repository(store).setNames().count == keepLast)
            #expect(store.keys("marks/prune/").isEmpty && store.keys("marks/pruned/").count == 1)
            let packs = store.keys("tree/packs/").count
            try await fixture.prune(store, keepLast: keepLast, grace: 0)
            #expect(store.keys("tree/packs/").count == packs, "nothing is left for a third one")
        }
    }

    /// A repack is a backup that leaves packs behind: killed at each point, then repeated, then pruned.
    @Test func `a repack killed at any point harms nothing`() async throws {
        let fixture = try PruneFixture()
        try await history(fixture)
        let pruned = try await fixture.prune(grace: 0)
        #expect(pruned.unwantedPacks == 1)
        let counting = FaultyStore(fixture.store.fork())
        try await fixture.backup(counting, state: "counting")
        for limit in 0..<counting.operations {
            let store = fixture.store.fork()
            let dying = FaultyStore(store, limit: limit)
            _ = try? await fixture.backup(dying, state: "dying-\(limit)")
            for name in try fixture.repository(store).setNames().suffix(1) where name == fixture.now {
                fixture.note(name)
            }
            try await fixture.expectWhole(store, "killed after \(limit) operations")
            fixture.store.clock += 1
            store.clock = fixture.store.clock
            let next = try await fixture.backup(store, state: "next-\(limit)")
            #expect(next.status == .complete)
            try await fixture.prune(store, grace: 0)
            try await fixture.expectWhole(store, "killed after \(limit) operations, done again, pruned")
        }
    }
}
