import Foundation
import Lab
import ObjectStorage
import Retention
import Synchronization
import Testing

@testable import BackupRepository

/// The objects that a prune removes, announces and keeps, and the cases in which it refuses.
@Suite struct PruneTests {
    /// Creates three sets, each with its own file and one that all share.
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

    @Test func `prune announces deletions first and deletes after the grace period`() async throws {
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

    @Test func `without grace one run does both`() async throws {
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

    @Test func `verify does not report a previous backup set that prune removed as missing`() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        try await fixture.prune(grace: 0)
        try await fixture.expectWhole()
        _ = try fixture.store.delete([Layout.set(sets[2].name)])
        fixture.pass(hours: 1)
        try await fixture.backup()
        let newest = try #require(try fixture.repository().setNames().last)
        #expect(try fixture.repository().set(newest).previous == nil)
        // A set that vanished without a prune is still reported as missing.
        fixture.pass(hours: 1)
        let kept = try await fixture.backup()
        _ = try fixture.store.delete([Layout.set(newest)])
        let report = try await fixture.fixture.verify(try fixture.repository())
        #expect(report.findings.map(\.object) == [Layout.set(newest).text], "set \(kept.name) names it")
    }

    @Test func `a pin keeps a set until it ends`() async throws {
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
        #expect(fixture.store.keys("marks/pinned/").isEmpty, "marks about removed sets are removed too")
        try await fixture.expectWhole()
    }

    @Test func `a pin that comes during the grace still holds`() async throws {
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

    /// An unreadable document might need any object.
    @Test func `a damaged set stops everything`() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        fixture.store.change(Layout.set(sets[1].name)) { $0[10] ^= 1 }
        let before = fixture.store.keys
        let report = try await fixture.prune(grace: 0)
        #expect(report.frozen.contains { $0.reason.contains(sets[1].name.description) })
        #expect(report.incomplete.map(\.set) == [sets[1].name])
        #expect(fixture.store.keys == before)
    }

    @Test func `a damaged pin stops everything`() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        let mark = try Marks(try fixture.repository()).put(
            PinnedMark(at: fixture.now, set: sets[0].name, until: nil, reason: nil))
        fixture.store.change(mark.key) { $0[10] ^= 1 }
        let report = try await fixture.prune(grace: 0)
        #expect(!report.frozen.isEmpty && report.removed == PruneReport.Counts())
    }

