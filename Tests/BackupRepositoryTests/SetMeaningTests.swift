import Foundation
import Lab
import Logging
import ObjectStorage
import Retention
import Testing

@testable import BackupRepository

/// The meaning of `latest`, complete and dropped in histories of real backups, under a clock that the test advances.
@Suite struct SetMeaningTests {
    /// Two components and a repository in memory.
    private final class Stack: Sendable {
        let fixture: Fixture
        let store: MemoryStore

        init() throws {
            fixture = try Fixture()
            store = MemoryStore(clock: PruneFixture.beginning)
            try fill(50)
        }

        var now: Timestamp { Timestamp(seconds: store.clock) }

        /// Gives the source this number of files.
        func fill(_ count: Int) throws {
            try? FileManager.default.removeItem(at: fixture.source)
            try FileManager.default.createDirectory(at: fixture.source, withIntermediateDirectories: true)
            for number in 0..<count { try fixture.write("\(number)", "\(number)") }
        }

        func repository(stack: String? = nil) throws -> Repository {
            var repository = try fixture.repository(store)
            repository.scope.stack = stack
            return repository
        }

        @discardableResult
        func backup(
            _ names: [String] = ["a", "b"], failing: Set<String> = [], stack: String? = "test", hours: Int = 1,
            _ change: (inout BackupRun) -> Void = { _ in }
        ) async throws -> BackupRun.Report {
            store.clock += hours * 3600
            let repository = try repository(stack: stack)
            let state = try StateFolder(
                fixture.folder.url.appending(path: "state-\(stack ?? "")").path, repository: repository.description)
            let components = names.map { name in
                var source = StubSource(root: fixture.source.path)
                if failing.contains(name) {
                    source.capturing = { throw ComponentError(.refused, operation: "read", "403") }
                }
                return BackupRun.Component(name: name, kind: "files", source: source)
            }
            let now = now
            var run = BackupRun(
                repository: repository, components: components, stack: stack, tool: "test", state: state,
                pool: Fixture.pool, logger: Logger(label: "test"), now: { now })
            run.configured = ["a", "b"]
            change(&run)
            return try await run.run()
        }

        func latest(stack: String? = "test", of names: Set<String> = ["a", "b"]) async throws -> RestoreSelection {
            try await repository(stack: stack).latest(
                of: names, now: now, provesManifests: true, pool: Fixture.pool)
        }

        func prune(_ change: (inout Prune) -> Void = { _ in }) async throws -> PruneReport {
            let now = now
            var policy = RetentionPolicy(keepLast: 1)
            policy.limits.largestDrop = 1
            var prune = Prune(
                repository: try repository(stack: "test"), policy: policy, tool: "test", pool: Fixture.pool,
                now: { now })
            prune.grace = 0
            prune.components = ["a", "b"]
            change(&prune)
            return try await prune.run()
        }
    }

    @Test func `a run for one component makes a partial backup set that counts as requested`() async throws {
        let stack = try Stack()
        let set = try await stack.backup(["b"]).set
        #expect(set.status == .partial && set.isAsAsked && set.skipped == ["a"] && set.configured == ["a", "b"])
        #expect(set.reasons == ["a: not asked for (--component)"])
        #expect(try await stack.backup().set.status == .complete)
    }

    @Test func `the latest backup of a component is in the newest backup set that holds it whole`() async throws {
        let stack = try Stack()
        let full = try await stack.backup().set
        let failed = try await stack.backup(failing: ["a"]).set
        let subset = try await stack.backup(["b"]).set
        let latest = try await stack.latest()
        #expect(latest.parts["a"]?.set.name == full.name && latest.parts["b"]?.set.name == subset.name)
        #expect(latest.parts["a"]?.passedOver.map(\.set) == [subset.name, failed.name])
        #expect(latest.parts["a"]?.passedOver.map(\.kind) == [.skipped, .failed])
        #expect(latest.parts["a"]?.isCurrent == false && latest.parts["b"]?.isCurrent == true)
        #expect(latest.newest?.name == subset.name && latest.sets.map(\.name) == [full.name, subset.name])
        let point = RestorePoint(latest, now: stack.now, rpo: 3600)
        #expect(point.skewSeconds == 7200 && point.verdict == .late && point.components.allSatisfy { $0.set != nil })
        #expect(try await stack.latest(of: ["c"]).missing == ["c"])
    }

