import Foundation
import Lab
import ObjectStorage
import Platform
import StackConfiguration
import Testing

@testable import BackupRepository
@testable import Operations

/// What a backup says of the copies at its end.
@Suite struct CopyOutcomeTests {
    private let set = Timestamp(seconds: 1_800_000_000)

    private func outcome(_ change: (inout CopyJob.Outcome) -> Void = { _ in }) -> CopyJob.Outcome {
        var outcome = CopyJob.Outcome(name: "offsite", location: "file:///second", isDryRun: false)
        change(&outcome)
        return outcome
    }

    @Test func `a whole copy is no warning, and a set that it can never have is one`() throws {
        #expect(outcome().warning == nil)
        let warning = try #require(outcome { $0.abandoned = [set] }.warning)
        #expect(warning.contains("\(set) is not copied") && !warning.contains("tries again"), "\(warning)")
    }

    @Test func `the warning names the command that helps`() throws {
        let away = try #require(outcome { $0.error = "it is away" }.warning)
        #expect(away.contains("`dr copy offsite` tries again"), "\(away)")
        let unknown = try #require(outcome { $0.unexamined = "it does not answer" }.warning)
        #expect(unknown.contains("`dr copy offsite` tries again"), "\(unknown)")
        let run = outcome { $0.failed = [UncopiedSet(set: set, reason: "its run has not ended")] }
        #expect(run.warning?.contains("`dr copy offsite` tries again") == true)
    }

    @Test func `a set that no store has whole comes with the command that removes it`() {
        let text = outcome { $0.incomplete = [.init(set: set, reason: "its document cannot be read")] }.text
        #expect(text.contains("`dr repair --copy offsite`"), "\(text)")
        #expect(text.contains("`dr drop \(set) --copy offsite"), "\(text)")
    }

    /// Fails every enumeration of a whole store, with which a prune begins.
    private struct UnlistedStore: LayeredStore {
        let base: any ObjectStore
        var isCancelled = false

        var location: String { base.location }

