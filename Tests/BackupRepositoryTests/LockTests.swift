import Foundation
import Lab
import ObjectStorage
import Retention
import Synchronization
import Testing

@testable import BackupRepository

/// Object locks: long enough for kept sets, never longer than justified, and never on objects to remove.
@Suite struct LockTests {
    private static let day = 86_400
    private static let margin = 3 * day

    private func fixture(_ mode: PutOptions.LockMode = .compliance) throws -> PruneFixture {
        let fixture = try PruneFixture()
        fixture.lock.withLock { $0 = ObjectLock(mode: mode, margin: Self.margin) }
        return fixture
    }

    private func locks(_ fixture: PruneFixture, _ prefix: String) throws -> [Int?] {
        try fixture.store.keys(prefix).map { try fixture.store.retention(of: $0)?.until }
    }

    @discardableResult
    private func prune(
        _ fixture: PruneFixture, by policy: RetentionPolicy, _ change: (inout Prune) -> Void = { _ in }
    ) async throws -> PruneReport {
        try await fixture.prune(grace: 0) { prune in
            prune.policy = policy
            prune.policy.limits.largestDrop = 1
            change(&prune)
        }
    }

    @Test func `backup locks its objects for the margin, but not the marks`() async throws {
        let fixture = try fixture()
        try fixture.write("a", Fixture.noise(3000, seed: 1))
        try await fixture.backup()
        let until = fixture.now.seconds + Self.margin
        for prefix in ["sets/", "tree/backups/", "tree/packs/"] {
            let found = try locks(fixture, prefix)
            #expect(!found.isEmpty && found.allSatisfy { $0 == until }, "\(prefix)")
        }
        #expect(!fixture.store.keys("marks/").isEmpty)
        #expect(try locks(fixture, "marks/").allSatisfy { $0 == nil })
        #expect(try locks(fixture, "repository.json") == [nil], "the first prune locks it")
    }

    /// The clock of a machine may be wrong; the store's clock is not affected.
    @Test func `a clock that is ahead locks nothing for longer`() async throws {
        let fixture = try fixture()
        try fixture.write("a", Fixture.noise(3000, seed: 1))
        let wrong = Timestamp(seconds: fixture.now.seconds + 1000 * Self.day)
        try await fixture.fixture.backup(try fixture.repository(), now: { wrong })
        let until = fixture.now.seconds + Self.margin
        #expect(try locks(fixture, "tree/").allSatisfy { $0 == until })
        try await fixture.prune { $0.now = { wrong } }
        #expect(try locks(fixture, "tree/").allSatisfy { $0 == until })
    }

    /// A set is locked to the end of a tier once its period is over, together with the packs that it shares with older
    /// sets.
    @Test func `prune locks a backup set for the tier whose period it closed`() async throws {
        let fixture = try fixture()
        let policy = RetentionPolicy(daily: .days(30))
        try fixture.write("shared", Fixture.noise(3000, seed: 1))
        let first = try await fixture.backup()
        try await prune(fixture, by: policy)
        #expect(try locks(fixture, "sets/") == [fixture.now.seconds + Self.margin], "its day is not over")
        fixture.pass(hours: 24)
        try fixture.write("own", Fixture.noise(3000, seed: 2))
        let second = try await fixture.backup()
        let report = try await prune(fixture, by: policy)
        let (long, short) = (first.name.seconds + 30 * Self.day, second.name.seconds + Self.margin)
        #expect(try locks(fixture, "sets/") == [long, short])
        #expect(Set(try locks(fixture, "tree/packs/")) == [long, short], "the shared pack, and the second's own")
        #expect(report.locks?.extended == 5 && report.locks?.until?.seconds == long, "with repository.json")
        #expect(try locks(fixture, "repository.json") == [short])
        #expect(try locks(fixture, "marks/").allSatisfy { $0 == nil })
    }

    @Test func `packs that live on in newer sets stay locked`() async throws {
        let fixture = try fixture()
        try fixture.write("shared", Fixture.noise(3000, seed: 1))
        for _ in 0..<20 {
            try await fixture.backup()
            try await prune(fixture, by: RetentionPolicy(keepLast: 1))
            fixture.pass(hours: 24)
            #expect(try locks(fixture, "tree/packs/").allSatisfy { ($0 ?? 0) > fixture.now.seconds })
        }
    }

