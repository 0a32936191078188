import Foundation
import Lab
import RecoveryPlan
import Testing

/// Drills in an empty environment, and drills that know what the live machine knows.
@Suite struct BareDrillTests {
    private static let plan = """
        scenario: loss
        objectives: {rto: 4h, rpo: 1h}
        steps:
          - {id: tree, restore: tree, timeout: 5m}
        checks: [canaries]

        """
    private static let extra = "checks: {canaries: {tree: {}}}\n"

    private struct Outcome: Decodable {
        struct Bare: Decodable {
            var configuration: String, user: String, host: String, variables: [String], trust: [String]
            var hasRecoveryKey: Bool
        }
        struct Control: Decodable { var noticed: Bool }
        struct Time: Decodable {
            struct Forecast: Decodable { var expected: Double }
            var forecast: Forecast?
        }
        var rto: Time
        var run: String
        var verdict: String
        var reasons: [String]
        var bare: Bare?
        var negativeControl: Control?
        var liveStackUntouched: Bool?
        var deviations: [String]
    }

    private func host(s3: (any S3Server)? = nil, extra: String = "") async throws -> LostHost {
        try await LostHost.make(
            s3: s3, extra: Self.extra + extra, plans: ["loss.yaml": Self.plan],
            environment: ["UNRELATED_SECRET": "unrelated", "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root"])
    }

    /// Writes the journal of a run of 40 seconds.
    private func earlierRun(_ journey: Journey) throws {
        let state = journey.folder.url.appending(path: "state").path
        let identity = RunIdentity(
            id: "20260101T100000Z-1", stack: "monitoring", scenario: "loss", set: "20260101T000000Z")
        let record = RunRecord(
            identity: identity, isDrill: false, procedure: nil, planDigest: "p", parameters: [:], setDigest: "s",
            components: ["tree"], tool: "dr test",
            holder: RunHolder(person: "me", host: "here", process: 1, boot: "b"), startedAt: Date())
        let journal = try Journal(creating: RunFolder(state: state).make(identity.id))
        try journal.append(.runBegan(run: record))
        try journal.append(.stepBegan(attempt: StepAttempt(step: "tree", attempt: 1, work: "restore tree")))
        try journal.append(
            .stepFinished(result: StepResult(step: "tree", attempt: 1, outcome: .done, seconds: 40)))
        try journal.append(.checksFinished(checks: []))
        try journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
    }

    private func command(_ host: LostHost, key: String = "recovery") -> [String] {
        [
            "drill", "--scenario", "loss", "--bare", "--inject", "flipped_byte", "--recovery-key",
            "\(host.kit.path)/\(key).key",
        ]
    }