        func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
            try base.put(key, content, options: options)
        }
        func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
            try base.upload(key, options)
        }
        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            try base.get(key, range: range, sink)
        }
        func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key) }
        func list(
            prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction
        ) throws { try base.list(prefix: prefix, after: after, body) }
        func enumerate(prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void) throws {
            guard prefix.isEmpty else { return try base.enumerate(prefix: prefix, skipping: skipped, body) }
            if isCancelled { throw CancellationError() }
            throw ObjectStoreError(.denied, operation: "list", key: nil, "it is not listed", store: location)
        }
        func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try base.delete(keys) }
    }

    @Test(arguments: [true, false])
    func `a copy that cannot be looked through is not up to date`(prunes: Bool) async throws {
        let place = try TemporaryFolder("copy")
        let copies = "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]"
        let fixture = try await StackFixture(store: copies)
        try fixture.write("a", "1")
        try await fixture.backUp()
        var session = fixture.session
        session.wrapsStore = { UnlistedStore(base: $0) }
        var job = CopyJob(session, Output(options: session.options))
        job.prunes = prunes
        let outcome = try #require(try await job.run().first)
        #expect(outcome.unexamined?.contains("it is not listed") == true && !outcome.isWhole, "\(outcome)")
        #expect(outcome.error == nil && outcome.newest != nil)
        #expect(!outcome.text.contains("up to date") && outcome.text.contains("could not be looked through"))
        let repository = try await fixture.session.repository()
        let state = try #require(fixture.session.copyStates(of: repository, sets: try repository.setNames()).first)
        #expect(!state.isCurrent && state.setsBehind == 0 && state.error?.contains("it is not listed") == true)
        #expect(state.warnings.first?.contains("could not be looked through") == true, "\(state)")
    }

    @Test func `damage of a copy is shown, and only at its address`() async throws {
        let place = try TemporaryFolder("copy")
        let fixture = try await StackFixture(
            store: "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]")
        try fixture.write("a", "1")
        try await fixture.backUp()
        let session = fixture.session
        let offsite = try #require(try session.copies([]).first)
        let repository = try await session.repository()
        session.on(offsite).noteDamage(2, depth: .data, isComplete: true, in: repository)
        let state = try #require(session.copyStates(of: repository, sets: try repository.setNames()).first)
        #expect(!state.isCurrent && state.damage?.objects == 2, "\(state)")
        #expect(state.text.contains("not up to date") && state.text.contains("; damaged: 2 objects, found "))
        #expect(state.text.hasSuffix("run `dr repair --read-data --copy offsite`"), "\(state.text)")
        #expect(state.warnings.count == 1, "the copy is not behind: \(state.warnings)")
        let advice = session.on(offsite).damageAdvice(readsData: true)
        #expect(state.warnings.first?.hasSuffix("hint: \(advice)") == true, "\(state.warnings)")
        var moved = session
        moved.configuration.store.copies[0].store.url = .directory("\(place.path)/third")
        #expect(moved.copyStates(of: repository, sets: []).map { $0.damage == nil } == [true])
    }

    @Test func `a copy is not behind for want of a set from the future`() async throws {
        let place = try TemporaryFolder("copy")
        let fixture = try await StackFixture(
            store: "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]")
        try fixture.write("a", "1")
        let set = try await fixture.backUp()
        let future = Timestamp(seconds: set.name.seconds + 40 * 86_400)
        let repository = try await fixture.session.repository()
        let state = try #require(fixture.session.copyStates(of: repository, sets: [set.name, future]).first)
        #expect(state.isCurrent && state.newest == set.name, "\(state)")
    }

    @Test func `the advice on damage names a repair only if there is another store`() async throws {
        let alone = try await StackFixture().session.damageAdvice(readsData: true)
        #expect(alone.hasPrefix("an older set may have the data") && !alone.contains("dr repair"), "\(alone)")
        let session = try await StackFixture(store: "copies: [{name: offsite, url: \"file:///second\"}]").session
        #expect(session.damageAdvice(readsData: false).hasPrefix("`dr repair` puts back what another store has; "))
        let offsite = try #require(try session.copies([]).first)
        let expected = "`dr repair --read-data --copy offsite` puts back what another store has"
        #expect(session.on(offsite).damageAdvice(readsData: true) == expected)
    }

    @Test func `an interrupted look ends the run, and is noted`() async throws {
        let place = try TemporaryFolder("copy")
        let fixture = try await StackFixture(
            store: "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]")
        try fixture.write("a", "1")
        try await fixture.backUp()
        var session = fixture.session
        session.wrapsStore = { UnlistedStore(base: $0, isCancelled: true) }
        let job = CopyJob(session, Output(options: session.options))
        await #expect(throws: CancellationError.self) { try await job.run() }
        let repository = try await fixture.session.repository()
        let state = try #require(fixture.session.copyStates(of: repository, sets: try repository.setNames()).first)
        #expect(!state.isCurrent && state.error?.contains("it was interrupted") == true, "\(state)")
    }

    @Test func `a dry run names the sets whose packs are archived`() async throws {
        let place = try TemporaryFolder("copy")
        let fixture = try await StackFixture(
            store: "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]")
        try fixture.write("a", "1")
        let set = try await fixture.backUp()
        // The backup brought the copy up to date.
        try FileManager.default.removeItem(atPath: "\(place.path)/second")
        try FileManager.default.createDirectory(
            atPath: "\(place.path)/second", withIntermediateDirectories: false)
        let classes = TieredStore.Classes()
        let standard = try await fixture.session.repository()
        for use in try standard.manifest("tree", of: set).packs {
            classes[Layout.pack("tree", use.pack)] = .deepArchive
        }
        var session = fixture.session
        session.wrapsStore = { TieredStore($0, classes) }
        var copy = CopyJob(session, Output(options: session.options))
        copy.isDryRun = true
        copy.creates = true
        let outcome = try #require(try await copy.run().first)
        #expect(outcome.sets.isEmpty && outcome.failed.map(\.set) == [set.name], "\(outcome)")
        #expect(outcome.failed.first?.reason.contains("`dr thaw --set \(set.name) --wait`") == true, "\(outcome)")
        #expect(outcome.error == nil)
        #expect(outcome.text.hasPrefix("copy offsite: nothing would be copied"), "\(outcome.text)")
        // A repair of an empty store from such a copy.
        try FileManager.default.removeItem(atPath: "\(place.path)/second")
        try FileManager.default.moveItem(
            atPath: "\(fixture.folder.path)/repository", toPath: "\(place.path)/second")
        var repair = RepairJob(session, Output(options: session.options))
        repair.isDryRun = true
        let repaired = try await repair.run()
        #expect(repaired.copied.isEmpty && repaired.failed.map(\.set) == [set.name], "\(repaired)")
    }

    @Test func `a repair brings pins although no set is gone`() async throws {
        let place = try TemporaryFolder("copy")
        let fixture = try await StackFixture(
            store: "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]")
        try fixture.write("a", "1")
        let set = try await fixture.backUp()
        let session = fixture.session
        let offsite = try #require(try session.copies([]).first)
        let copy = try await session.on(offsite).repository()
        try Marks(copy).put(PinnedMark(at: session.now(), set: set.name, until: nil, reason: "legal hold"))
        var repair = RepairJob(session, Output(options: session.options))
        repair.isDryRun = true
        _ = try await repair.run()
        let before = try await session.repository()
        #expect(try SetMarks(Marks(before))[set.name].pinned == nil)
        repair.isDryRun = false
        #expect(try await repair.run().isWhole)
        let after = try await session.repository()
        #expect(try SetMarks(Marks(after))[set.name].pinned?.reason == "legal hold")
    }
}
