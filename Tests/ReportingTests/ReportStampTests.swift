import Components
import Cryptography
import Foundation
import Lab
import RecoveryPlan
import Testing

@testable import Reporting

/// Stamps of reports whose host had a right or a wrong clock. `openssl ts` is the authority.
@Suite struct ReportStampTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("stamp") }

    private func openssl(_ arguments: String...) async throws {
        let run = try await CommandRun.run("/usr/bin/openssl", arguments, in: folder.url)
        try #require(run.status == 0, "\(arguments): \(run.errors)")
    }

    /// Writes the report of a run whose clock differs from the right time by some seconds.
    private func report(ahead seconds: Double) throws -> String {
        let journal = "\(folder.path)/journal.jsonl"
        let clock: @Sendable () -> Date = { Date().addingTimeInterval(seconds) }
        let identity = RunIdentity(id: "r", stack: "lab", scenario: "loss", set: "20261123T010000Z")
        let holder = RunHolder(person: "ada", host: "vault", process: 7, boot: "b")
        let record = RunRecord(
            identity: identity, isDrill: true, procedure: nil, planDigest: "p", parameters: [:], setDigest: "s",
            components: ["tree"], tool: "dr 1", holder: holder, startedAt: clock())
        let lines = try Journal(creating: journal, now: clock)
        try lines.append(.runBegan(run: record))
        try lines.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        let report = try Report(Evidence(JournalReading(path: journal)))
        let path = "\(folder.path)/report.json"
        try Data(report.document).write(to: URL(filePath: path))
        return path
    }

    private func stamp(_ report: String) async throws -> [X509Certificate] {
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=clock",
            "-days",
            "1", "-addext", "extendedKeyUsage=critical,timeStamping", "-keyout", "clock.key", "-out", "clock.crt")
        let settings = """
            [tsa]
            default_tsa = this
            [this]
            serial = \(folder.path)/serial
            default_policy = 1.2.3.4.1
            digests = sha256
            signer_digest = sha256
            ess_cert_id_alg = sha256
            """
        try Data(settings.utf8).write(to: folder.url.appending(path: "tsa.cnf"))
        let request = try TimeStamp.request(for: ReportStamp.content(of: report), nonce: [0x81])
        try Data(request).write(to: folder.url.appending(path: "query.tsq"))
        try await openssl(
            "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-signer", "clock.crt", "-inkey",
            "clock.key",
            "-out", "reply.tsr")
        let reply = try Data(contentsOf: folder.url.appending(path: "reply.tsr"))
        #expect(try ReportStamp.store([UInt8](reply), of: report) == "\(report).tsr")
        return try X509Certificate.load("\(folder.path)/clock.crt")
    }

    @Test(arguments: [
        (0.0, String?.none), (3600, "the clock of the host was ahead"), (-3600, "the clock of the host was behind"),
    ])
    func `a clock that differs from the stamp is named`(_ seconds: Double, _ words: String?) async throws {
        let report = try report(ahead: seconds)
        let certificates = try await stamp(report)
        let stamp = try #require(try ReportVerification.verify(report, authorities: certificates).stamp)
        #expect(stamp.isTrusted && stamp.authority == "CN=clock")
        #expect(abs(stamp.seconds + seconds) < 120, "\(stamp)")
        if let words {
            #expect(stamp.deviation?.contains(words) == true, "\(stamp)")
        } else {
            #expect(stamp.deviation == nil)
        }
        #expect(try ReportVerification.verify(report).stamp?.isTrusted == false)
    }

    @Test func `a required stamp must exist and be of this report`() async throws {
        let report = try report(ahead: 0)
        let certificates = try await stamp(report)
        let there = #expect(throws: ReportVerification.Refusal.self) { try ReportStamp.content(of: report) }
        #expect(there?.detail.contains("already has a time stamp") == true)
        // The same run with a corrective action is another report.
        let reading = try JournalReading(path: "\(folder.path)/journal.jsonl")
        let action = CorrectiveAction(action: "a", owner: "o", due: "2027-01-01")
        try Data(Report(Evidence(reading, correctiveActions: [action])).document).write(to: URL(filePath: report))
        let other = #expect(throws: ReportVerification.Refusal.self) { try ReportVerification.verify(report) }
        #expect(other?.detail.contains("its time stamp is not valid") == true)
        try FileManager.default.removeItem(atPath: "\(report).tsr")
        #expect(try ReportVerification.verify(report).stamp == nil)
        let missing = #expect(throws: ReportVerification.Refusal.self) {
            try ReportVerification.verify(report, authorities: certificates)
        }
        #expect(missing?.detail.contains("it has no time stamp") == true)
    }
}
