import Foundation
import Lab
import Testing

/// A drill's report, signed by the host that drilled and signed off by a person; the stock `openssl` has to agree.
@Suite struct ReportSigningTests {
    private struct Drilled: Decodable { var verdict: String, files: [String] }

    private struct Verified: Decodable {
        struct Signature: Decodable { var signer: String, isTrusted: Bool }
        struct Attestation: Decodable { var file: String, predicateType: String }
        struct Proof: Decodable { var signature: Signature?, attestation: Attestation? }
        var proof: Proof
    }

    private func identity(_ name: String, _ journey: Journey) async throws {
        let made = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=\(name)", "-days", "1", "-keyout", "\(name).key", "-out", "\(name).crt",
            ], in: journey.folder.url)
        try #require(made.status == 0, "\(made.errors)")
    }

    private func opensslAgrees(_ certificate: String, _ report: String, _ journey: Journey) async throws -> Bool {
        try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "cms", "-verify", "-binary", "-inform", "DER", "-in", "\(report).p7s", "-content", report, "-CAfile",
                certificate, "-purpose", "any", "-out", "proved",
            ], in: journey.folder.url
        ).status == 0
    }

    /// The script of the documentation.
    private func scriptAgrees(_ certificate: String, _ files: String..., in journey: Journey) async throws -> Bool {
        let script = Journey.checkout.appending(path: "docs/verify-attestation.py").path
        let run = try await CommandRun.run(
            "/usr/bin/python3", [script, files[0], certificate] + files.dropFirst(), in: journey.folder.url)
        #expect(run.status != 0 || run.output == "urn:dr:evidence:v1 passed\n", "\(run.output)\(run.errors)")
        return run.status == 0
    }

    /// A report of a drill that the host signed.
    private func drilled() async throws -> (Journey, String) {
        let journey = try await Journey(
            store: "signing: {certificate: host.crt, key: host.key}",
            extra: "checks: {canaries: {tree: {}}}\ndrill: {sign: true}", initialize: false)
        for name in ["host", "ada", "mallory"] { try await identity(name, journey) }
        try await journey.expect(0, "init")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan = "scenario: loss\nsteps: [{id: tree, restore: tree, timeout: 5m}]\nchecks: [canaries]\n"
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        try journey.write("a", "content")
        try await journey.expect(0, "backup")
        let drill = try await journey.json(Drilled.self, "drill", "--scenario", "loss", "--inject", "missing_pack")
        #expect(drill.verdict == "passed")
        #expect(drill.files.contains { $0.hasSuffix("report.json.p7s") }, "\(drill.files)")
        return (journey, try #require(drill.files.first { $0.hasSuffix("report.json") }))
    }

    @Test func `a drills report is signed by its host and signed off by a person`() async throws {
        let (journey, report) = try await drilled()
        let page = report.replacing(".json", with: ".html")
        let lines = report.replacing("report.json", with: "journal.jsonl")
        #expect(try await opensslAgrees("host.crt", report, journey))
        #expect(try await scriptAgrees("host.crt", report, lines, in: journey))
        #expect(try await !scriptAgrees("host.crt", report, page, in: journey))
        #expect(try await !scriptAgrees("ada.crt", report, in: journey))
        let host = try await journey.json(Verified.self, "report", "verify", page, "--certificate", "host.crt")
        #expect(host.proof.signature?.isTrusted == true && host.proof.signature?.signer == "CN=host")
        #expect(host.proof.attestation?.predicateType == "urn:dr:evidence:v1")
        let claimed = try await journey.expect(0, "report", "verify", page)
        #expect(claimed.output.contains("by CN=host") && claimed.output.contains("the signer is not trusted"))

        // A signature that is there is not lost by accident.
        let by = ["--certificate", "ada.crt", "--key", "ada.key"]
        let there = try await journey.dr(["report", "sign", page] + by)
        #expect(there.status == 4 && there.errors.contains("it is already signed"))
        #expect(try await journey.dr(["report", "sign", page, "--replace"] + by).status == 0)
        #expect(try await opensslAgrees("ada.crt", report, journey))
        #expect(try await !opensslAgrees("host.crt", report, journey))
        #expect(try await scriptAgrees("ada.crt", report, in: journey))
        let both = ["--certificate", "host.crt", "--certificate", "ada.crt", "--json"]
        let proved = try await journey.dr(["report", "verify", report] + both)
        let signed = try await journey.dr(["report", "sign", report, "--replace", "--json"] + by)
        for (run, name) in [(proved, "report verify"), (signed, "report sign")] {
            let document = Data(run.output.utf8)
            #expect(try await journey.objections(to: document, schema: "output.schema.json", name) == "", "\(run)")
        }
        let evidence = try Data(contentsOf: URL(filePath: report))
        #expect(try await journey.objections(to: evidence, schema: "evidence.schema.json") == "")
        let stranger = try await journey.expect(4, "report", "verify", report, "--certificate", "mallory.crt")
        #expect(stranger.errors.contains("its signature is not valid"))
    }

    @Test func `a report that changes after signing no longer counts as signed`() async throws {
        let (journey, report) = try await drilled()
        // A new corrective action makes another document, true to the same journal.
        let folder = URL(filePath: report).deletingLastPathComponent()
        try Data("actions: [{action: a, owner: o, due: 2027-01-01}]\n".utf8)
            .write(to: folder.appending(path: "actions.yaml"))
        try await journey.expect(0, "report")
        let stale = try await journey.expect(4, "report", "verify", report)
        #expect(stale.errors.contains("its signature is not valid"))

        // The host's attestation is about the report that it signed.
        let attestation = report.replacing(".json", with: ".intoto.json")
        try FileManager.default.removeItem(atPath: "\(report).p7s")
        let half = try await journey.expect(4, "report", "verify", report)
        #expect(half.errors.contains("dr writes both"), "\(half.errors)")
        let sign = ["report", "sign", report, "--certificate", "host.crt", "--key", "host.key"]
        let old = try Data(contentsOf: URL(filePath: attestation))
        #expect(try await journey.dr(sign).status == 0)
        try old.write(to: URL(filePath: attestation))
        let other = try await journey.expect(4, "report", "verify", report)
        #expect(other.errors.contains("it belongs to another report"), "\(other.errors)")
        for file in [attestation, "\(report).p7s"] { try FileManager.default.removeItem(atPath: file) }
        #expect(try await journey.expect(0, "report", "verify", report).output.contains("signed: no"))
        let unsigned = try await journey.expect(4, "report", "verify", report, "--certificate", "host.crt")
        #expect(unsigned.errors.contains("it is not signed"))

        // Nobody puts a name under what does not hold.
        var bytes = try Data(contentsOf: URL(filePath: report))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: report))
        try await journey.expect(4, "report", "sign", report, "--certificate", "ada.crt", "--key", "ada.key")
        #expect(!FileManager.default.fileExists(atPath: "\(report).p7s"))
        #expect(!FileManager.default.fileExists(atPath: attestation))
    }

    @Test func `without a key nothing is drilled`() async throws {
        let journey = try await Journey(extra: "drill: {sign: true}")
        let refused = try await journey.expect(2, "drill", "--scenario", "loss")
        #expect(refused.errors.contains("'drill: sign:' needs 'store: signing:' with a key"))
    }
}