    @Test func `retention keeps the set of each component`() async throws {
        let stack = try Stack()
        let full = try await stack.backup().set
        let old = try await stack.backup(["b"]).set
        let new = try await stack.backup(["b"]).set
        let report = try await stack.prune()
        #expect(try stack.repository().setNames() == [full.name, new.name])
        #expect(report.sets.first { $0.name == old.name }?.fate == .removed)
        #expect(report.sets.first?.reasons.allSatisfy { $0.hasSuffix("for a") } == true)
        #expect(try await stack.fixture.verify(try stack.repository()).findings.isEmpty)
    }

    @Test func `the search for the latest backup passes over damaged sets and unreadable manifests`() async throws {
        let stack = try Stack()
        let first = try await stack.backup().set
        let second = try await stack.backup().set
        let third = try await stack.backup().set
        let mark = VerifiedMark(
            at: stack.now, tool: "test", level: .data, share: 1, good: [], damaged: [third.name])
        try Marks(try stack.repository()).put(mark)
        let manifest = Layout.manifest("a", try #require(second.components["a"]?.manifest))
        _ = try stack.store.delete([manifest])
        let latest = try await stack.latest()
        #expect(latest.parts["a"]?.set.name == first.name && latest.parts["b"]?.set.name == second.name)
        // If there are no better sets, the damaged one is used.
        _ = try stack.store.delete([Layout.set(first.name), Layout.set(second.name)])
        #expect(try await stack.latest().parts["a"]?.set.name == third.name)
    }

    @Test func `an empty or shrunk source takes no fuller one's place, until that is accepted`() async throws {
        let stack = try Stack()
        let full = try await stack.backup().set
        try stack.fill(0)
        let empty = try await stack.backup()
        #expect(empty.set.status == .partial && !empty.set.isAsAsked)
        #expect(empty.set.components["a"]?.shrunk == full.name && empty.set.components["a"]?.datum == .empty)
        #expect(empty.warnings.contains { $0.hasPrefix("a: it shrank since set \(full.name)") })
        try stack.fill(1)
        let tiny = try await stack.backup()
        #expect(tiny.set.components["a"]?.shrunk == full.name)
        #expect(tiny.set.reasons.first == "a: it shrank since set \(full.name), from 50 to 1 files")
        let latest = try await stack.latest()
        #expect(latest.parts["a"]?.set.name == full.name)
        #expect(latest.parts["a"]?.passedOver.map(\.kind) == [.shrunk, .empty])
        _ = try await stack.prune()
        #expect(try stack.repository().setNames().contains(full.name))
        let accepted = try await stack.backup { $0.acceptsShrink = true }.set
        #expect(accepted.status == .complete)
        #expect(try await stack.latest().parts["a"]?.set.name == accepted.name)
        #expect(try await stack.backup().set.status == .complete)
    }

    @Test func `dr passes over a backup set from the future, prune continues, and the operator can drop it`()
        async throws
    {
        let stack = try Stack()
        let old = try await stack.backup().set
        let right = stack.store.clock
        stack.store.clock = right + 10 * 365 * 86_400
        let future = try await stack.backup(hours: 0).set
        try Marks(try stack.repository()).put(PrunedMark(at: stack.now, tool: "test", sets: []))
        stack.store.clock = right
        let new = try await stack.backup().set
        #expect(new.previous == old.name)
        let latest = try await stack.latest()
        #expect(latest.parts["a"]?.set.name == new.name && latest.passedOver.map(\.kind) == [.future])
        let pruned = try await stack.prune()
        #expect(pruned.frozen.isEmpty && pruned.warnings.contains { $0.contains("dr drop \(future.name)") })
        #expect(try stack.repository().setNames() == [new.name, future.name])

        let repository = try stack.repository(stack: "test")
        try Marks(repository).put(
            DroppedMark(at: stack.now, tool: "test", set: future.name, reason: "wrong clock"))
        #expect(try await stack.latest().passedOver.isEmpty)
        let dropped = try await stack.prune { $0 = $0.ofDroppedSets }
        #expect(dropped.sets.last?.fate == .removed)
        #expect(dropped.sets.last?.reasons == ["dropped by an operator: wrong clock"])
        #expect(try stack.repository().setNames() == [new.name])
        var verification = Verification(repository: repository, pool: Fixture.pool, progress: WorkProgress())
        verification.lastCommitted = future.name
        #expect(try await verification.run().findings.isEmpty)
    }

    @Test func `only dropped sets go with a drop, and a pin takes it back`() async throws {
        let stack = try Stack()
        let sets = [try await stack.backup().set, try await stack.backup().set, try await stack.backup().set]
        let marks = Marks(try stack.repository())
        try marks.put(DroppedMark(at: stack.now, tool: "test", set: sets[2].name, reason: "test"))
        try marks.put(DroppedMark(at: stack.now, tool: "test", set: sets[1].name, reason: "test"))
        try marks.put(PinnedMark(at: stack.now, set: sets[1].name, until: nil, reason: nil))
        _ = try await stack.prune { $0 = $0.ofDroppedSets }
        #expect(try stack.repository().setNames() == [sets[0].name, sets[1].name])
    }

    @Test func `a set that claims a newer format stops a prune until an operator drops it`() async throws {
        let stack = try Stack()
        try await stack.backup()
        let claim = try await stack.backup().set
        let key = Layout.set(claim.name)
        var newer = claim
        newer.format = RepositoryFormat.version + 1
        _ = try stack.store.delete([key])
        _ = try stack.store.put(key, try SealedDocument.encode(newer), options: PutOptions(.ifAbsent))
        let error = await #expect(throws: RepositoryError.self) { try await stack.prune() }
        #expect(error?.reason == .newerVersion)
        try Marks(try stack.repository()).put(
            DroppedMark(at: stack.now, tool: "test", set: claim.name, reason: "not ours"))
        let report = try await stack.prune { $0 = $0.ofDroppedSets }
        #expect(report.frozen.isEmpty, "\(report.frozen)")
        #expect(try stack.repository().setNames().contains(claim.name) == false)
    }

    @Test func `dropping a backup set with an unreadable document ends the freeze`() async throws {
        let stack = try Stack()
        try await stack.backup()
        let bad = try await stack.backup().set
        try await stack.backup()
        let key = Layout.set(bad.name)
        _ = try stack.store.delete([key])
        _ = try stack.store.put(key, Array("no set".utf8), options: PutOptions(.ifAbsent))
        #expect(try await stack.prune().frozen.isEmpty == false)
        try Marks(try stack.repository()).put(
            DroppedMark(at: stack.now, tool: "test", set: bad.name, reason: "unreadable"))
        let report = try await stack.prune { $0 = $0.ofDroppedSets }
        #expect(report.frozen.isEmpty, "\(report.frozen)")
        #expect(try stack.repository().setNames().contains(bad.name) == false)
        #expect(try await stack.fixture.verify(try stack.repository()).findings.isEmpty)
    }

    @Test func `stacks that share a repository do not meet`() async throws {
        let stack = try Stack()
        let mine = try await stack.backup().set
        await #expect(throws: RepositoryError.self) { try await stack.backup(stack: "other") }
        let other = try await stack.backup(stack: "other") { $0.allowsOtherStack = true }.set
        // From then on the stack has sets there, and needs no permission again.
        try await stack.backup(stack: "other")
        #expect(try await stack.latest().parts["a"]?.set.name == mine.name)
        let report = try await stack.prune()
        #expect(report.sets.first { $0.name == other.name }?.reasons == ["belongs to stack 'other'"])
        #expect(try stack.repository().setNames().count == 3)
        let warned = try await stack.backup()
        #expect(warned.warnings.contains { $0.contains("stack 'other'") })
        // A renamed stack continues.
        var renamed = try stack.repository(stack: "new")
        renamed.scope.formerStacks = ["test"]
        let latest = try await renamed.latest(of: ["a"], now: stack.now, provesManifests: true, pool: Fixture.pool)
        #expect(latest.parts["a"]?.set.name == warned.set.name)
    }
}
