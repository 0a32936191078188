import Foundation
import ObjectStorage
import Retention
import Synchronization
import Testing

@testable import Repository

/// What a prune removes, announces, keeps and refuses.
@Suite struct PruneTests {
    /// Three sets, each with a file of its own and one that all share.
    private func history(_ fixture: PruneFixture) async throws -> [BackupSet] {
        try fixture.write("shared", Fixture.noise(3000, seed: 1))
        var sets: [BackupSet] = []
        for number in 1...3 {
            try fixture.write("own", Fixture.noise(2000, seed: UInt64(10 + number)))
            sets.append(try await fixture.backup())
            fixture.pass(hours: 1)
        }
        return sets
    }

    @Test func whatIsDroppedIsAnnouncedFirstAndGoesAfterTheGrace() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        let before = fixture.store.keys

        let dry = try await fixture.prune { $0.isDryRun = true }
        #expect(dry.sets.map(\.fate) == [.announced, .announced, .kept])
        #expect(fixture.store.keys == before, "a dry run writes nothing")
        let first = try await fixture.prune()
        #expect(first.sets == dry.sets && first.announced == dry.announced)
        #expect(first.removed == PruneReport.Counts() && first.announced.sets == 2 && first.announced.packs == 1)
        #expect(try fixture.repository().setNames() == sets.map(\.name))

