import Foundation
import Lab
import ObjectStorage
import Synchronization
import Testing

@testable import BackupRepository

/// A store that hides sets from the listing of a prune.
@Suite struct HiddenSetsTests {
    /// Hides objects from listings.
    private final class Hiding: LayeredStore {
        let base: any ObjectStore
        let isHidden: @Sendable (ObjectKey) -> Bool

        init(_ base: any ObjectStore, _ isHidden: @escaping @Sendable (ObjectKey) -> Bool) {
            (self.base, self.isHidden) = (base, isHidden)
        }

        var location: String { base.location }
        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
            try base.list(prefix: prefix, after: after) { isHidden($0.key) ? .proceed : try body($0) }
        }
        func enumerate(prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void) throws {
            try base.enumerate(prefix: prefix, skipping: skipped) { if !isHidden($0.key) { try body($0) } }
        }
        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            try base.get(key, range: range, sink)
        }
        func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }
        func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
            try base.put(key, content, options: options)
        }
        func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
            try base.upload(key, options)
        }
        func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }
        func storeTime() throws -> Int? { try base.storeTime() }
    }

    private func history() async throws -> (PruneFixture, [BackupSet]) {
        let fixture = try PruneFixture()
        var sets: [BackupSet] = []
        for number in 1...3 {
            try fixture.write("own", Fixture.noise(2000, seed: UInt64(number)))
            sets.append(try await fixture.backup())
            // Longer than a run may last. After the last one, shorter than the gap that freezes every prune.
            fixture.pass(hours: 24 * (number < 3 ? 60 : 8))
        }
        return (fixture, sets)
    }

    @Test func `a listing without any set freezes a prune without grace`() async throws {
        let (fixture, sets) = try await history()
        let before = fixture.store.keys
        let store = Hiding(fixture.store) { $0.text.hasPrefix("sets/") }
        for _ in 0..<2 {
            let report = try await fixture.prune(store, grace: 0)
            #expect(report.frozen.count == 1 && report.frozen[0].reason.contains("committed a set"))
            #expect(report.removed == PruneReport.Counts() && report.announced == PruneReport.Counts())
            fixture.pass(hours: 1)
        }
        #expect(Set(before).isSubset(of: fixture.store.keys))
        #expect(try fixture.repository().setNames() == sets.map(\.name))
        try await fixture.expectWhole()
        // The listing is whole again.
        let frozen = try await fixture.prune(grace: 0).frozen
        #expect(frozen.isEmpty, "\(frozen)")
    }

    @Test func `the notes of this machine name a set that the listing lacks`() async throws {
        let (fixture, sets) = try await history()
        let repository = try fixture.repository()
        let state = try StateFolder(
            fixture.fixture.folder.url.appending(path: "state").path, repository: repository.description)
        let last = Layout.set(sets[2].name)
        // Without the outcomes, the notes are the only evidence.
        let store = Hiding(fixture.store) { $0 == last || $0.text.hasPrefix("marks/outcome/") }
        let report = try await fixture.prune(store, keepLast: 2) { $0.state = state }
        #expect(report.frozen.contains { $0.reason.contains("\(sets[2].name)") })
        #expect(report.announced == PruneReport.Counts())
        #expect(try await fixture.prune(keepLast: 2) { $0.state = state }.frozen.isEmpty)
    }

    @Test func `the objects of a removed set do not freeze the next prune`() async throws {
        let (fixture, sets) = try await history()
        #expect(try await fixture.prune(grace: 0).removed.sets == 2)
        let report = try await fixture.prune(grace: 0)
        #expect(report.frozen.isEmpty && report.sets.map(\.name) == [sets[2].name])
    }

    @Test func `a pin says what a prune has announced`() async throws {
        let (fixture, sets) = try await history()
        let repository = try fixture.repository()
        func pinned(_ set: BackupSet) throws -> PinnedSet {
            try PinnedSet(set.name, in: repository, grace: 3600, now: fixture.now)
        }
        #expect(try pinned(sets[0]) == .safe)
        _ = try await fixture.prune(grace: 3600)
        #expect(try pinned(sets[0]) == .announced && pinned(sets[2]) == .safe)
        fixture.pass(hours: 1)
        #expect(try pinned(sets[0]) == .due)
        try Marks(repository).put(PinnedMark(at: fixture.now, set: sets[1].name, until: nil, reason: nil))
        _ = try await fixture.prune(grace: 3600)
        #expect(try pinned(sets[0]) == .gone)
        #expect(try pinned(sets[1]) != .gone, "a prune that begins after the pin keeps the set")
    }
}
