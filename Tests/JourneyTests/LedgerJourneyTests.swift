import Foundation
import Lab
import Testing

/// The ledger as a user sees it: every run is in it, and a removed entry is found.
@Suite struct LedgerJourneyTests {
    private struct List: Decodable {
        struct Entry: Decodable {
            var number: Int, activity: String, phase: String, verdict: String?, exitCode: Int?, begun: Int?,
                control: String?, signer: String?, report: String?, reason: String?
        }
        var entries: [Entry]
    }

    private struct Verified: Decodable {
        struct Finding: Decodable { var kind: String, number: Int? }
        var entries: Int, signed: Int, findings: [Finding]
    }

    private struct Drilled: Decodable { var verdict: String, files: [String] }

    /// The pack of all runs is complete, and an altered report in it is found.
    private func packed(_ journey: Journey, _ report: String) async throws {
        let made = try await journey.expect(0, "report", "pack", "--folder", "pack", "--from", "1d", "--json")
        #expect(
            try await journey.objections(to: Data(made.output.utf8), schema: "output.schema.json", "report pack") == "")
        let file = journey.folder.url.appending(path: "pack/pack.json")
        #expect(try await journey.objections(to: try Data(contentsOf: file), schema: "pack.schema.json") == "")
        let proof = try await journey.expect(
            0, "report", "verify", "pack/pack.json", "--certificate", "host.crt", "--with-repository", "--json")
        #expect(
            try await journey.objections(
                to: Data(proof.output.utf8), schema: "output.schema.json", "report verify pack") == "")
        #expect(proof.output.contains("\"missingReports\" : 0"), "\(proof.output)")
        for (name, arguments) in [("ledger", ["ledger"]), ("ledger verify", ["ledger", "verify"])] {
            let run = try await journey.dr(arguments + ["--json"])
            #expect(
                try await journey.objections(to: Data(run.output.utf8), schema: "output.schema.json", name) == "",
                "\(run.output)\(run.errors)")
        }
        // A report of another drill in place of the one that the ledger names.
        let reports = journey.folder.url.appending(path: "pack/reports")
        let run = try #require(try FileManager.default.contentsOfDirectory(atPath: reports.path).first)
        let copy = reports.appending(path: "\(run)/report.json")
        let text = try String(contentsOf: copy, encoding: .utf8)
        try Data(text.replacing("passed", with: "failed").utf8).write(to: copy)
        let refused = try await journey.expect(4, "report", "verify", "pack/pack.json")
        #expect(refused.errors.contains("it does not follow from its entries and reports"), "\(refused.errors)")
    }

    private func entry(_ number: Int, _ journey: Journey) -> URL {
        journey.repository.appending(path: "marks/ledger/\(String(format: "%012d", number)).json")
    }

    @Test func `runs are in the ledger, also failed ones, and a removed entry is found`() async throws {
        let journey = try await Journey(
            store: "signing: {certificate: host.crt, key: host.key}",
            extra: "checks: {canaries: {tree: {}}}", initialize: false)
        let made = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=host",
                "-days", "1", "-keyout", "host.key", "-out", "host.crt",
            ], in: journey.folder.url)
        try #require(made.status == 0, "\(made.errors)")
        try await journey.expect(0, "init")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan = "scenario: loss\nsteps: [{id: tree, restore: tree, timeout: 5m}]\nchecks: [canaries]\n"
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        try journey.write("a", "content")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "verify")
        let drill = try await journey.json(Drilled.self, "drill", "--scenario", "loss", "--random-set")
        #expect(drill.verdict == "passed")

        // A failed backup leaves its entry to the next run, since the store is away.
        let away = journey.folder.url.appending(path: "away")
        try FileManager.default.moveItem(at: journey.repository, to: away)
        try await journey.expect(1, "backup")
        try FileManager.default.moveItem(at: away, to: journey.repository)
        try await journey.expect(0, "backup")

        let entries = try await journey.json(List.self, "ledger").entries.reversed()
        #expect(
            entries.map { "\($0.number) \($0.activity) \($0.verdict ?? $0.phase)" } == [
                "1 backup complete", "2 verification good", "3 drill begun", "4 drill passed", "5 backup failed",
                "6 backup complete",
            ])
        #expect(entries.allSatisfy { $0.signer != nil })
        let drilled = try #require(entries.first { $0.number == 4 })
        #expect(drilled.begun == 3)
        #expect(drilled.control == "detected")
        #expect(drilled.report != nil)
        let report = try #require(drill.files.first { $0.hasSuffix("report.json") })
        try await journey.expect(0, "report", "verify", report)
        #expect(try String(contentsOfFile: report, encoding: .utf8).contains("\"lottery\""))
        let whole = try await journey.json(Verified.self, "ledger", "verify")
        #expect(whole.entries == 6)
        #expect(whole.signed == 6)
        #expect(whole.findings.isEmpty)

        try await packed(journey, report)

        try FileManager.default.removeItem(at: entry(5, journey))
        let run = try await journey.expect(4, "ledger", "verify")
        #expect(run.output.contains("FINDING entry 5: it is gone"), "\(run.output)")
        // The newest entry: only the memory of the host shows it.
        try FileManager.default.removeItem(at: entry(6, journey))
        let tail = try await journey.expect(4, "ledger", "verify")
        #expect(tail.output.contains("this host names entry 6"), "\(tail.output)")
    }
}
