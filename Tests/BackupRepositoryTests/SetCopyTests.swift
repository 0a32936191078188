import Foundation
import ObjectStorage
@testable import Platform
import Testing

@testable import BackupRepository

/// Copies of sets in another store of the same repository.
@Suite struct SetCopyTests {
    private static let start = PruneFixture.beginning
    private static let now = Timestamp(seconds: start + 10 * 3600)

    /// Three sets; each adds a pack.
    private func source(_ fixture: Fixture) async throws -> (MemoryStore, Repository) {
        let store = MemoryStore(clock: Self.start)
        let repository = try fixture.repository(store)
        try fixture.writeTree()
        for number in 1...3 {
            try fixture.write("added-\(number)", Fixture.noise(5000, seed: UInt64(number)))
            store.clock += 3600
            let time = Timestamp(seconds: store.clock)
            try await fixture.backup(repository, now: { time })
        }
        return (store, repository)
    }

    /// Brings the copy up to date as `dr copy` does.
    @discardableResult
    private func copy(
        _ source: Repository, to store: any ObjectStore, only: Set<Timestamp>? = nil
    ) async throws -> SetCopy.Report {
        if try store.head(Layout.description) == nil { try SetCopy.begin(from: source, in: store) }
        let target = try Repository(opening: store)
        let wanted = try only ?? Set(source.setNames())
        let plan = try SetCopy.plan(wanted, for: target)
        let job = SetCopy(
            source, to: target, tool: "test", now: Self.now, pool: Fixture.pool, progress: WorkProgress())
        return try await job.run(plan.sets)
    }

    private func contents(_ store: MemoryStore) throws -> [ObjectKey: [UInt8]] {
        let kept = store.keys.filter { key in
            !["marks/run/", "marks/reserve/", "marks/outcome/"].contains { key.text.hasPrefix($0) }
        }
        return Dictionary(uniqueKeysWithValues: try kept.map { ($0, try store.read($0)) })
    }

    @Test func `a copy has the same objects, and a second run sends nothing`() async throws {
        let fixture = try Fixture()
        let (store, repository) = try await source(fixture)
        let names = try repository.setNames()
        try Marks(repository).put(PinnedMark(at: Self.now, set: names[0], until: nil, reason: "legal hold"))
        try Marks(repository).put(
            DrilledMark(at: Self.now, tool: "test", set: names[1], scenario: nil, passed: true))
        let second = MemoryStore(clock: Self.start)
        let report = try await copy(repository, to: second)
        #expect(report.sets == names.reversed(), "the newest set comes first")
        #expect(report.failed.isEmpty && report.marks == 2)
        #expect(try contents(second) == contents(store))
        #expect(second.keys("marks/run/").isEmpty)

        let target = try Repository(opening: second)
        #expect(try await fixture.verify(target).findings.isEmpty)
        try await fixture.restore(target, set: try target.set(names[2]), to: "out")
        try await fixture.expectSame("out")
        let again = try await copy(repository, to: second)
        #expect(again == SetCopy.Report())
    }

