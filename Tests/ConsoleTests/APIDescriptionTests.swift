import BackupRepository
import Documents
import Foundation
import Glibc
import Lab
import Platform
import RecoveryPlan
import StackConfiguration
import Testing

@testable import Console
@testable import Operations

/// The description of the API against the real answers.
@Suite struct APIDescriptionTests {
    /// The description that the console serves, with the schemas that it refers to, fetched from where it refers to.
    private func served(by console: ConsoleFixture) async throws -> SchemaWalk {
        var documents: [String: JSONValue] = [:]
        var missing = ["openapi.json"]
        while let name = missing.popLast() {
            let response = await console.get("/api/v1/\(name)")
            #expect(response.status == 200, "\(name)")
            documents[name] = try JSONValue(parsing: Array(response.text.utf8))
            missing += SchemaWalk(documents: documents).references(of: name)
                .map { String($0.prefix { $0 != "#" }) }.filter { !$0.isEmpty && documents[$0] == nil }
            missing = Array(Set(missing))
        }
        return SchemaWalk(documents: documents)
    }

    @Test func `every reference of the description and of the served schemas resolves`() async throws {
        let walk = try await served(by: try await ConsoleFixture())
        #expect(Set(walk.documents.keys) == ["openapi.json", "output.schema.json"])
        for name in walk.documents.keys {
            let references = walk.references(of: name)
            #expect(references.count > 30)
            for reference in references {
                #expect(walk.resolve(reference, in: name) != nil, "\(name): \(reference)")
            }
        }
    }

