import BackupRepository
import Cryptography
import FileTree
import Foundation
import Lab
import ObjectStorage
import Platform
import RecoveryPlan
import Reporting
import StackConfiguration
import Testing

@testable import Operations

@Suite("Pack of a period") struct PackTests {
    private let folder: TemporaryFolder
    private let session: Session
    private let repository: Repository
    private let day = 86_400
    private let start = 1_800_000_000
    private var pack: String { "\(folder.path)/pack" }

    init() throws {
        folder = try TemporaryFolder("pack")
        let text = """
            stack: lab
            store: {url: "file://\(folder.path)/repository"}
            state: \(folder.path)/state
            components:
              tree: {kind: files, data: \(folder.path)/data}

            """
        let file = folder.url.appending(path: "dr.yaml")
        try Data(text.utf8).write(to: file)
        var options = OutputOptions()
        options.quiet = true
        session = try Session(options, configuration: file.path, kinds: [FilesComponent.self])
        let store = try StoreFactory.make(session.configuration.store, create: true, logger: session.logger)
        repository = try Repository.create(in: store, tool: "dr 1", now: session.now()).0
    }

    /// Appends entries, one each day.
    private func append(_ drafts: [(LedgerEntry.Activity, LedgerEntry.Phase, String?, Int)]) throws {
        var head: LedgerHead?
        for (number, draft) in drafts.enumerated() {
            var entry = LedgerEntry(
                draft.0, draft.1, run: "run-\(number)", at: Timestamp(seconds: start + number * day), host: "vault",
                tool: "dr 1")
            entry.verdict = draft.2
            entry.exitCode = draft.1 == .ended ? draft.3 : nil
            head = try RunLedger(repository).append(entry, after: head).head
        }
    }

    private func appendMonth() throws {
        try append([
            (.backup, .ended, "complete", 0), (.backup, .ended, "failed", 1), (.drill, .begun, nil, 0),
            (.drill, .abandoned, nil, 0), (.drill, .ended, "inconclusive", 4), (.backup, .ended, "complete", 0),
            (.recovery, .begun, nil, 0), (.backup, .ended, "complete", 0),
        ])
    }

    private func make(from: Int? = nil, to: Int? = nil) async throws -> PackMaker.Made {
        var maker = PackMaker(session, folder: pack)
        maker.from = from.map { Timestamp(seconds: start + $0 * day) }
        maker.to = to.map { Timestamp(seconds: start + $0 * day) }
        return try await maker.make()
    }

    private func refusal() -> String? {
        do { _ = try PackVerification("\(pack)/pack.json") } catch { return "\(error)" }
        return nil
    }

    private func change(_ file: String, _ change: (String) -> String) throws {
        let url = URL(filePath: "\(pack)/\(file)")
        try Data(change(try String(contentsOf: url, encoding: .utf8)).utf8).write(to: url)
    }