    @Test func `a copy that is killed at any point shows no partial set, and the next one completes it`() async throws {
        let fixture = try Fixture()
        let (store, repository) = try await source(fixture)
        let whole = FaultyStore(MemoryStore(clock: Self.start))
        try await copy(repository, to: whole)
        #expect(whole.operations > 40)
        for limit in 0..<whole.operations {
            let second = MemoryStore(clock: Self.start)
            await #expect(throws: FaultyStore.Killed.self, "limit \(limit)") {
                try await copy(repository, to: FaultyStore(second, limit: limit))
            }
            if try second.head(Layout.description) != nil {
                let report = try await fixture.verify(try Repository(opening: second))
                // The older sets are still to come.
                let found = report.findings.filter { !$0.reason.contains("names it as its previous set") }
                #expect(found.isEmpty, "limit \(limit): \(found)")
            }
            try await copy(repository, to: second)
            #expect(try contents(second) == contents(store), "limit \(limit)")
        }
    }

    @Test func `a set that is damaged in the source is named, and the others are copied`() async throws {
        let fixture = try Fixture()
        let (store, repository) = try await source(fixture)
        let names = try repository.setNames()
        let newest = try repository.manifest("tree", of: try repository.set(names[2]))
        let older = try repository.manifest("tree", of: try repository.set(names[1]))
        let own = try #require(newest.packs.first { use in !older.packs.contains { $0.pack == use.pack } })
        let key = Layout.pack("tree", own.pack)
        var bytes = try store.read(key)
        bytes[bytes.count / 2] ^= 1
        _ = try store.delete([key])
        _ = try store.put(key, bytes, options: PutOptions(.none))
        let second = MemoryStore(clock: Self.start)
        let report = try await copy(repository, to: second)
        #expect(report.failed.map(\.set) == [names[2]])
        #expect(report.failed.first?.reason.contains(own.pack) == true, "\(report.failed)")
        #expect(report.sets == [names[1], names[0]])
        #expect(try second.head(key) == nil, "a damaged object must not appear")
    }

    @Test func `another object under the key of a pack is named and left alone`() async throws {
        let fixture = try Fixture()
        let (_, repository) = try await source(fixture)
        let names = try repository.setNames()
        let use = try #require(try repository.manifest("tree", of: try repository.set(names[0])).packs.first)
        let second = MemoryStore(clock: Self.start)
        try SetCopy.begin(from: repository, in: second)
        _ = try second.put(Layout.pack("tree", use.pack), [1, 2, 3], options: PutOptions(.none))
        let report = try await copy(repository, to: second)
        #expect(report.failed.contains { $0.set == names[0] && $0.reason.contains("another object") })
        #expect(try second.read(Layout.pack("tree", use.pack)) == [1, 2, 3])
    }

    @Test func `a set that the copy is not meant to have is not missing in it`() async throws {
        let fixture = try Fixture()
        let (_, repository) = try await source(fixture)
        let second = MemoryStore(clock: Self.start)
        try await copy(repository, to: second, only: [try #require(try repository.setNames().last)])
        let report = try await fixture.verify(try Repository(opening: second))
        #expect(report.sets == 1 && report.findings.isEmpty, "\(report.findings)")
    }

    @Test func `a set that was pruned from the copy is not copied again`() async throws {
        let fixture = try Fixture()
        let (_, repository) = try await source(fixture)
        let names = try repository.setNames()
        let second = MemoryStore(clock: Self.start)
        try SetCopy.begin(from: repository, in: second)
        let target = try Repository(opening: second)
        try Marks(target).put(PrunedMark(at: Self.now, tool: "test", sets: [names[0]]))
        #expect(try SetCopy.plan(Set(names), for: target).sets == [names[2], names[1]])
    }

    @Test func `a pack that a prune of the copy removes defers the set`() async throws {
        let fixture = try Fixture()
        let (_, repository) = try await source(fixture)
        let names = try repository.setNames()
        let use = try #require(try repository.manifest("tree", of: try repository.set(names[0])).packs.first)
        let second = MemoryStore(clock: Self.start)
        try SetCopy.begin(from: repository, in: second)
        let target = try Repository(opening: second)
        try Marks(target).put(
            PruneIntent(at: Self.now, tool: "test", sets: [], orphans: [:], packs: ["tree": [use.pack]]))
        let report = try await copy(repository, to: second)
        #expect(report.failed.contains { $0.set == names[0] && $0.reason.contains("a prune of the copy removes") })
        #expect(try target.setNames().contains(names[0]) == false)
    }

    @Test func `bytes beyond the rate wait`() {
        let limit = RateLimit(bytesPerSecond: 1000)
        let start = ContinuousClock.now + .seconds(10)
        #expect(limit.pause(before: 500, at: start) == .zero)
        #expect(limit.pause(before: 500, at: start) == .milliseconds(500))
        #expect(limit.pause(before: 1, at: start + .milliseconds(250)) == .milliseconds(750))
        #expect(limit.pause(before: 1, at: start + .seconds(60)) == .zero)
    }
}
