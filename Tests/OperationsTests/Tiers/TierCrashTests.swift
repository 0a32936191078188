import BackupRepository
import Documents
import ObjectStorage
import StackConfiguration
import Synchronization
import Testing

@testable import Operations

/// `dr tier` that is killed after its N-th store operation, for every N, and run again.
@Suite struct TierCrashTests {
    /// The stores that a session opened.
    private final class Opened: Sendable {
        let stores = Mutex([TieredStore]())
    }

    private static let oldPacks = 3

    /// Text that does not compress below the smallest pack that moves.
    private func noise() -> String {
        var text = ""
        for _ in 0..<40_000 { text += String(UInt64.random(in: .min ... .max), radix: 16) }
        return text
    }

    /// Sets of 40 days ago with a pack of their own each, and one whose pack a set of today needs as well.
    /// - Returns: the packs that a set of today needs.
    private func history(_ fixture: StackFixture) async throws -> Set<String> {
        for number in 0..<Self.oldPacks {
            try fixture.write("file", noise())
            try await fixture.backUp(at: -40 * 86_400 + number * 3600)
        }
        try fixture.write("file", noise())
        try await fixture.backUp(at: -39 * 86_400)
        let recent = try await fixture.backUp()
        try fixture.write("file", noise())
        let newest = try await fixture.backUp()
        let repository = try await fixture.session.repository()
        return Set(try [recent, newest].flatMap { try repository.manifest("tree", of: $0).packs.map(\.pack) })
    }

    private func job(
        _ fixture: StackFixture, _ classes: TieredStore.Classes, limit: Int = .max, noting opened: Opened? = nil
    ) -> TierJob {
        var session = fixture.session
        var cold = TierConfiguration()
        (cold.after, cold.storageClass) = (.days(30), .glacier)
        var tiers = TiersConfiguration()
        tiers.cold = cold
        session.configuration.store.tiers = tiers
        session.wrapsStore = { base in
            let store = TieredStore(base, classes, limit: limit)
            opened?.stores.withLock { $0.append(store) }
            return store
        }
        return TierJob(session)
    }

    @Test func `a run that is killed at any operation and run again ends as one that was not`() async throws {
        let fixture = try await StackFixture(extra: "retention: {keep_last: 10}")
        let needed = try await history(fixture)
        let opened = Opened()
        let whole = TieredStore.Classes()
        // The first run fetches documents that this machine keeps.
        _ = try await job(fixture, TieredStore.Classes()).run()
        let report = try await job(fixture, whole, noting: opened).run()
        #expect(report.isWhole && report.moved.map(\.packs) == [Self.oldPacks], "\(report)")
        #expect(whole.archived.isDisjoint(with: needed))
        let keys = try fixture.keys()
        let stores = opened.stores.withLock { $0 }
        let operations = try #require(stores.first).operations
        #expect(stores.count == 1 && operations > Self.oldPacks)

        var counts: Set<Int> = []
        for limit in 0..<operations {
            let classes = TieredStore.Classes()
            await #expect(throws: (any Error).self) { try await job(fixture, classes, limit: limit).run() }
            counts.insert(classes.all.count)
            #expect(classes.all.allSatisfy { whole.all[$0.key] == $0.value }, "killed after \(limit) operations")
            let again = try await job(fixture, classes).run()
            #expect(again.isWhole && classes.all == whole.all, "killed after \(limit) operations, then run again")
        }
        #expect(counts.isSuperset(of: [0, 1, 2]), "a run was killed between two moves")
        #expect(try fixture.keys() == keys)
        let third = try await job(fixture, whole).run()
        #expect(third.isWhole && third.moved.isEmpty)
    }
}
