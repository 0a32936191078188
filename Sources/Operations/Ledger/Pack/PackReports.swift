import BackupRepository
import Cryptography
import FoundationEssentials
import Platform
import RecoveryPlan
import Reporting

/// The reports of the runs of a pack: found on this machine, copied, and compared with the ledger.
struct PackReports {
    /// The folder of journals of this machine.
    let runs: RunFolder?
    let state: String
    /// Further folders with reports, such as those of other hosts.
    let folders: [String]
    /// The folder of the pack.
    let pack: String

    struct Found {
        var reports: [PackedReport] = []
        var deviations: [EvidencePack.Remark] = []
        var actions: [EvidencePack.Action] = []
    }

    /// Copies the reports of the ends of drills and recoveries into the pack.
    /// - Parameter resumed: the runs with later entries than the pack holds.
    func collect(_ entries: [PackedEntry], without resumed: Set<String> = []) throws -> Found {
        for entry in Self.ends(entries) {
            let run = entry.entry?.run ?? ""
            guard Self.isFolderName(run), !resumed.contains(run) else { continue }
            try copy(run)
        }
        return try Self.read(entries, in: pack)
    }

    /// The entries of ends that have a journal.
    static func ends(_ entries: [PackedEntry]) -> [PackedEntry] {
        entries.filter { packed in
            packed.entry.map { $0.phase == .ended && [.drill, .recovery].contains($0.activity) && $0.journal != nil }
                ?? false
        }
    }

    private static func isFolderName(_ run: String) -> Bool {
        (1...64).contains(run.utf8.count)
            && run.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }

