import BackupRepository
import Foundation
import Lab
import Platform
import RecoveryPlan
import Reporting
import Synchronization
import Testing

@testable import Operations

@Suite struct ReadinessReviewTests {
    private static let plan = """
        scenario: loss
        objectives: {rto: 4h}
        steps: [{id: tree, restore: tree}]

        """

    private func stack(extra: String = "objectives: {rto: 4h, rpo: 1h}") async throws -> StackFixture {
        let fixture = try await StackFixture(extra: extra)
        let plans = fixture.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(Self.plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        try fixture.write("a", "one")
        return fixture
    }

    private func review(
        _ fixture: StackFixture, _ change: (inout ReadinessReview) -> Void = { _ in }
    ) async throws -> [ReadinessRow.Check: ReadinessRow] {
        var review = ReadinessReview(session: fixture.session)
        change(&review)
        let entry = try fixture.session.planLibrary().entry(for: "loss")
        let report = try await review.run([entry])
        let rows = try #require(report.scenarios.first).checks
        return Dictionary(rows.map { ($0.check, $0) }) { first, _ in first }
    }

    private func verify(_ fixture: StackFixture, _ level: VerificationLevel, damaged: Bool = false) async throws {
        let repository = try await fixture.session.repository()
        let set = try #require(try repository.setNames().last)
        _ = try Marks(repository).record(
            VerifiedMark(
                at: fixture.session.now(), tool: "dr", level: level, share: 1, good: damaged ? [] : [set],
                damaged: damaged ? [set] : []))
    }

    @Test func `a new stack is not ready and each row says what to do`() async throws {
        let fixture = try await stack()
        let rows = try await review(fixture)
        #expect(rows[.plan]?.status == .green && rows[.store]?.status == .green)
        #expect(rows[.drill]?.status == .red && rows[.drill]?.remedy == "dr drill --scenario loss")
        #expect(rows[.backup]?.status == .red && rows[.backup]?.reason == "no backup holds tree")
        #expect(rows[.verification]?.reason == "tree: never verified")
        #expect(rows[.recoveryKeys]?.status == .notApplicable && rows[.cluster]?.status == .notApplicable)
        #expect(rows[.forecast]?.status == .amber && rows[.planChange]?.status == .notApplicable)
        #expect(rows[.gaps] != nil)
        #expect(rows.values.allSatisfy { ($0.remedy != nil) == ($0.status >= .amber) })
    }

    @Test func `a backed up, verified and drilled stack is ready`() async throws {
        let fixture = try await stack()
        try await fixture.backUp()
        try await verify(fixture, .data)
        let now = fixture.session.now().seconds
        for number in 0..<4 {
            try RecordedRun(age: 5 - Double(number), plan: Self.plan).write(
                number, in: fixture.session.stateRoot, now: now)
        }
        let rows = try await review(fixture) { $0.without = [.gaps] }
        #expect(rows.values.allSatisfy { $0.status <= .green }, "\(rows.values.filter { $0.status > .green })")
        #expect(rows[.gaps] == nil && rows[.backup]?.reason.contains("RPO 1h 0m") == true)
        #expect(rows[.planChange]?.reason.hasPrefix("unchanged since run 20260101T100003Z") == true)
        #expect(rows[.space]?.status == .green && rows[.drill]?.reason == "last passed drill: 2d 0h ago")
    }

    @Test func `a verification of the structure alone and a damaged set are told apart`() async throws {
        let fixture = try await stack()
        try await fixture.backUp()
        try await verify(fixture, .structure)
        let rows = try await review(fixture)
        #expect(rows[.verification]?.status == .amber && rows[.verification]?.reason.contains("structure") == true)
        try await verify(fixture, .data, damaged: true)
        #expect(try await review(fixture)[.verification]?.status == .red)
    }

    @Test func `a changed plan and a wrong forecast are findings`() async throws {
        let fixture = try await stack()
        try await fixture.backUp()
        let old = Self.plan.replacing("[{id: tree", with: "[{id: old, wait: 1s}, {id: tree")
        try RecordedRun(age: 3, plan: old, forecast: 1000).write(
            0, in: fixture.session.stateRoot, now: fixture.session.now().seconds)
        let rows = try await review(fixture)
        #expect(rows[.planChange]?.status == .amber)
        #expect(rows[.planChange]?.reason.hasSuffix("step 'old' removed") == true)
        #expect(rows[.forecastAccuracy]?.status == .amber)
        #expect(rows[.forecastAccuracy]?.reason.contains("shorter than forecast") == true)
    }

    @Test func `the limits come from the configuration`() async throws {
        let fixture = try await stack(extra: "objectives: {rto: 4h}\nready: {drill: 2d}\nforecast: {tolerance: 1.5}")
        try await fixture.backUp()
        try RecordedRun(age: 3, plan: Self.plan).write(
            0, in: fixture.session.stateRoot, now: fixture.session.now().seconds)
        let rows = try await review(fixture)
        #expect(rows[.drill]?.status == .amber && rows[.drill]?.reason.hasSuffix("limit 2d 0h") == true)
        #expect(rows[.backup]?.status == .amber && rows[.backup]?.reason.hasSuffix("no RPO is set") == true)
    }

    @Test func `the drills of another host count by their marks`() async throws {
        let fixture = try await stack()
        let set = try await fixture.backUp()
        let repository = try await fixture.session.repository()
        try Marks(repository).put(
            DrilledMark(at: fixture.session.now(), tool: "dr", set: set.name, scenario: "loss", passed: true))
        let rows = try await review(fixture)
        #expect(rows[.drill]?.status == .green)
        #expect(rows[.planChange]?.reason.contains("on another host") == true)
    }

    @Test func `a ledger without the entry that this host knows is red`() async throws {
        let fixture = try await stack()
        try await fixture.backUp()
        #expect(try await review(fixture)[.ledger]?.status == .green)
        let entries = fixture.folder.url.appending(path: "repository/marks/ledger")
        for name in try FileManager.default.contentsOfDirectory(atPath: entries.path) {
            try FileManager.default.removeItem(at: entries.appending(path: name))
        }
        let row = try #require(try await review(fixture)[.ledger])
        #expect(row.status == .red && row.reason.hasSuffix("which this host knows, is gone"))
    }

    @Test func `a ledger with a removed entry is red, and the controls are shown in part`() async throws {
        let fixture = try await stack()
        for _ in 0..<3 { try await fixture.backUp() }
        let entries = fixture.folder.url.appending(path: "repository/marks/ledger")
        let names = try FileManager.default.contentsOfDirectory(atPath: entries.path).sorted()
        try #require(names.count > 2)
        try FileManager.default.removeItem(at: entries.appending(path: names[1]))
        let row = try #require(try await review(fixture)[.ledger])
        #expect(row.status == .red && row.reason == "entry 2: it is gone" && row.remedy == "dr ledger verify")
        var warnings: [String] = []
        let facts = await fixture.session.controlFacts(at: nil) { warnings.append($0) }
        #expect(facts.ledgerBreaks == ["entry 2: it is gone"])
        #expect(warnings == ["the ledger was changed: entry 2: it is gone; run 'dr ledger verify'"])
    }

    @Test func `a rehearsal that finds damage makes verification red`() async throws {
        let fixture = try await stack()
        let set = try await fixture.backUp()
        #expect(try await review(fixture)[.verification]?.status == .amber)
        let repository = try await fixture.session.repository()
        var part = RehearsedRestore(component: "tree")
        part.set = "\(set.name)"
        part.damage = [Damage(path: "a", reason: "not what was stored")]
        var rehearsal = RecordedRehearsal(fixture.session, in: repository, components: ["tree"])
        _ = try await rehearsal.run { [part] in RehearsalResult(restores: [part]) }
        let row = try #require(try await review(fixture)[.verification])
        #expect(row.status == .red && row.reason.hasPrefix("set \(set.name) is damaged, the newest with tree"))
        let ledger = RunLedger(repository)
        let newest = try #require(try ledger.listing().numbers.last)
        #expect(try ledger.read(newest)?.entry?.reason == "tree/a: not what was stored")
    }

    @Test func `verification names the set that was read, and the newer one`() async throws {
        let fixture = try await stack()
        let old = try await fixture.backUp()
        try await verify(fixture, .data)
        let before = try #require(try await review(fixture)[.verification])
        #expect(before.reason.hasPrefix("every byte of tree verified in set \(old.name), "))
        #expect(!before.reason.contains("not read"))
        let new = try await fixture.backUp()
        let row = try #require(try await review(fixture)[.verification])
        #expect(row.status == .green && row.reason.hasPrefix("every byte of tree verified in set \(old.name), "))
        #expect(row.reason.hasSuffix("the newest set of tree, \(new.name), is not read yet"))
    }

    @Test func `without the store the other checks are still made`() async throws {
        let fixture = try await stack()
        try await fixture.backUp()
        try RecordedRun(age: 3, plan: Self.plan).write(
            0, in: fixture.session.stateRoot, now: fixture.session.now().seconds)
        try FileManager.default.moveItem(
            at: fixture.folder.url.appending(path: "repository"), to: fixture.folder.url.appending(path: "elsewhere"))
        let rows = try await review(fixture) { $0.without = [.gaps] }
        #expect(rows[.store]?.status == .red && rows[.store]?.remedy == "dr doctor")
        #expect(rows[.backup]?.status == .amber && rows[.backup]?.reason == "unknown: the store cannot be read")
        #expect(rows[.drill]?.status == .green && rows[.plan]?.status == .green)
        #expect(rows[.forecast]?.reason.contains("2.0s") == true)
    }

    @Test func `a review changes neither the store nor the data`() async throws {
        let fixture = try await stack()
        try await fixture.backUp()
        func content() throws -> [String: Date] {
            var found: [String: Date] = [:]
            for folder in ["repository", "data", "plans"] {
                let root = fixture.folder.url.appending(path: folder)
                for path in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
                    let attributes = try FileManager.default.attributesOfItem(atPath: root.appending(path: path).path)
                    found["\(folder)/\(path)"] = attributes[.modificationDate] as? Date
                }
            }
            return found
        }
        let before = try content()
        _ = try await review(fixture)
        #expect(try content() == before)
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.session.stateRoot)/runs"))
    }

    @Test func `the default scenarios are the own plans and the tested built-in ones`() async throws {
        let fixture = try await stack()
        let library = try fixture.session.planLibrary()
        let review = ReadinessReview(session: fixture.session)
        #expect(await review.usedScenarios(library) == ["loss"])
        let builtIn = try #require(library.entries.first { $0.isBuiltIn }).scenario
        try RecordedRun(scenario: builtIn, age: 1).write(0, in: fixture.session.stateRoot, now: 1_800_000_000)
        #expect(await review.usedScenarios(library) == [builtIn, "loss"].sorted())
    }

    // MARK: Bounded time

    @Test func `work that never ends has no answer within the limit`() async {
        let error = await #expect(throws: NoAnswer.self) {
            try await TimeBound.run(.milliseconds(20)) {
                // Deaf to its cancellation, as a read of a network file system that hangs.
                await withCheckedContinuation { (hang: CheckedContinuation<Void, Never>) in Hanging.keep(hang) }
            }
        }
        #expect(error?.description.hasPrefix("no answer within") == true)
    }

    @Test func `an error is an answer and a result is returned`() async throws {
        #expect(try await TimeBound.run(.seconds(60)) { 7 } == 7)
        await #expect(throws: NoAnswer(description: "no plan is configured")) {
            try await TimeBound.run(.seconds(60)) { throw UsageError("no plan is configured") }
        }
    }

    @Test func `a cancelled caller does not wait`() async {
        let task = Task {
            try await TimeBound.run(.seconds(600)) {
                await withCheckedContinuation { (hang: CheckedContinuation<Void, Never>) in Hanging.keep(hang) }
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

/// Keeps continuations that are never resumed, so that they are not reported as leaked.
private enum Hanging {
    private static let kept = Mutex([CheckedContinuation<Void, Never>]())

    static func keep(_ continuation: CheckedContinuation<Void, Never>) { kept.withLock { $0.append(continuation) } }
}