    @Test func `a pack names failures, inconclusive runs and runs without an end`() async throws {
        try appendMonth()
        let made = try await make()
        #expect(made.isSound)
        #expect(made.entries == 8)
        #expect(made.summary.failures == [2])
        #expect(made.summary.inconclusive == [5])
        #expect(made.summary.unfinished == [3, 4, 7])
        #expect(
            made.summary.counts.map { "\($0.activity.rawValue) \($0.verdict) \($0.runs)" } == [
                "backup complete 3", "backup failed 1", "drill abandoned 1", "drill inconclusive 1",
            ])
        var proof = try PackVerification("\(pack)/pack.json")
        #expect(proof.entries == 8)
        #expect(proof.failures == 1)
        try await proof.compare("\(pack)/pack.json", with: session)
        #expect(proof.isComparedWithRepository)
    }

    @Test func `a period in the middle is linked to the entries around it`() async throws {
        try appendMonth()
        let made = try await make(from: 2, to: 5)
        #expect(made.entries == 4)
        let pack = try JSONDecoder().decode(
            EvidencePack.self, from: Data(contentsOf: URL(filePath: "\(self.pack)/pack.json")))
        #expect(pack.ledger.before?.number == 2)
        #expect(pack.ledger.first?.number == 3)
        #expect(pack.ledger.last?.number == 6)
        #expect(pack.ledger.after?.number == 7)
        #expect(refusal() == nil)
    }

    @Test func `a second pack does not replace the first one`() async throws {
        try appendMonth()
        _ = try await make()
        await #expect(throws: UsageError.self) { _ = try await make() }
    }

    @Test(arguments: [(100, nil, 8, nil), (-9, -2, nil, 1)] as [(Int, Int?, Int?, Int?)])
    func `the pack of a period without entries is empty`(
        _ from: Int, _ to: Int?, _ before: Int?, _ after: Int?
    ) async throws {
        try appendMonth()
        let made = try await make(from: from, to: to)
        #expect(made.isSound)
        #expect(made.entries == 0)
        let pack = try JSONDecoder().decode(
            EvidencePack.self, from: Data(contentsOf: URL(filePath: "\(self.pack)/pack.json")))
        #expect(pack.ledger.before?.number == before)
        #expect(pack.ledger.after?.number == after)
        #expect(refusal() == nil)
        #expect(try PackVerification("\(self.pack)/pack.json").text.contains("no entry in the period"))
    }

    @Test func `the pack of an empty ledger is empty`() async throws {
        #expect(try await make().entries == 0)
        #expect(refusal() == nil)
    }

    /// The period begins earlier than the pack says: the entry before it belongs to it.
    @Test(arguments: [100, 3]) func `a pack that lacks entries of its period is refused`(_ from: Int) async throws {
        try appendMonth()
        _ = try await make(from: from)
        var forged = try JSONDecoder().decode(
            EvidencePack.self, from: Data(contentsOf: URL(filePath: "\(pack)/pack.json")))
        forged.from = Timestamp(seconds: start)
        let document = try forged.document()
        try Data(document).write(to: URL(filePath: "\(pack)/pack.json"))
        try Data(forged.page(sha256: Digest(of: document)).utf8).write(to: URL(filePath: "\(pack)/pack.html"))
        #expect(refusal()?.contains("is not earlier than its period") == true, "\(refusal() ?? "")")
    }

    @Test func `one failure is one entry`() throws {
        try appendMonth()
        let stored = try #require(try RunLedger(repository).read(2))
        let summary = PackSummary([PackedEntry(stored, of: repository.description.id, isSigned: false)])
        #expect(summary.text.last == "failures: entry 2")
    }

    @Test func `only drills and recoveries that succeeded restored a set`() async throws {
        let set = LedgerEntry.NamedSet(name: Timestamp(seconds: start), sha256: Digest(of: [1]))
        var head: LedgerHead?
        for (activity, verdict, code) in [
            (LedgerEntry.Activity.rehearsal, "verified", 0), (.drill, "inconclusive", 130), (.drill, "failed", 4),
            (.recovery, "not_validated", 4), (.recovery, "recovered", 0), (.drill, "late", 5), (.drill, "passed", 0),
        ] {
            var entry = LedgerEntry(
                activity, .ended, run: "r", at: Timestamp(seconds: start), host: "vault", tool: "dr 1")
            (entry.set, entry.verdict, entry.exitCode) = (set, verdict, code)
            head = try RunLedger(repository).append(entry, after: head).head
        }
        _ = try await make()
        let pack = try JSONDecoder().decode(
            EvidencePack.self, from: Data(contentsOf: URL(filePath: "\(self.pack)/pack.json")))
        #expect(pack.sets.map(\.restoredBy) == [[5, 6, 7]])
    }

    @Test func `a pack without its failure is refused`() async throws {
        try appendMonth()
        _ = try await make()
        try change("pack.json") { $0.replacing("\"verdict\" : \"failed\"", with: "\"verdict\" : \"complete\"") }
        #expect(refusal()?.contains("does not follow from its entries") == true)
    }

    @Test func `a changed entry is refused`() async throws {
        try appendMonth()
        _ = try await make()
        try change("ledger-1.jsonl") { $0.replacing("inconclusive", with: "passed") }
        #expect(refusal()?.contains("altered") == true)
    }

    /// An intruder can also adapt the SHA-256 of the file, and everything that follows from the entries.
    @Test func `a pack that lacks an entry is refused although its hashes agree`() async throws {
        try appendMonth()
        _ = try await make()
        try change("ledger-1.jsonl") { text in
            text.split(separator: "\n").filter { !$0.contains("\"number\":2,") }.map { "\($0)\n" }.joined()
        }
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(pack)/ledger-1.jsonl")))
        var forged = try JSONDecoder().decode(
            EvidencePack.self, from: Data(contentsOf: URL(filePath: "\(pack)/pack.json")))
        forged.entries.removeAll { $0.number == 2 }
        forged.summary = PackSummary(forged.entries)
        forged.ledger.files[0].sha256 = Digest(of: bytes)
        let document = try forged.document()
        try Data(document).write(to: URL(filePath: "\(pack)/pack.json"))
        try Data(forged.page(sha256: Digest(of: document)).utf8).write(to: URL(filePath: "\(pack)/pack.html"))
        #expect(refusal()?.contains("entry 2: it is gone") == true, "\(refusal() ?? "")")
    }

    @Test func `an altered page is refused`() async throws {
        try appendMonth()
        _ = try await make()
        try change("pack.html") { $0.replacing("inconclusive", with: "passed") }
        #expect(refusal()?.contains("differs from the rendering") == true)
    }

    @Test func `a pack of another ledger is refused by the repository`() async throws {
        try appendMonth()
        _ = try await make()
        var proof = try PackVerification("\(pack)/pack.json")
        let store = try session.store()
        for number in 5...8 {
            _ = try store.delete([try #require(ObjectKey("marks/ledger/00000000000\(number).json"))])
        }
        try? FileManager.default.removeItem(atPath: "\(folder.path)/state")
        await #expect(throws: PackError.self) { try await proof.compare("\(pack)/pack.json", with: session) }
    }

    /// Writes a pack with a changed description, as an intruder does who adapts all hashes.
    private func forge(_ change: (inout EvidencePack) -> Void) throws {
        var forged = try JSONDecoder().decode(
            EvidencePack.self, from: Data(contentsOf: URL(filePath: "\(pack)/pack.json")))
        change(&forged)
        let document = try forged.document()
        try Data(document).write(to: URL(filePath: "\(pack)/pack.json"))
        try Data(forged.page(sha256: Digest(of: document)).utf8).write(to: URL(filePath: "\(pack)/pack.html"))
    }

    @Test func `a pack that claims a longer period than its entries is refused`() async throws {
        try appendMonth()
        _ = try await make(from: 2, to: 5)
        try forge { $0.from = Timestamp(seconds: start + day) }
        #expect(refusal()?.contains("entry 2, before its first") == true, "\(refusal() ?? "")")
        try forge {
            $0.from = Timestamp(seconds: start + 2 * day)
            $0.to = Timestamp(seconds: start + 6 * day)
        }
        #expect(refusal()?.contains("entry 7, after its last") == true, "\(refusal() ?? "")")
    }

    @Test(
        arguments: [
            // An entry that could not be written follows later.
            ([0, 2, 1, 3, 9, 10], 2...4, 2...4), ([0, 2, 3, 0, 9], 2...4, 2...4), ([0, 9, 2, 3, 9], 2...4, 2...4),
            ([0, 1, 2, 3], 2...4, 3...4), ([2, 3], 2...4, 1...2), ([9, 2, 9], 2...4, 1...2),
        ] as [([Int], ClosedRange<Int>, ClosedRange<Int>)])
    func `a period ends at entries of another time`(
        _ times: [Int], _ period: ClosedRange<Int>, _ numbers: ClosedRange<Int>
    ) {
        var search = PackPeriod(
            from: Timestamp(seconds: period.lowerBound), to: Timestamp(seconds: period.upperBound))
        for (index, time) in times.enumerated() { search.take(index + 1, at: Timestamp(seconds: time)) }
        #expect(search.numbers == numbers)
    }

    @Test func `a pack with an entry that was written late is verified`() async throws {
        var head: LedgerHead?
        for (number, at) in [0, 2, 3, 0, 9].enumerated() {
            var entry = LedgerEntry(
                .backup, .ended, run: "run-\(number)", at: Timestamp(seconds: start + at * day), host: "vault",
                tool: "dr 1")
            entry.exitCode = 0
            head = try RunLedger(repository).append(entry, after: head).head
        }
        #expect(try await make(from: 2, to: 5).entries == 3)
        #expect(refusal() == nil)
    }

    @Test func `a junk object does not make a pack invalid`() async throws {
        try appendMonth()
        _ = try session.store().put(try #require(ObjectKey("marks/ledger/junk.json")), [1], options: PutOptions())
        _ = try await make(from: 2, to: 5)
        let proof = try PackVerification("\(pack)/pack.json")
        #expect(proof.notes.map(\.kind) == [.foreign])
        #expect(proof.text.contains("note: the ledger had a defect outside of the pack"))
    }

    @Test func `a report whose journal goes on behind its end is found`() async throws {
        let reports = try drill(claiming: LedgerBegin(number: 1, previousNumber: nil, previous: nil))
        let path = "\(folder.path)/journal.jsonl"
        let journal = try Journal(continuing: path, JournalReading(path: path))
        try journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        let forged = try Report(Evidence(JournalReading(path: path)))
        try Data(forged.document).write(to: URL(filePath: "\(reports)/report-run-1.json"))
        let made = try await make(reports: reports)
        #expect(made.reports.map(\.state) == [.altered])
        #expect(made.reports.first?.reason?.contains("does not cover") == true)
    }

    @Test func `a report with a signature of another signer is refused`() async throws {
        let reports = try drill(claiming: LedgerBegin(number: 1, previousNumber: nil, previous: nil))
        let made = try await make(reports: reports)
        let run = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=signer",
                "-days", "1", "-keyout", "signer.key", "-out", "signer.crt",
            ], in: folder.url)
        try #require(run.status == 0, "\(run.errors)")
        let signers = try X509Certificate.load("\(folder.path)/signer.crt")
        // Its signed entry names a report without a signature.
        try PackReports.verify(made.reports, in: pack, trusting: signers)
        let report = try #require(made.reports.first?.file)
        try Data("forged".utf8).write(to: URL(filePath: "\(pack)/\(report).p7s"))
        #expect(throws: (any Error).self) {
            try PackReports.verify(made.reports, in: pack, trusting: signers)
        }
    }

    @Test func `a defect of the ledger is in the pack, and the pack is not sound`() async throws {
        try appendMonth()
        let store = try session.store()
        _ = try store.delete([try #require(ObjectKey("marks/ledger/000000000004.json"))])
        let made = try await make()
        #expect(!made.isSound)
        #expect(made.findings.map(\.kind) == [.missing])
        #expect(refusal()?.contains("entry 4") == true)
    }

    /// Writes a drill with a report to a folder of another host.
    /// - Parameter begin: the place in the ledger that the report claims.
    /// - Returns: the folder.
    private func drill(claiming begin: LedgerBegin, journal other: Digest? = nil) throws -> String {
        var head = try RunLedger(repository).append(
            LedgerEntry(.drill, .begun, run: "run-1", at: Timestamp(seconds: start), host: "vault", tool: "dr 1"),
            after: nil
        ).head
        let reports = "\(folder.path)/others"
        try FileManager.default.createDirectory(atPath: reports, withIntermediateDirectories: true)
        let path = "\(folder.path)/journal.jsonl"
        let journal = try Journal(creating: path)
        let identity = RunIdentity(id: "run-1", stack: "lab", scenario: "loss", set: "20261123T010000Z")
        let holder = RunHolder(person: "ada", host: "vault", process: 7, boot: "b")
        let record = RunRecord(
            identity: identity, isDrill: true, procedure: nil, planDigest: "p", parameters: [:], setDigest: "s",
            components: ["tree"], tool: "dr 1", holder: holder,
            startedAt: Date(timeIntervalSince1970: Double(start)))
        try journal.append(.runBegan(run: record))
        try journal.append(.ledger(begin: begin))
        try journal.append(.noted(text: "a deviation"))
        try journal.append(.runFinished(end: RunEnd(.failed, reasons: ["no"])))
        let report = try Report(Evidence(JournalReading(path: path)))
        try Data(report.document).write(to: URL(filePath: "\(reports)/report-run-1.json"))
        var entry = LedgerEntry(
            .drill, .ended, run: "run-1", at: Timestamp(seconds: start), host: "vault", tool: "dr 1")
        entry.begun = head.number
        entry.verdict = "failed"
        entry.exitCode = 4
        entry.journal = other ?? Digest(hex: report.evidence.journal.head)
        entry.report = other ?? Digest(of: report.document)
        head = try RunLedger(repository).append(entry, after: head).head
        return reports
    }

    private func make(reports: String) async throws -> PackMaker.Made {
        var maker = PackMaker(session, folder: pack)
        maker.reportFolders = [reports]
        return try await maker.make()
    }

    @Test func `the report that the ledger names is in the pack with its deviations`() async throws {
        let reports = try drill(claiming: LedgerBegin(number: 1, previousNumber: nil, previous: nil))
        let packing = try await make(reports: reports)
        #expect(packing.isSound)
        #expect(packing.reports.map(\.state) == [.matches])
        #expect(FileManager.default.fileExists(atPath: "\(pack)/reports/run-1/report.json"))
        let packed = try JSONDecoder().decode(
            EvidencePack.self, from: Data(contentsOf: URL(filePath: "\(pack)/pack.json")))
        #expect(packed.deviations.contains { $0.text == "a deviation" })
        #expect(refusal() == nil)
        // The report has no time stamp.
        let made = try await CommandRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=clock",
                "-days", "1", "-keyout", "clock.key", "-out", "clock.crt",
            ], in: folder.url)
        try #require(made.status == 0, "\(made.errors)")
        let authorities = try X509Certificate.load("\(folder.path)/clock.crt")
        #expect(throws: ReportVerification.Refusal.self) {
            try PackVerification("\(pack)/pack.json", authorities: authorities)
        }
    }

    @Test(arguments: ["json.p7s", "json.tsr", "intoto.json"])
    func `the proofs of a report are in the pack`(_ ending: String) async throws {
        let reports = try drill(claiming: LedgerBegin(number: 1, previousNumber: nil, previous: nil))
        try Data("proof".utf8).write(to: URL(filePath: "\(reports)/report-run-1.\(ending)"))
        _ = try await make(reports: reports)
        #expect(
            try String(contentsOfFile: "\(pack)/reports/run-1/report.\(ending)", encoding: .utf8) == "proof")
    }

    @Test func `a report from another ledger is found`() async throws {
        let other = String(repeating: "a", count: 64)
        let reports = try drill(claiming: LedgerBegin(number: 2, previousNumber: 1, previous: other))
        let made = try await make(reports: reports)
        #expect(!made.isSound)
        #expect(made.reports.map(\.state) == [.altered])
        #expect(made.reports.first?.reason?.contains("another ledger") == true)
        #expect(refusal()?.contains("run-1") == true)
    }

    @Test func `a report with another journal than the one in the ledger is found`() async throws {
        let reports = try drill(
            claiming: LedgerBegin(number: 1, previousNumber: nil, previous: nil), journal: Digest(of: [7]))
        let made = try await make(reports: reports)
        #expect(made.reports.map(\.state) == [.altered])
        #expect(made.reports.first?.reason?.contains("another journal") == true)
    }

    @Test func `a drill without a report at hand is named`() async throws {
        var entry = LedgerEntry(
            .drill, .ended, run: "run-1", at: Timestamp(seconds: start), host: "vault", tool: "dr 1")
        entry.journal = Digest(of: [1])
        entry.exitCode = 0
        _ = try RunLedger(repository).append(entry, after: nil)
        let made = try await make()
        #expect(made.reports.map(\.state) == [.missing])
        #expect(try PackVerification("\(pack)/pack.json").missingReports == 1)
    }
}