    private func copy(_ run: String) throws {
        let target = "\(pack)/reports/\(run)"
        let candidates =
            folders.flatMap { ["\($0)/\(run)/report", "\($0)/report-\(run)"] }
            + (runs.map { ["\($0.path)/\(run)/report"] } ?? [])
        let found = candidates.first { FileManager.default.fileExists(atPath: "\($0).json") }
        let hasJournal = runs.map { FileManager.default.fileExists(atPath: $0.journal(of: run)) } ?? false
        guard found != nil || hasJournal else { return }
        do { try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true) } catch {
            throw FileError(target, detail: FileFailure.text(error))
        }
        if let found {
            for ending in ["json", "json.p7s", "json.tsr", "intoto.json", "html", "md", "xml", "pdf"] {
                guard let content = FileManager.default.contents(atPath: "\(found).\(ending)") else { continue }
                try OutputFile.write([UInt8](content), to: "\(target)/report.\(ending)", links: .refuse)
            }
        } else {
            // A recovery has a journal, and a report only if an operator made one.
            let files = ReportFiles(state: state)
            do {
                let written = try files.write(
                    try files.source(run, actions: nil), to: target, Report.Format.allCases, pdf: false)
                for file in written.files {
                    let name = "report.\(file.pathExtension)"
                    try FileManager.default.moveItem(atPath: file, toPath: "\(target)/\(name)")
                }
            } catch is JournalError { return }
        }
    }

    // MARK: Reading

    /// Compares the reports in a pack with the entries. A pure function of the files.
    static func read(_ entries: [PackedEntry], in pack: String) throws -> Found {
        var found = Found()
        let begins = Dictionary(entries.map { ($0.number, $0) }) { first, _ in first }
        let newest = Dictionary(
            entries.compactMap { packed in packed.entry.map { ($0.run, packed) } }, uniquingKeysWith: { $1 })
        let newestEnds = Dictionary(
            ends(entries).compactMap { packed in packed.entry.map { ($0.run, packed.number) } }, uniquingKeysWith: max)
        var seen: Set<String> = []
        for end in ends(entries) {
            guard let entry = end.entry else { continue }
            var report = PackedReport(run: entry.run, entry: end.number, state: .missing)
            let name = "reports/\(entry.run)/report.json"
            if isFolderName(entry.run), let data = FileManager.default.contents(atPath: "\(pack)/\(name)") {
                report.file = name
                report.sha256 = Digest(of: [UInt8](data))
                do {
                    _ = try ReportVerification.verify("\(pack)/\(name)")
                    let evidence = try JSONDecoder().decode(Evidence.self, from: data)
                    report.setChoice = evidence.setChoice
                    (report.state, report.reason) = state(of: evidence, report.sha256, entry, begins: begins)
                    if report.state != .altered, newestEnds[entry.run] == end.number,
                        let reason = contradiction(
                            of: evidence, with: entry, isLast: newest[entry.run]?.number == end.number)
                    {
                        (report.state, report.reason) = (.altered, reason)
                    }
                    if seen.insert(entry.run).inserted {
                        found.deviations += evidence.deviations.map { .init(run: entry.run, text: $0) }
                        found.actions += evidence.correctiveActions.map {
                            .init(
                                run: entry.run, action: $0.action, owner: $0.owner, due: $0.due, done: $0.done ?? false)
                        }
                    }
                } catch {
                    (report.state, report.reason) = (.altered, "\(error)")
                }
            }
            found.reports.append(report)
        }
        return found
    }

    private static func state(
        of evidence: Evidence, _ sha256: Digest?, _ end: LedgerEntry, begins: [Int: PackedEntry]
    ) -> (PackedReport.State, String?) {
        guard evidence.subject.run == end.run else { return (.altered, "it is the report of another run") }
        if let begin = evidence.ledger, let number = begin.number, let packed = begins[number] {
            guard let entry = packed.entry, entry.phase == .begun,
                entry.run == end.run || end.begun == number, entry.previous?.hex == begin.previous
            else {
                return (.altered, "it names another entry \(number) than the ledger holds: it is of another ledger")
            }
        }
        if let sha256, sha256 == end.report { return (.matches, nil) }
        let lines = evidence.journal.lines
        // A resumed run continues the journal behind the line that an earlier end names.
        guard let journal = end.journal?.hex, lines.contains(where: { $0.hasPrefix("{\"sha256\":\"\(journal)\"") })
        else {
            return (.altered, "it has another journal than the one that the ledger names")
        }
        return (.matchesJournal, nil)
    }

    /// Compares a report with the newest end of its run.
    /// - Parameter isLast: false if the run began again after this end.
    /// - Returns: the reason why the report does not count.
    private static func contradiction(of evidence: Evidence, with end: LedgerEntry, isLast: Bool) -> String? {
        guard evidence.journal.head == end.journal?.hex else {
            let claims = [.passed, .late].contains(evidence.verdict)
            return isLast || claims ? "its journal has lines that the ledger's end does not cover" : nil
        }
        guard let word = end.verdict else { return nil }
        let verdict = Evidence.Verdict(ofEnd: word)
        // A drill that recovered in part has failed.
        let agrees = verdict == evidence.verdict || (verdict == .failed && evidence.verdict == .partial)
        return agrees ? nil : "its verdict is '\(evidence.verdict.rawValue)', and the ledger's is '\(word)'"
    }

    /// Verifies the signatures of the reports in a pack.
    ///
    /// A report without a signature is the one of the signed entry, which names its SHA-256 or its journal.
    /// - Parameter trusted: the certificates of accepted signers.
    static func verify(_ reports: [PackedReport], in pack: String, trusting trusted: [X509Certificate]) throws {
        for file in reports.compactMap(\.file)
        where FileManager.default.fileExists(atPath: "\(pack)/\(file).p7s") {
            _ = try ReportVerification.verify("\(pack)/\(file)", trusting: trusted)
        }
    }
}

extension Evidence {
    /// The choice of the backup set of a drill; nil for other runs and for early versions.
    fileprivate var setChoice: String? {
        guard kind == .drill, let lottery else { return nil }
        if lottery.draws.contains(where: { $0.purpose == "set" }) { return "drawn" }
        return lottery.chosen?["set"] == nil ? "newest" : "chosen"
    }
}