    @Test func `a damaged manifest keeps all of its component`() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        fixture.store.change(Layout.manifest("tree", sets[2].components["tree"]?.manifest ?? sets[2].name)) {
            $0[10] ^= 1
        }
        let packs = fixture.store.keys("tree/")
        let report = try await fixture.prune(grace: 0)
        #expect(report.sealed.keys.sorted() == ["tree"])
        #expect(fixture.store.keys("tree/") == packs)
        #expect(report.sets.map(\.fate).suffix(2) == [.kept, .kept], "a whole set replaces it")
    }

    @Test func `a newer document is not judged`() async throws {
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

    @Test func `sets from the future stay`() async throws {
        let fixture = try PruneFixture()
        _ = try await history(fixture)
        let now = fixture.now
        fixture.pass(hours: 24 * 400)
        let future = try await fixture.backup()
        fixture.store.clock = now.seconds
        let report = try await fixture.prune(grace: 0)
        #expect(report.sets.last?.name == future.name && report.sets.last?.fate == .kept)
        #expect(report.frozen.isEmpty && report.warnings.contains { $0.contains("dr drop \(future.name)") })
    }

    @Test func `a freeze stops all deletions and states the remedy`() async throws {
        let fixture = try PruneFixture()
        _ = try await history(fixture)
        let before = fixture.store.keys
        let report = try await fixture.prune(grace: 0) { $0.failedRuns = 3 }
        #expect(report.frozen.count == 1 && !(report.frozen.first?.remedy.isEmpty ?? true))
        #expect(fixture.store.keys == before)
    }

    @Test func `orphans of killed runs go after the grace`() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", Fixture.noise(2000, seed: 1))
        try await fixture.backup()
        let counting = FaultyStore(fixture.store.fork())
        try fixture.write("a", Fixture.noise(2000, seed: 2))
        try await fixture.backup(counting, state: "other")
        fixture.pass(hours: 1)
        let clean = fixture.store.keys.count
        // Killed with everything stored but the set: pack, index and manifest belong to no set.
        for limit in 0..<counting.operations {
            let dying = FaultyStore(fixture.store, limit: limit)
            _ = try? await fixture.backup(dying, state: "dying")
            if try fixture.repository().setNames().count > 1 { break }
            fixture.pass(seconds: 1)
        }
        try _ = fixture.repository().setNames().dropFirst().map { fixture.note($0) }
        #expect(fixture.store.keys("tree/packs/").count > 10)
        #expect(fixture.store.keys.count > clean)
        // A week in which the killed runs might still be active, then a grace period from announcement to deletion.
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

    @Test func `prune skips and reports objects that the store locks`() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        fixture.store.lock([Layout.set(sets[0].name)] + fixture.store.keys("tree/packs/"))
        let report = try await fixture.prune(grace: 0)
        #expect(report.sets.map(\.fate) == [.locked, .removed, .kept])
        #expect(report.locked.objects == report.locked.first.count && report.refused == 0)
        #expect(report.locked.first.contains { $0.object == Layout.set(sets[0].name).text })
        try await fixture.expectWhole(verifying: false)
        fixture.store.unlock()
        fixture.pass(hours: 25)
        let later = try await fixture.prune(grace: 0)
        #expect(later.locked.objects == 0 && later.removed.sets == 1)
        #expect(try fixture.repository().setNames() == [sets[2].name])
        try await fixture.expectWhole()
    }

    @Test func `unfinished uploads of dead runs are aborted`() async throws {
        let fixture = try PruneFixture()
        _ = try await history(fixture)
        let now = fixture.now.seconds
        func upload(_ id: String, hoursAgo: Int) -> UnfinishedUpload {
            UnfinishedUpload(key: ObjectKey(trusted: "tree/packs/\(id).tar.gz"), id: id, begun: now - hoursAgo * 3600)
        }
        let (dead, young, live) = (
            upload("dead", hoursAgo: 40), upload("young", hoursAgo: 2), upload("a", hoursAgo: 30)
        )
        fixture.store.unfinished = [dead, young]
        let dry = try await fixture.prune { $0.isDryRun = true }
        #expect(dry.uploads == .init(aborted: 1, keys: [dead.key.text]) && fixture.store.unfinished.count == 2)
        let report = try await fixture.prune()
        #expect(report.uploads == dry.uploads && fixture.store.unfinished == [young])

        // Started after the mark of a run that may still be in progress.
        fixture.store.clock = now - 35 * 3600
        try Marks(try fixture.repository()).put(RunMark(at: fixture.now, run: "ab"))
        fixture.store.clock = now
        fixture.store.unfinished = [dead, live]
        #expect(try await fixture.prune(grace: 0).uploads.keys == [dead.key.text])
        #expect(fixture.store.unfinished == [live])
    }

    /// Marks about removed sets are removed with them, and so are marks that a later one repeats.
    @Test func `marks that say nothing any more go`() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        let marks = Marks(try fixture.repository())
        func verified(_ read: VerifiedDepth, _ good: [BackupSet]) throws -> ObjectKey {
            fixture.pass(seconds: 1)
            let mark = VerifiedMark(
                at: fixture.now, tool: "test", level: read == .all ? .data : .structure,
                share: read == .all ? 1 : read == .share ? 0.1 : 0, good: good.map(\.name), damaged: [])
            return try marks.put(mark).key
        }
        let ofGone = try verified(.all, [sets[0]])
        let repeated = try verified(.share, [sets[2]])
        let whole = try verified(.all, [sets[2]])
        let shallow = try verified(.structure, [sets[0], sets[2]])
        _ = try marks.put(
            DrilledMark(at: fixture.now, tool: "test", set: sets[0].name, scenario: nil, passed: true))
        let outcomes = fixture.store.keys("marks/outcome/")
        #expect(outcomes.count == 3)
        try await fixture.prune(grace: 0)
        #expect(try fixture.repository().setNames() == [sets[2].name])
        let left = fixture.store.keys("marks/verified/")
        #expect(!left.contains(ofGone) && !left.contains(repeated) && left.contains(whole), "\(left)")
        #expect(left.contains(shallow), "it is the newest result for an existing set")
        #expect(fixture.store.keys("marks/drilled/").isEmpty)
        #expect(fixture.store.keys("marks/outcome/").count == 1, "the outcome of the run whose set exists")
    }

    /// Only this mark shows that a set of such a run, if it is written later, is not valid.
    @Test func `the word that a run is void stays`() async throws {
        let fixture = try PruneFixture()
        _ = try await history(fixture)
        try fixture.write("own", Fixture.noise(2000, seed: 99))
        let counting = FaultyStore(fixture.store.fork())
        try await fixture.backup(counting, state: "counting")
        _ = try? await fixture.backup(FaultyStore(fixture.store, limit: counting.operations - 3), state: "dying")
        for _ in 0..<3 {
            fixture.pass(hours: 8 * 24)
            try await fixture.prune()
        }
        #expect(fixture.store.keys("tree/backups/").count == 1)
        #expect(fixture.store.keys("marks/void/").count == 1)
    }

    /// A cache of a removed manifest would only use space.
    @Test func `the backup deletes local catalogs of pruned backup sets`() async throws {
        let fixture = try PruneFixture()
        try fixture.write("own", Fixture.noise(2000, seed: 1))
        try await fixture.backup(state: "first")
        fixture.pass(hours: 1)
        try fixture.write("own", Fixture.noise(2000, seed: 2))
        try await fixture.backup(state: "second")
        fixture.pass(hours: 1)
        func catalogs(_ machine: String) throws -> [String] {
            let root = fixture.fixture.folder.url.appending(path: machine)
            return try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".sqlite") }
        }
        #expect(try catalogs("first").count == 1 && catalogs("second").count == 1)
        // One of an older version, and one of a later version that may use it again.
        let own = try #require(try catalogs("second").first)
        let dash = try #require(own.lastIndex(of: "-"))
        let place = own[..<dash]
        let schema = try #require(Int(own[own.index(after: dash)...].dropLast(".sqlite".count)))
        let second = fixture.fixture.folder.url.appending(path: "second")
        for version in [1, schema + 1] { try Data().write(to: second.appending(path: "\(place)-\(version).sqlite")) }
        for machine in ["first", "second"] {
            try await fixture.prune(grace: 0) { prune in
                prune.state = try? StateFolder(
                    fixture.fixture.folder.url.appending(path: machine).path, repository: prune.repository.description)
            }
        }
        #expect(try catalogs("first").isEmpty)
        #expect(try Set(catalogs("second")) == [own, "\(place)-\(schema + 1).sqlite"])
    }

    @Test func `prune retries the clean-up of external snapshots until it succeeds`() async throws {
        let fixture = try PruneFixture()
        let sets = try await history(fixture)
        struct Unreachable: Error {}
        let asked = Mutex([Timestamp]())
        let failing = try await fixture.prune(grace: 0) { prune in
            prune.forget = { _, _ in throw Unreachable() }
        }
        #expect(failing.warnings.count == 2 && failing.removed.sets == 2)
        #expect(!fixture.store.keys("marks/prune/").isEmpty, "the intent records it")
        fixture.pass(hours: 1)
        try await fixture.prune { prune in prune.forget = { entry, _ in asked.withLock { $0.append(entry.name) } } }
        #expect(asked.withLock { $0 }.isEmpty, "not before the end of the grace period")
        try await fixture.prune(grace: 0) { prune in
            prune.forget = { entry, _ in asked.withLock { $0.append(entry.name) } }
        }
        #expect(asked.withLock { $0.sorted() } == sets.prefix(2).map { $0.components["tree"]?.manifest })
        #expect(fixture.store.keys("marks/prune/").isEmpty)
    }

    /// Hardly any of a pack's many small files is needed: the next backup stores that one again, and the pack is
    /// removed.
    @Test func `mostly dead packs are left behind`() async throws {
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