    @Test func `every reference of the published schemas resolves, and they are the served ones`() throws {
        let folder = Checkout.folder.appending(path: "docs")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".schema.json") || $0 == "openapi.json" }
        #expect(names.count > 6)
        var documents: [String: JSONValue] = [:]
        for name in names {
            documents[name] = try JSONValue(parsing: [UInt8](Data(contentsOf: folder.appending(path: name))))
        }
        let walk = SchemaWalk(documents: documents)
        for name in names {
            for reference in walk.references(of: name) {
                #expect(walk.resolve(reference, in: name) != nil, "\(name): \(reference)")
            }
        }
        for schema in PublishedSchema.all {
            let file = try String(contentsOf: folder.appending(path: schema.name), encoding: .utf8)
            #expect(schema.text == file, "\(schema.name)")
        }
    }

    // MARK: Answers

    /// A stack with sets, marks, a plan, a drill and a recovery under way.
    private func stack() async throws -> (console: ConsoleFixture, set: String, run: String) {
        let console = try await ConsoleFixture()
        let plans = console.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data("scenario: loss\nabout: All is lost.\nsteps: [{id: tree, restore: tree}]\n".utf8)
            .write(to: plans.appending(path: "loss.yaml"))
        try console.write("f", "one".utf8)
        try console.write("goes", "x".utf8)
        let older = try await console.backUp()
        while console.session.now() == older.name { try await Task.sleep(for: .milliseconds(20)) }
        try console.write("f", "three".utf8)
        try console.write("new", "x".utf8)
        try FileManager.default.removeItem(at: console.data.appending(path: "goes"))
        let set = try await console.backUp().name
        let repository = try await console.session.repository()
        _ = try Marks(repository).record(
            VerifiedMark(at: console.session.now(), tool: "dr", level: .data, share: 1, good: [set], damaged: []))
        let run = try record(in: console, id: "20261129T220000Z-1", isDrill: true, set: "\(set)", ends: true)
        _ = try record(in: console, id: "20261129T230000Z-2", isDrill: false, set: "\(set)", ends: false)
        await console.state.refresh()
        return (console, "\(older.name)", run)
    }

    private static func record(id: String, stack: String, isDrill: Bool, set: String) -> RunRecord {
        var record = RunRecord(
            identity: RunIdentity(id: id, stack: stack, scenario: "loss", set: set), isDrill: isDrill, procedure: nil,
            planDigest: "p", parameters: [:], setDigest: "s", components: ["tree"], tool: "dr test",
            holder: RunHolder(
                person: "ann", host: RunHolder.current.host, process: Int(getpid()), boot: MonotonicClock.boot),
            startedAt: Date())
        record.steps = ["tree"]
        record.needs = ["tree": []]
        record.rto = 600
        let time = TimeForecast([50, 60, 70])
        record.forecast = RunForecast(
            StepGraph([Self.step]), time.map { ["tree": $0] } ?? [:], checks: time, hasChecks: true)
        return record
    }

    private static var step: Step {
        var step = Step()
        step.id = "tree"
        return step
    }

    private func record(
        in console: ConsoleFixture, id: String, isDrill: Bool, set: String, ends: Bool
    ) throws -> String {
        let record = Self.record(
            id: id, stack: console.session.configuration.stack, isDrill: isDrill, set: set)
        let journal = try Journal(creating: RunFolder(state: console.session.stateRoot).make(id))
        try journal.append(.runBegan(run: record))
        try journal.append(
            .stepBegan(attempt: StepAttempt(step: "tree", attempt: 1, about: "restore it", work: "restore tree")))
        guard ends else { return id }
        var done = ActionRecord("restored")
        done.restored = RestoredComponent(component: "tree", set: set, newest: 0, files: 1, bytes: 1)
        try journal.append(
            .stepFinished(result: StepResult(step: "tree", attempt: 1, outcome: .done, seconds: 2, record: done)))
        try journal.append(.reached(milestone: .validated))
        try journal.append(.runFinished(end: RunEnd(.late, reasons: ["RTO exceeded"])))
        return id
    }

    @Test func `every field of every answer is described`() async throws {
        let (console, older, run) = try await stack()
        let walk = try await served(by: console)
        let paths = try #require(walk.documents["openapi.json"]?["paths"]?.object)
        let server = try console.serve()
        defer { server.stop() }
        var answered = 0
        for (path, item) in paths where path.hasPrefix("/api/v1/") && !path.hasSuffix(".json") {
            let target =
                path.replacing("{older}", with: older).replacing("{newer}", with: "latest")
                .replacing("{set}", with: "latest").replacing("{run}", with: run).replacing("{scenario}", with: "loss")
            let (status, body) = try await console.fetch(target, from: server)
            try #require(status == 200, "\(target): \(String(decoding: body, as: UTF8.self))")
            let schema = try #require(
                item["get"]?["responses"]?["200"]?["content"]?["application/json"]?["schema"], "\(path)")
            let undescribed = walk.undescribed(
                try JSONValue(parsing: body), [.init(schema: schema, document: "openapi.json")])
            #expect(undescribed == [], "\(path)")
            answered += 1
        }
        #expect(answered >= 15)
    }

    /// Members that are absent from the answers of the test above.
    @Test func `every field of an overview and of a run is described`() async throws {
        let (console, _, _) = try await stack()
        let walk = try await served(by: console)
        let snapshot = try #require(console.state.snapshot)
        var overview = snapshot.overview
        (overview.rpoSeconds, overview.oldest, overview.newest) = (1, snapshot.confirmed, snapshot.confirmed)
        (overview.alarms, overview.remarks, overview.freezes) = (["a"], ["a"], ["a"])
        (overview.recoveryNotes, overview.gapLines) = (["a"], ["a"])
        (overview.isNewestPartial, overview.hostGaps) = (true, 1)
        overview.results = LastResults(tests: [.init(run: "r", scenario: "s", isDrill: true, verdict: "v")])
        var component = try #require(overview.components.first)
        (component.kind, component.set, component.newestDatum) = ("files", snapshot.confirmed, 1)
        (component.verified, component.drilled) = (snapshot.confirmed, snapshot.confirmed)
        (component.storedBytes, component.gaps, component.isFailed) = (1, 1, true)
        component.untrustedDrill = snapshot.confirmed
        overview.components = [component]
        let recovery = StackOverview.Recovery(
            scenario: "s", verdict: .fits, rto: 1, expected: 1, upper: 1, runs: 1, note: "n")
        overview.recoveries = [recovery]
        #expect(emptyProperties(of: overview) + emptyProperties(of: component) + emptyProperties(of: recovery) == [])
        try expectDescribed(overview, by: "#/components/schemas/overview/properties/overview", in: walk)

        var run = WatchedRun(Self.record(id: "r", stack: "s", isDrill: true, set: "20261129T220000Z"))
        var step = try #require(run.steps.first)
        (step.needs, step.about, step.work, step.remark, step.result) = (["a"], "a", "a", "a", "a")
        (step.began, step.ended, step.bytes, step.expectedIsLeast) = (1, 1, 1, true)
        var transfer = WatchedTransfer(component: "tree", phase: "reads")
        transfer.rate = 1
        (run.steps, run.transfers) = ([step], [transfer])
        (run.milestones, run.failedChecks, run.defects) = ([.validated], ["a"], ["a"])
        run.log = [.init(seconds: 1, text: "a", isUrgent: true)]
        run.burnDown = [.init(seconds: 1, remaining: 1)]
        (run.end, run.isControl, run.verdict) = (RunEnd(.late, reasons: ["a"]), true, "late")
        #expect(emptyProperties(of: run) + emptyProperties(of: step) + emptyProperties(of: transfer) == [])
        try expectDescribed(run, by: "#/components/schemas/run/properties/run", in: walk)
    }

    private func expectDescribed(_ value: some Encodable, by reference: String, in walk: SchemaWalk) throws {
        let place = try #require(walk.resolve(reference, in: "openapi.json"))
        let document = try JSONValue(parsing: [UInt8](JSONEncoder().encode(value)))
        #expect(walk.undescribed(document, [place]) == [])
    }
}
