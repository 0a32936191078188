import Foundation
import ObjectStorage
@testable import Platform
import Testing

@testable import BackupRepository

/// Copies of sets in another store of the same repository.
@Suite struct SetCopyTests {
    private static let start = CopiedFixture.start
    private static let now = CopiedFixture.now

    /// Brings the copy up to date as `dr copy` does.
    @discardableResult
    private func copy(
        _ source: Repository, to store: any ObjectStore, only: Set<Timestamp>? = nil
    ) async throws -> SetCopy.Report {
        if try store.head(Layout.description) == nil { try SetCopy.begin(from: source, in: store) }
        return try await CopiedFixture.copy(source, to: try Repository(opening: store), only: only)
    }

    private func contents(_ store: MemoryStore) throws -> [ObjectKey: [UInt8]] {
        try CopiedFixture.contents(store, skipping: ["marks/run/", "marks/reserve/", "marks/outcome/"])
    }

    @Test func `a copy has the same objects, and a second run sends nothing`() async throws {
        let copied = try await CopiedFixture(sets: 3)
        let (fixture, store, repository) = (copied.files, copied.store, copied.repository)
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
        let copied = try await CopiedFixture(sets: 3)
        let (fixture, store, repository) = (copied.files, copied.store, copied.repository)
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
        let copied = try await CopiedFixture(sets: 3)
        let (store, repository) = (copied.store, copied.repository)
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

    @Test func `a set that needs archived packs is named with its thaw, and copied after it`() async throws {
        let copied = try await CopiedFixture(sets: 3)
        let cold = ColdStore(copied.store)
        let source = try Repository(opening: cold)
        let names = try source.setNames()
        let own = try source.packs(of: names[2]).subtracting(source.packs(of: names[1]))
        cold.archive(own)
        let second = MemoryStore(clock: Self.start)
        let preview = try await SetCopy.passedOver(names.reversed(), from: source, to: nil, pool: Fixture.pool)
        #expect(cold.refusals == 0 && second.keys.isEmpty)
        let report = try await copy(source, to: second)
        #expect(report.sets == [names[1], names[0]] && report.failed.map(\.set) == [names[2]], "\(report)")
        #expect(preview == report.failed)
        let reason = try #require(report.failed.first?.reason)
        #expect(reason.contains("`dr thaw --set \(names[2]) --wait`"), "\(reason)")
        #expect(reason.contains("Bulk up to 12h 0m"), "\(reason)")
        #expect(cold.refusals == 0, "an archived pack was read")
        #expect(own.isDisjoint(with: second.keys), "a part of the set was sent")
        cold.thaw(own)
        let again = try await copy(source, to: second)
        #expect(again.sets == [names[2]] && again.failed.isEmpty, "\(again)")
        #expect(try contents(second) == contents(copied.store))
    }

    @Test func `archived packs that the copy has hold up no set`() async throws {
        let copied = try await CopiedFixture(sets: 3)
        let cold = ColdStore(copied.store)
        let source = try Repository(opening: cold)
        let names = try source.setNames()
        let second = MemoryStore(clock: Self.start)
        try await copy(source, to: second, only: [names[0]])
        cold.archive(try source.packs(of: names[0]))
        let preview = try await SetCopy.passedOver(
            [names[2], names[1]], from: source, to: try Repository(opening: second), pool: Fixture.pool)
        #expect(preview.isEmpty, "\(preview)")
        let report = try await copy(source, to: second)
        #expect(report.sets == [names[2], names[1]] && report.failed.isEmpty, "\(report)")
        #expect(cold.refusals == 0)
    }

    @Test func `a pack that is archived during the copy costs only the sets that need it`() async throws {
        let copied = try await CopiedFixture(sets: 3)
        let cold = ColdStore(copied.store)
        cold.hidesClasses = true
        let source = try Repository(opening: cold)
        let names = try source.setNames()
        cold.archive(try source.packs(of: names[2]).subtracting(source.packs(of: names[1])))
        let report = try await copy(source, to: MemoryStore(clock: Self.start))
        #expect(report.sets == [names[1], names[0]] && report.failed.map(\.set) == [names[2]], "\(report)")
        #expect(report.failed.first?.reason.contains("`dr thaw --set \(names[2]) --wait`") == true, "\(report)")
    }

    @Test func `another object under the key of a pack is named and left alone`() async throws {
        let repository = try await CopiedFixture(sets: 3).repository
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
        let copied = try await CopiedFixture(sets: 3)
        let (fixture, repository) = (copied.files, copied.repository)
        let second = MemoryStore(clock: Self.start)
        try await copy(repository, to: second, only: [try #require(try repository.setNames().last)])
        let report = try await fixture.verify(try Repository(opening: second))
        #expect(report.sets == 1 && report.findings.isEmpty, "\(report.findings)")
    }

    @Test func `a set that was pruned from the copy is not copied again`() async throws {
        let repository = try await CopiedFixture(sets: 3).repository
        let names = try repository.setNames()
        let second = MemoryStore(clock: Self.start)
        try SetCopy.begin(from: repository, in: second)
        let target = try Repository(opening: second)
        try Marks(target).put(PrunedMark(at: Self.now, tool: "test", sets: [names[0]]))
        #expect(try SetCopy.lacking(Set(names), in: target) == [names[2], names[1]])
    }

    @Test func `a set whose copy a prune abandoned is left out, and not tried again`() async throws {
        let repository = try await CopiedFixture(sets: 3).repository
        let names = try repository.setNames()
        let run = try repository.set(names[1]).run
        let second = MemoryStore(clock: Self.start)
        try SetCopy.begin(from: repository, in: second)
        let target = try Repository(opening: second)
        // As a prune leaves it that took the killed copy of the set for dead.
        #expect(try OutcomeMark.settle(run, as: .void, at: Self.now, in: Marks(target)) == .void)
        try VoidMark.write(run, at: Self.now, in: Marks(target))
        let report = try await copy(repository, to: second)
        #expect(report.sets == [names[2], names[0]] && report.abandoned == [names[1]], "\(report)")
        #expect(report.failed.isEmpty, "\(report.failed)")
        #expect(try target.setNames() == [names[0], names[2]])
        #expect(try await copy(repository, to: second) == SetCopy.Report())
        let repaired = try await CopiedFixture.copy(repository, to: target, only: [names[1]], isRepair: true)
        #expect(repaired == SetCopy.Report(), "the store says that it is not to have the set")
    }

    @Test func `a pack that a prune of the copy removes defers the set`() async throws {
        let repository = try await CopiedFixture(sets: 3).repository
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