    @Test func `prune skips locked objects and reports them until their locks expire`() async throws {
        let fixture = try fixture()
        try fixture.write("a", Fixture.noise(3000, seed: 1))
        let first = try await fixture.backup()
        fixture.pass(hours: 1)
        try fixture.write("a", Fixture.noise(3000, seed: 2))
        try await fixture.backup()
        fixture.pass(hours: 30)
        let policy = RetentionPolicy(keepLast: 1)
        let report = try await prune(fixture, by: policy)
        #expect(report.sets.map(\.fate) == [.locked, .kept] && report.refused == 0 && report.frozen.isEmpty)
        #expect(report.removed == PruneReport.Counts() && report.locked.objects == 1)
        #expect(
            report.locked.first == [
                .init(
                    object: Layout.set(first.name).text,
                    until: Timestamp(seconds: first.name.seconds + Self.margin))
            ])
        try await fixture.expectWhole()
        let dry = try await prune(fixture, by: policy) { $0.isDryRun = true }
        #expect(dry.locked == report.locked && dry.sets == report.sets)
        fixture.pass(hours: 3 * 24)
        let later = try await prune(fixture, by: policy)
        #expect(later.removed.sets == 1 && later.removed.packs == 1 && later.locked.objects == 0)
        #expect(fixture.store.keys("marks/prune/").isEmpty)
        try await fixture.expectWhole()
    }

    /// An intent that is still waiting must not delay the others, or their number would grow.
    @Test func `intents are closed one by one`() async throws {
        let fixture = try fixture()
        let policy = RetentionPolicy(keepLast: 2)
        var most = 0
        for number in 0..<16 {
            try fixture.write("own", Fixture.noise(2000, seed: UInt64(number + 1)))
            try await fixture.backup()
            try await prune(fixture, by: policy)
            most = max(most, fixture.store.keys("marks/prune/").count)
            fixture.pass(hours: 12)
        }
        #expect((1...8).contains(most), "\(most)")
        try await fixture.expectWhole()
    }

    /// 40 days under several tiers: no object is locked beyond the time for which its sets are certain to be kept.
    @Test func `nothing is locked for longer than it is sure to be kept`() async throws {
        let fixture = try fixture()
        let policy = RetentionPolicy(hourly: .hours(24), daily: .days(10), weekly: .weeks(3))
        for number in 0..<40 {
            try fixture.write("own", Fixture.noise(1000, seed: UInt64(number + 1)))
            let set = try await fixture.backup()
            try await prune(fixture, by: policy)
            fixture.pass(hours: 24)
            // The last set of a week is kept three weeks; any other ten days.
            let isSunday = (set.name.seconds / Self.day + 3) % 7 == 6
            let longest = isSunday ? 21 * Self.day : 10 * Self.day
            try await prune(fixture, by: policy)
            let until = try fixture.store.retention(of: Layout.set(set.name))?.until
            #expect(until == set.name.seconds + longest, "\(set.name)")
        }
        for name in try fixture.repository().setNames() {
            let until = try #require(try fixture.store.retention(of: Layout.set(name))?.until)
            #expect(until > fixture.now.seconds && until <= name.seconds + 21 * Self.day)
        }
        try await fixture.expectWhole()
    }

    @Test func `a frozen prune still extends`() async throws {
        let fixture = try fixture()
        try fixture.write("a", Fixture.noise(3000, seed: 1))
        try await fixture.backup()
        fixture.pass(hours: 48)
        let report = try await prune(fixture, by: RetentionPolicy(keepLast: 1)) { $0.failedRuns = 3 }
        #expect(!report.frozen.isEmpty && report.locks?.extended == 5)
        #expect(try locks(fixture, "tree/").allSatisfy { $0 == fixture.now.seconds + Self.margin })
    }

    @Test func `locks are extended each quarter of the margin`() async throws {
        let fixture = try fixture()
        try fixture.write("a", Fixture.noise(3000, seed: 1))
        try await fixture.backup()
        let state = try StateFolder(
            fixture.fixture.folder.url.appending(path: "state").path, repository: fixture.repository().description)
        let policy = RetentionPolicy(keepLast: 1)
        #expect(try await prune(fixture, by: policy) { $0.state = state }.locks != nil)
        fixture.pass(hours: 17)
        #expect(try await prune(fixture, by: policy) { $0.state = state }.locks == nil)
        fixture.pass(hours: 1)
        #expect(try await prune(fixture, by: policy) { $0.state = state }.locks?.extended == 5)
    }

    /// A store whose locks cannot be read.
    private final class SecretiveStore: RetainingStore, PassingStore {
        let base: any ObjectStore
        private let reason: ObjectStoreError.Reason

        init(_ base: any ObjectStore, _ reason: ObjectStoreError.Reason) { (self.base, self.reason) = (base, reason) }

        func storeTime() throws -> Int? { try base.storeTime() }
        func retention(of key: ObjectKey) throws -> PutOptions.Lock? {
            throw ObjectStoreError(reason, operation: "get the retention of", key: key, "no", store: location)
        }
        func retain(_ key: ObjectKey, _ lock: PutOptions.Lock) throws {}
        func retentionSupport() throws -> RetentionSupport { RetentionSupport(isEnabled: true) }
    }

    @Test(arguments: [ObjectStoreError.Reason.denied, .locked])
    func `an object whose lock cannot be read is not deleted, and stops no prune`(
        _ reason: ObjectStoreError.Reason
    ) async throws {
        let fixture = try fixture()
        try fixture.write("a", Fixture.noise(3000, seed: 1))
        try await fixture.backup()
        fixture.pass(hours: 1)
        try fixture.write("a", Fixture.noise(3000, seed: 2))
        try await fixture.backup()
        fixture.pass(hours: 30 * 24)
        let before = fixture.store.keys("sets/") + fixture.store.keys("tree/")
        let report = try await fixture.prune(SecretiveStore(fixture.store, reason), grace: 0)
        #expect(report.removed.sets == 0 && fixture.store.keys("sets/") + fixture.store.keys("tree/") == before)
        #expect(reason == .denied ? report.refused > 0 : report.locked.objects > 0 && report.refused == 0)
    }

    @Test func `a store that cannot lock is named`() async throws {
        let fixture = try Fixture()
        try fixture.write("a", "a")
        var repository = try fixture.repository()
        repository.lock = ObjectLock(mode: .governance, margin: Self.margin)
        try await fixture.backup(repository)
        let prune = Prune(
            repository: repository, policy: RetentionPolicy(keepLast: 1), tool: "test", pool: Fixture.pool,
            now: Fixture.clock)
        #expect(try await prune.run().warnings.contains { $0.contains("cannot lock objects") })
    }
}