    @Test(arguments: [false, true])
    func `a bare drill recovers with the kit only`(isBucket: Bool) async throws {
        let host = try await host(s3: isBucket ? try await SharedS3Server.seaweedFS() : nil)
        if !isBucket { try earlierRun(host.journey) }
        let run = try await host.journey.dr(command(host) + ["--json"])
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        let outcome = try JSONDecoder().decode(Outcome.self, from: Data(run.output.utf8))
        #expect(outcome.verdict == "passed" && outcome.negativeControl?.noticed == true, "\(outcome.reasons)")
        #expect(outcome.liveStackUntouched == true)
        // The child knows the earlier runs of this machine for its forecast, and for nothing else.
        #expect(outcome.rto.forecast.map { Int($0.expected) } == (isBucket ? nil : 40))
        let bare = try #require(outcome.bare)
        #expect(bare.trust == [host.fingerprint.lowercased().replacing(":", with: "")] && bare.hasRecoveryKey)
        #expect(!bare.variables.contains("UNRELATED_SECRET"))
        let isSameHost = outcome.deviations.contains { $0.contains("kept the host name") }
        #expect(bare.host == "dr-bare" || isSameHost, "\(bare.host)")
        let isSameUser = outcome.deviations.contains { $0.contains("bare drill ran as user") }
        #expect(bare.user != "uid \(geteuid())" || isSameUser, "\(bare.user)")
        #expect(
            try await host.journey.objections(to: Data(run.output.utf8), schema: "output.schema.json", "drill") == "")
        let state = host.journey.folder.url.appending(path: "state")
        let report = try Data(contentsOf: state.appending(path: "runs/\(outcome.run)/report.json"))
        #expect(try await host.journey.objections(to: report, schema: "evidence.schema.json") == "")
        let page = try String(contentsOf: state.appending(path: "runs/\(outcome.run)/report.md"), encoding: .utf8)
        #expect(page.contains("given only: the address of the store; the recovery key; the fingerprint"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: state.appending(path: "drills").path) == [])
        // The parent marks the set, because it has the key.
        let list = try await host.journey.expect(0, "list").output
        #expect(list.contains(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/), "\(list)")
    }

    @Test func `a bare drill with the wrong key fails`() async throws {
        let host = try await host()
        let run = try await host.journey.dr(command(host, key: "signing"))
        #expect(run.status != 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("FAILED") || run.errors.contains("bare drill"), "\(run.output)\n\(run.errors)")
        let drills = host.journey.folder.url.appending(path: "state/drills").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: drills) == [])
    }

    @Test func `a bare drill uses the recorded plan and not that of this machine`() async throws {
        let host = try await host()
        let plans = host.journey.folder.url.appending(path: "plans")
        try FileManager.default.moveItem(
            at: plans.appending(path: "loss.yaml"), to: plans.appending(path: "gone"))
        let run = try await host.journey.dr(command(host))
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        let newer = Self.plan.replacing("scenario: loss", with: "scenario: newer")
        try Data(newer.utf8).write(to: plans.appending(path: "newer.yaml"))
        let unknown = try await host.journey.dr(command(host).map { $0 == "loss" ? "newer" : $0 })
        #expect(unknown.status == 1 && unknown.errors.contains("there is no plan for scenario 'newer'"))
    }

    @Test(arguments: [true, false])
    func `a drill misses a removed set`(isBare: Bool) async throws {
        let host = try await host()
        try host.journey.write("one/more", "more")
        try await Journey.nextSecond()
        try await host.journey.expect(0, "backup", "--no-prune")
        let sets = host.journey.repository.appending(path: "sets")
        let names = try FileManager.default.contentsOfDirectory(atPath: sets.path).sorted()
        let newest = try #require(names.last?.prefix(16))
        for name in names where name.hasPrefix(newest) {
            try FileManager.default.removeItem(at: sets.appending(path: name))
        }
        let drill = command(host).filter { isBare || $0 != "--bare" }
        let refused = try await host.journey.dr(drill)
        #expect(refused.status == 4 && refused.errors.contains("this machine committed it"), "\(refused.errors)")
        #expect(try await host.journey.dr(["verify"]).status == 4)
        let accepted = try await host.journey.dr(drill + ["--accept-older"])
        #expect(accepted.status == 0, "\(accepted.output)\n\(accepted.errors)")
    }

    @Test func `a drill refuses an exchanged repository`() async throws {
        let host = try await host()
        let other = try await self.host()
        try FileManager.default.removeItem(at: host.journey.repository)
        try FileManager.default.copyItem(at: other.journey.repository, to: host.journey.repository)
        for drill in [command(host), command(host).filter { $0 != "--bare" }] {
            let run = try await host.journey.dr(drill)
            #expect(run.status == 7 && run.errors.contains("this machine knows"), "\(run.errors)")
        }
    }

    @Test func `a drill reports other recipients than those of this machine`() async throws {
        let host = try await host()
        let file = host.journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("recovery.crt]", with: "recovery.crt, \(host.kit.path)/signing.crt]").utf8).write(
            to: file)
        let run = try await host.journey.dr(command(host).filter { $0 != "--bare" })
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("is encrypted to other recipients"), "\(run.output)")
    }

    @Test func `a drill from the store alone runs beside no configuration`() async throws {
        let host = try await host()
        let machine = try TemporaryFolder("new-machine")
        try Data("state: \(machine.path)/state\n".utf8).write(to: machine.url.appending(path: "overlay.yaml"))
        let drill = "dr drill \(host.options) --scenario loss --inject missing_pack --config-overlay overlay.yaml"
        let run = try await host.onNewMachine(drill, in: machine)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("bare: configuration and plans of set"))
        let wrong = drill.replacing(host.fingerprint, with: String(repeating: "ab", count: 32))
        let refused = try await host.onNewMachine(wrong, in: machine)
        #expect(refused.status == 7 && refused.errors.contains("not trusted"), "\(refused.errors)")
    }

    @Test func `the scheduled drill is bare unless dr_yaml says otherwise`() async throws {
        let bare = try await Journey()
        #expect(
            try await bare.expect(0, "schedule", "show", "--cron").output.contains("complete_cluster_loss --bare"))
        let units = try await bare.expect(0, "schedule", "show", "--systemd").output
        #expect(units.contains("RestrictNamespaces=user uts") && units.contains("ProtectHostname=yes"))
        let other = try await Journey(extra: "drill: {bare: false}")
        #expect(!(try await other.expect(0, "schedule", "show", "--cron").output.contains("--bare")))
    }
}