        fixture.pass(hours: 23)
        let early = try await fixture.prune()
        #expect(early.removed == PruneReport.Counts() && early.announced == PruneReport.Counts())
        fixture.pass(hours: 1)
        let plan = try await fixture.prune { $0.isDryRun = true }
        let last = try await fixture.prune()
        #expect(last.sets.map(\.fate) == [.removed, .removed, .kept])
        #expect(plan.sets == last.sets && plan.removed == last.removed, "a dry run says exactly what happens")
        #expect(last.removed.bytes == first.announced.bytes && last.removed.bytes > 2000)
        #expect(try fixture.repository().setNames() == [sets[2].name])
        #expect(fixture.store.keys("tree/backups/").count == 1 && fixture.store.keys("marks/prune/").isEmpty)
        try await fixture.expectWhole()
    }

    @Test func withoutGraceOneRunDoesBoth() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        let report = try await fixture.prune(grace: 0)
        #expect(report.sets.map(\.fate) == [.removed, .removed, .kept])
        #expect(report.removed.sets == 2 && report.removed.manifests == 2)
        #expect(try fixture.repository().setNames() == [sets[2].name])
        try await fixture.expectWhole()
        let again = try await fixture.prune(grace: 0)
        #expect(again.removed == PruneReport.Counts(), "nothing is left to do")
    }

    @Test func aSetWithoutWhichAnotherCannotBeIsNoDamageOnceItWasPruned() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        try await fixture.prune(grace: 0)
        try await fixture.expectWhole()
        _ = try fixture.store.delete([Layout.set(sets[2].name)])
        fixture.pass(hours: 1)
        try await fixture.backup()
        let newest = try #require(try fixture.repository().setNames().last)
        #expect(try fixture.repository().set(newest).previous == nil)
        // One that vanished without a prune is missed as before.
        fixture.pass(hours: 1)
        let kept = try await fixture.backup()
        _ = try fixture.store.delete([Layout.set(newest)])
        let report = try await fixture.fixture.verify(try fixture.repository())
        #expect(report.findings.map(\.object) == [Layout.set(newest).text], "set \(kept.name) names it")
    }

    @Test func aPinKeepsASetUntilItEnds() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        let marks = Marks(try fixture.repository())
        try marks.put(
            PinnedMark(
                at: fixture.now, set: sets[0].name, until: Timestamp(seconds: fixture.now.seconds + 7200),
                reason: "audit"))
        try marks.put(PinnedMark(at: fixture.now, set: sets[1].name, until: nil, reason: nil))
        fixture.pass(seconds: 1)
        try marks.put(UnpinnedMark(at: fixture.now, set: sets[1].name))
        let pinned = try await fixture.prune(grace: 0)
        #expect(pinned.sets.map(\.fate) == [.kept, .removed, .kept])
        #expect(pinned.sets[0].reasons.contains { $0.contains("pinned") })
        fixture.pass(hours: 3)
        #expect(try await fixture.prune(grace: 0).removed.sets == 1)
        #expect(fixture.store.keys("marks/pinned/").isEmpty, "marks of what is gone go too")
        try await fixture.expectWhole()
    }

    @Test func aPinThatComesDuringTheGraceStillHolds() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        try await fixture.prune()
        try Marks(try fixture.repository()).put(
            PinnedMark(at: fixture.now, set: sets[0].name, until: nil, reason: nil))
        fixture.pass(hours: 25)
        let report = try await fixture.prune()
        #expect(report.sets.map(\.fate) == [.kept, .removed, .kept])
        try await fixture.expectWhole()
    }

    /// What cannot be read might need anything.
    @Test func aDamagedSetStopsEverything() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        fixture.store.change(Layout.set(sets[1].name)) { $0[10] ^= 1 }
        let before = fixture.store.keys
        let report = try await fixture.prune(grace: 0)
        #expect(report.frozen.contains { $0.reason.contains(sets[1].name.description) })
        #expect(fixture.store.keys == before)
    }

    @Test func aDamagedPinStopsEverything() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        let mark = try Marks(try fixture.repository()).put(
            PinnedMark(at: fixture.now, set: sets[0].name, until: nil, reason: nil))
        fixture.store.change(mark.key) { $0[10] ^= 1 }
        let report = try await fixture.prune(grace: 0)
        #expect(!report.frozen.isEmpty && report.removed == PruneReport.Counts())
    }

    @Test func aDamagedManifestKeepsAllOfItsComponent() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        fixture.store.change(Layout.manifest("tree", sets[2].components["tree"]?.manifest ?? sets[2].name)) {
            $0[10] ^= 1
        }
        let packs = fixture.store.keys("tree/")
        let report = try await fixture.prune(grace: 0)
        #expect(report.sealed.keys.sorted() == ["tree"])
        #expect(fixture.store.keys("tree/") == packs)
        #expect(report.sets.map(\.fate).suffix(2) == [.kept, .kept], "a set that is whole takes its place")
    }

    @Test func aNewerDocumentIsNotJudged() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        fixture.store.change(Layout.set(sets[0].name)) { content in
            content = Array(
                String(decoding: content, as: UTF8.self).replacing("\"format\":1", with: "\"format\":2").utf8)
        }
        await #expect { try await fixture.prune(grace: 0) } throws: { error in
            (error as? RepositoryError)?.reason == .newerVersion
        }
        #expect(try fixture.repository().setNames().count == 3)
    }

    @Test func setsFromTheFutureStay() async throws {
        let fixture = try PruneFixture()
        _ = try await history(fixture)
        let now = fixture.now
        fixture.pass(hours: 24 * 400)
        let future = try await fixture.backup()
        fixture.store.clock = now.seconds
        let report = try await fixture.prune(grace: 0)
        #expect(report.sets.last?.name == future.name && report.sets.last?.fate == .kept)
        #expect(!report.frozen.isEmpty, "a clock that jumped stops pruning")
    }

    @Test func aFreezeStopsEverythingAndSaysWhatToDo() async throws {
        let fixture = try PruneFixture()
        _ = try await history(fixture)
        let before = fixture.store.keys
        let report = try await fixture.prune(grace: 0) { $0.failedRuns = 3 }
        #expect(report.frozen.count == 1 && !(report.frozen.first?.remedy.isEmpty ?? true))
        #expect(fixture.store.keys == before)
    }

    @Test func orphansOfKilledRunsGoAfterTheGrace() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", Fixture.noise(2000, seed: 1))
        try await fixture.backup()
        let counting = FaultyStore(fixture.store.fork())
        try fixture.write("a", Fixture.noise(2000, seed: 2))
        try await fixture.backup(counting, state: "other")
        fixture.pass(hours: 1)
        let clean = fixture.store.keys.count
        // Killed with everything stored but the set: pack, index and manifest are nobody's.
        for limit in 0..<counting.operations {
            let dying = FaultyStore(fixture.store, limit: limit)
            _ = try? await fixture.backup(dying, state: "dying")
            if try fixture.repository().setNames().count > 1 { break }
            fixture.pass(seconds: 1)
        }
        try _ = fixture.repository().setNames().dropFirst().map { fixture.note($0) }
        #expect(fixture.store.keys("tree/packs/").count > 10)
        #expect(fixture.store.keys.count > clean)
        // A week in which the killed runs might still be alive, then a grace from announcement to deletion.
        try await fixture.prune(keepLast: 2)
        #expect(fixture.store.keys("marks/prune/").isEmpty, "nothing is old enough to be announced")
        fixture.pass(hours: 8 * 24)
        try await fixture.prune(keepLast: 2)
        fixture.pass(hours: 25)
        let report = try await fixture.prune(keepLast: 2)
        #expect(report.removed.packs > 3 && report.removed.manifests >= 1)
        #expect(fixture.store.keys("tree/packs/").count == 4, "the packs of two sets, and their indexes")
        #expect(fixture.store.keys("tree/backups/").count == 2)
        #expect(fixture.store.keys("marks/run/").isEmpty)
        try await fixture.expectWhole()
    }

    @Test func whatTheStoreLocksIsSkippedAndTold() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        fixture.store.lock([Layout.set(sets[0].name)] + fixture.store.keys("tree/packs/"))
        let report = try await fixture.prune(grace: 0)
        #expect(report.sets.map(\.fate) == [.locked, .removed, .kept])
        #expect(report.refused > 0 && report.refusal?.contains("locked") == true)
        try await fixture.expectWhole(verifying: false)
        fixture.store.unlock()
        fixture.pass(hours: 25)
        let later = try await fixture.prune(grace: 0)
        #expect(later.refused == 0 && later.removed.sets == 1)
        #expect(try fixture.repository().setNames() == [sets[2].name])
        try await fixture.expectWhole()
    }

    @Test func whatABackupLeftElsewhereIsForgottenUntilItWorks() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        struct Unreachable: Error {}
        let asked = Mutex([Timestamp]())
        let failing = try await fixture.prune(grace: 0) { prune in
            prune.forget = { _ in throw Unreachable() }
        }
        #expect(failing.warnings.count == 2 && failing.removed.sets == 2)
        #expect(!fixture.store.keys("marks/prune/").isEmpty, "the intent remembers")
        fixture.pass(hours: 1)
        try await fixture.prune { prune in prune.forget = { entry in asked.withLock { $0.append(entry.name) } } }
        #expect(asked.withLock { $0 }.isEmpty, "not before the grace")
        try await fixture.prune(grace: 0) { prune in
            prune.forget = { entry in asked.withLock { $0.append(entry.name) } }
        }
        #expect(asked.withLock { $0.sorted() } == sets.prefix(2).map { $0.components["tree"]?.manifest })
        #expect(fixture.store.keys("marks/prune/").isEmpty)
    }

    /// Of a pack with many small files hardly one is left: the next backup stores that one anew, and the pack goes.
    @Test func mostlyDeadPacksAreLeftBehind() async throws {
        let fixture = try PruneFixture()
        for number in 0..<12 { try fixture.write("f\(number)", Fixture.noise(4000, seed: UInt64(number + 1))) }
        try await fixture.backup()
        for number in 1..<12 { try fixture.write("f\(number)", nil) }
        try fixture.write("other", Fixture.noise(500, seed: 77))
        fixture.pass(hours: 1)
        let second = try await fixture.backup()
        let pack = try #require(try fixture.repository().manifest("tree", of: second).packs.first { $0.live != nil })
        let pruned = try await fixture.prune(grace: 0)
        #expect(pruned.removed.sets == 1 && pruned.unwantedPacks == 1)
        #expect(fixture.store.keys("marks/unwanted/").count == 1)
        fixture.pass(hours: 1)
        let third = try await fixture.backup()
        #expect(third.components["tree"]?.added.bytes == 4000)
        #expect(try !fixture.repository().manifest("tree", of: third).packs.contains { $0.pack == pack.pack })
        let last = try await fixture.prune(grace: 0)
        #expect(last.removed.packs == 1 && last.unwantedPacks == 0)
        #expect(fixture.store.keys("marks/unwanted/").isEmpty)
        try await fixture.expectWhole()
    }
}
