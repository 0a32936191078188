package import BackupRepository
package import Cryptography
import FoundationEssentials
import Platform
import Reporting

/// Verifies a pack from its files alone: the chain of entries from the one before the period to the one after it, everything
/// that follows from the entries, the reports, and the page.
package struct PackVerification: Encodable {
    package var verified = true
    package var entries: Int
    /// Nil if the period has no entry.
    package var first: LedgerHead?
    package var last: LedgerHead?
    /// The SHA-256 of the certificates that signed entries.
    package var signers: [Digest]
    /// The entries without a valid signature.
    package var unsigned: Int
    package var failures: Int
    package var inconclusive: Int
    package var unfinished: Int
    package var missingReports: Int
    /// True if the entries were compared with the repository.
    package var isComparedWithRepository = false
    private var isTrusted: Bool
    /// The number of reports with a time stamp of a trusted authority; nil if none was named.
    private var stamped: Int?
    /// The period that the pack claims; nil for an open end.
    package var from: Timestamp?
    package var to: Timestamp?
    /// The defects of the ledger that do not concern the pack.
    package var notes: [LedgerChain.Finding]
    /// False if the pack ends with the newest entry, so that only the repository can show that none follows.
    private let hasProvenEnd: Bool

    /// True for a file that is the JSON of a pack.
    package static func isPack(_ path: String) -> Bool {
        struct Header: Decodable { var schema: String }
        guard let data = FileManager.default.contents(atPath: Self.source(of: path)),
            let header = try? JSONDecoder().decode(Header.self, from: data)
        else { return false }
        return header.schema.hasPrefix("dr.pack/")
    }

    private static func source(of path: String) -> String { path.withoutPathExtension + ".json" }

    /// Blocks: reads files.
    /// - Parameters:
    ///   - path: `pack.json`, or `pack.html` beside it.
    ///   - trusted: certificates of accepted signers; if there are any, each entry must have a signature of one of them.
    ///   - authorities: certificates of accepted time stamp authorities; if there are any, each report must have a stamp
    ///     of one of them.
    /// - Throws: ``PackError``, `ReportVerification.Refusal`.
    package init(
        _ path: String, trusting trusted: [X509Certificate] = [], authorities: [X509Certificate] = []
    ) throws {
        let source = Self.source(of: path)
        let (pack, document) = try Self.read(source)
        let folder = source.folderOfPath
        let place = folder.isEmpty ? "." : folder
        let rebuilt = try Self.rebuilt(pack, source, in: place, trusting: trusted)
        guard try rebuilt.pack.document() == document else {
            throw PackError(source, "it does not follow from its entries and reports: it was altered")
        }
        if let page = FileManager.default.contents(atPath: source.withoutPathExtension + ".html") {
            guard try [UInt8](page) == Array(pack.page(sha256: Digest(of: document)).utf8) else {
                throw PackError(
                    source.withoutPathExtension + ".html",
                    "it differs from the rendering of '\(source)': it was altered, or made by another version")
            }
        }
        if let altered = pack.reports.first(where: { $0.state == .altered }) {
            throw PackError(
                source, "the report of run \(altered.run) does not match the ledger: \(altered.reason ?? "")")
        }
        if !trusted.isEmpty { try PackReports.verify(pack.reports, in: place, trusting: trusted) }
        let defects = pack.ledger.findings.filter { $0.concerns(pack.ledger) }
        if let finding = defects.first {
            throw PackError(
                source,
                "the ledger had \(Units.count(defects.count, "defect")) when it was made: \(finding.text)")
        }
        if !authorities.isEmpty {
            let reports = pack.reports.compactMap(\.file)
            for report in reports {
                _ = try ReportVerification.verify(
                    "\(folder.isEmpty ? "." : folder)/\(report)", authorities: authorities)
            }
            stamped = reports.count
        }
        notes = pack.ledger.findings
        (from, to) = (pack.from, pack.to)
        hasProvenEnd = pack.ledger.after != nil
        entries = pack.entries.count
        (first, last) = (pack.ledger.first, pack.ledger.last)
        signers = Set(pack.entries.compactMap(\.signer)).sorted()
        unsigned = pack.entries.count { $0.signer == nil }
        failures = pack.summary.failures.count
        inconclusive = pack.summary.inconclusive.count
        unfinished = pack.summary.unfinished.count
        missingReports = pack.reports.count { $0.state == .missing }
        isTrusted = !trusted.isEmpty
    }

    private static func read(_ source: String) throws -> (EvidencePack, [UInt8]) {
        guard let data = FileManager.default.contents(atPath: source) else { throw PackError(source, "it is missing") }
        let pack: EvidencePack
        do { pack = try JSONDecoder().decode(EvidencePack.self, from: data) } catch {
            throw PackError(source, "it is not a valid pack: it was altered, or made by a newer version")
        }
        guard pack.schema == EvidencePack.schema else {
            throw PackError(source, "its schema is '\(pack.schema)', this version supports '\(EvidencePack.schema)'")
        }
        return (pack, [UInt8](data))
    }

    /// Computes the pack again from its files.
    private static func rebuilt(
        _ claimed: EvidencePack, _ source: String, in folder: String, trusting trusted: [X509Certificate]
    ) throws -> (pack: EvidencePack, chain: LedgerChain) {
        var pack = claimed
        pack.entries = []
        pack.ledger.before = nil
        pack.ledger.after = nil
        let before = claimed.ledger.before?.number ?? 0
        var (older, newer): (LedgerEntry?, LedgerEntry?)
        let limits = PackPeriod(from: claimed.from, to: claimed.to)
        var chain: LedgerChain?
        for file in claimed.ledger.files {
            for line in try PackFiles.read(file, in: folder) {
                let stored = RunLedger.Stored(
                    line.bytes, number: line.number, of: claimed.repository, trusting: trusted)
                if chain == nil { chain = LedgerChain(after: stored.predecessor) }
                chain?.follow(stored)
                if claimed.ledger.first.map({ line.number < $0.number }) ?? (line.number <= before) {
                    (pack.ledger.before, older) = (stored.head, stored.entry)
                } else if line.number > claimed.ledger.last?.number ?? before {
                    (pack.ledger.after, newer) = (stored.head, stored.entry)
                } else {
                    pack.entries.append(
                        PackedEntry(stored, of: claimed.repository, isSigned: claimed.ledger.requiresSignatures))
                }
            }
        }
        if let finding = chain?.findings.first(where: { $0.kind != .foreign }) {
            throw PackError(source, finding.text)
        }
        guard (pack.entries.first?.number ?? pack.ledger.after?.number ?? 1) == 1 || pack.ledger.before != nil
        else { throw PackError(source, "the entry before the period is missing") }
        (pack.ledger.first, pack.ledger.last) = (pack.entries.first?.head, pack.entries.last?.head)
        if let before = pack.ledger.before {
            guard let at = older?.at, limits.isEarlier(at) else {
                throw PackError(source, "entry \(before.number), before its first, is not earlier than its period")
            }
        }
        if let after = pack.ledger.after {
            guard let at = newer?.at, limits.isLater(at) else {
                throw PackError(source, "entry \(after.number), after its last, is not later than its period")
            }
        }
        guard pack.ledger.after != nil || claimed.ledger.newest == pack.ledger.last ?? pack.ledger.before else {
            throw PackError(source, "the entry after the period is missing")
        }
        pack.summary = PackSummary(pack.entries)
        let found = try PackReports.read(pack.entries, in: folder)
        (pack.reports, pack.deviations, pack.actions) = (found.reports, found.deviations, found.actions)
        return (pack, chain ?? LedgerChain())
    }

    /// Compares the pack with the ledger of a repository, which must hold the same entries.
    /// - Throws: ``PackError``.
    package mutating func compare(_ path: String, with session: Session) async throws {
        let source = Self.source(of: path)
        let (pack, _) = try Self.read(source)
        let repository = try await session.repository()
        guard repository.description.id == pack.repository else {
            throw PackError(
                source, "it is of repository \(pack.repository), and this one is \(repository.description.id)")
        }
        let known = session.isWithoutConfiguration ? nil : try session.state(of: repository).ledgerHead()
        var differences: [Int] = []
        let expected = Dictionary(pack.entries.map { ($0.number, $0.sha256) }) { first, _ in first }
        var found = 0
        var following: Int?
        let limits = PackPeriod(from: pack.from, to: pack.to)
        let report = try await RunLedger(repository).verify(known: known, pool: session.pool) { stored in
            guard let sha256 = expected[stored.head.number] else {
                // A pack without an entry after it ends when it was made.
                if following == nil, stored.head.number > (pack.ledger.last ?? pack.ledger.before)?.number ?? 0,
                    let at = stored.entry?.at, at <= pack.made, !limits.isEarlier(at), !limits.isLater(at)
                {
                    following = stored.head.number
                }
                return
            }
            found += 1
            if sha256 != stored.head.sha256 { differences.append(stored.head.number) }
        }
        if let number = differences.first {
            throw PackError(source, "entry \(number) differs from the one in the repository")
        }
        guard found == expected.count else {
            throw PackError(source, "the repository lacks \(expected.count - found) of its entries")
        }
        if let finding = report.findings.first(where: { $0.concerns(pack.ledger) }) {
            throw PackError(source, "the ledger of the repository has a defect: \(finding.text)")
        }
        if !hasProvenEnd, let number = following {
            throw PackError(
                source,
                "it lacks entry \(number), which is of its period: it was cut, or dr wrote the entry after it was made")
        }
        isComparedWithRepository = true
        // The entries are those of the repository, whose signers are trusted.
        if report.requiresSignatures { isTrusted = true }
    }

    private enum CodingKeys: String, CodingKey {
        case verified, from, to, notes, entries, first, last, signers, unsigned, failures, inconclusive, unfinished,
            missingReports
        case isComparedWithRepository = "comparedWithRepository"
    }

    package var text: String {
        var lines: [String]
        if let first, let last {
            lines = [
                "the pack is complete from entry \(first.number) to entry \(last.number): "
                    + "\(entries == 1 ? "1 entry" : "\(entries) entries"), in one chain", "last entry: \(last)",
            ]
        } else {
            lines = ["the ledger has no entry in the period"]
        }
        lines += [
            "period (UTC): \(from?.readable ?? "the first entry") to \(to?.readable ?? "the newest entry")",
            "\(failures) failed, \(inconclusive) inconclusive, \(unfinished) did not finish",
        ]
        lines.append(
            signers.isEmpty
                ? "signed: none of the entries"
                : "signed: \(entries - unsigned) of \(entries) entries, certificates SHA-256 "
                    + signers.map(\.hex).joined(separator: ", "))
        if !isTrusted, !signers.isEmpty {
            lines.append("        signers not trusted: name the trusted ones with --certificate")
        }
        if let stamped { lines.append("stamped by trusted authorities: \(Units.count(stamped, "report"))") }
        if missingReports > 0 { lines.append("\(Units.count(missingReports, "report")) missing in the pack") }
        lines.append(
            isComparedWithRepository
                ? "the ledger in the repository holds the same entries"
                : "not compared with the repository (--with-repository)")
        if !hasProvenEnd, !isComparedWithRepository {
            lines.append("no entry follows the period: only --with-repository shows that none is missing at its end")
        }
        lines += notes.map { "note: the ledger had a defect outside of the pack: \($0.text.printable)" }
        return lines.joined(separator: "\n")
    }
}

extension LedgerChain.Finding {
    fileprivate var text: String { "\(number.map { "entry \($0): " } ?? "")\(reason)" }

    /// True for a defect of an entry in a pack or beside it, and for an end that others contradict.
    fileprivate func concerns(_ part: EvidencePack.LedgerPart) -> Bool {
        // The chain passes over an object of others: no entry is lost there.
        guard let number, kind != .foreign else { return false }
        let start = (part.before ?? part.first)?.number ?? 1
        let end = (part.after ?? part.last)?.number ?? start
        if number > end, kind == .otherHead || kind == .missing { return true }
        return start <= number && number <= end
    }
}

extension RunLedger.Stored {
    /// The entry before, as this one names it.
    fileprivate var predecessor: LedgerHead? {
        guard head.number > 1, let previous = entry?.previous else { return nil }
        return LedgerHead(number: head.number - 1, sha256: previous)
    }
}
