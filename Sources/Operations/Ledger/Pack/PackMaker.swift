package import BackupRepository
import Cryptography
import FoundationEssentials
import Platform
import RecoveryPlan
import Reporting
import StackConfiguration

/// Makes the pack of a period from the ledger.
package struct PackMaker {
    private let session: Session
    package var from: Timestamp?
    package var to: Timestamp?
    /// The folder of the pack; created if it is missing.
    private let folder: String
    /// Further folders with reports.
    package var reportFolders: [String] = []
    package var printsPDF = false

    package init(_ session: Session, folder: String) {
        self.session = session
        self.folder = folder
    }

    package struct Made: Encodable {
        package var files: [String]
        package var entries: Int
        package var summary: PackSummary
        package var reports: [PackedReport]
        /// The defects of the ledger.
        package var findings: [LedgerChain.Finding]

        /// True if the ledger is whole, and no report contradicts it.
        package var isSound: Bool { findings.isEmpty && !reports.contains { $0.state == .altered } }

        package var text: String {
            var lines = ["\(entries == 1 ? "1 entry" : "\(entries) entries") of the ledger"]
            lines += summary.text
            for report in reports where report.state == .missing || report.state == .altered {
                lines.append(
                    "report of run \(report.run): \(report.state.rawValue)\(report.reason.map { ": \($0)" } ?? "")"
                        .printable)
            }
            lines += findings.map { "FINDING \($0.number.map { "entry \($0): " } ?? "")\($0.reason.printable)" }
            return (lines + files.map { "wrote \($0)" }).joined(separator: "\n")
        }
    }

    /// - Throws: `UsageError` if the folder holds a pack already.
    package func make() async throws -> Made {
        guard !FileManager.default.fileExists(atPath: "\(folder)/pack.json") else {
            throw UsageError("'\(folder)' holds a pack already: choose another --folder")
        }
        let repository = try await session.repository()
        let known = session.isWithoutConfiguration ? nil : try session.state(of: repository).ledgerHead()
        let ledger = RunLedger(repository)
        var search = PackPeriod(from: from, to: to)
        // The newest entry before the period.
        var older = 0
        var newest: [String: Int] = [:]
        let whole = try await ledger.verify(known: known, pool: session.pool) { stored in
            search.take(stored.head.number, at: stored.entry?.at)
            if let at = stored.entry?.at, search.isEarlier(at) { older = stored.head.number }
            if let entry = stored.entry, [.drill, .recovery].contains(entry.activity) {
                newest[entry.run] = stored.head.number
            }
        }
        let period = search.numbers
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw FileError(folder, detail: FileFailure.text(error))
        }
        // A period without entries is between two entries.
        let numbers = period.map { $0.lowerBound..<$0.upperBound + 1 } ?? older + 1..<older + 1
        var pack = try await read(numbers, of: ledger, whole: whole)
        let reports = PackReports(
            runs: try? RunFolder(state: session.stateRoot), state: session.stateRoot, folders: reportFolders,
            pack: folder)
        let (entries, pool) = (pack.entries, session.pool)
        // The journal of a run that ends after the period is not the one that the entries name.
        let resumed = Set(newest.filter { $0.value > period?.upperBound ?? older }.keys)
        let found = try await pool.run { try reports.collect(entries, without: resumed) }
        (pack.reports, pack.deviations, pack.actions) = (found.reports, found.deviations, found.actions)
        pack.sets = PackedSet.all(
            pack.entries, in: try await sets(of: repository), from: from, to: to)
        let files = try write(pack)
        return Made(
            files: files, entries: pack.entries.count, summary: pack.summary, reports: pack.reports,
            findings: whole.findings)
    }

    private func read(
        _ period: Range<Int>, of ledger: RunLedger, whole: RunLedger.Report
    ) async throws -> EvidencePack {
        var files = PackFiles(folder)
        var entries: [PackedEntry] = []
        var before: LedgerHead?
        var after: LedgerHead?
        let numbers = try await session.pool.run { try ledger.listing().numbers }
        let start = try await sound(numbers.filter { $0 < period.lowerBound }.reversed(), in: ledger)
        let end = try await sound(numbers.filter { $0 >= period.upperBound }, in: ledger)
        let chosen = numbers.filter {
            $0 >= start ?? period.lowerBound && $0 <= end ?? Int.max
        }
        try await ledger.forEach(chosen, pool: session.pool) { number, stored in
            guard let stored else { return .proceed }
            // The neighbours prove that the period is whole at both ends.
            try files.add(stored)
            if number < period.lowerBound {
                before = stored.head
            } else if number >= period.upperBound {
                after = stored.head
            } else {
                entries.append(PackedEntry(stored, of: ledger.id, isSigned: whole.requiresSignatures))
            }
            return .proceed
        }
        try files.flush()
        return EvidencePack(
            tool: Release.tool, host: RunHolder.current.host, made: session.now(),
            repository: ledger.id, stack: session.configuration.stack, from: from, to: to,
            ledger: .init(
                files: files.written, before: before, first: entries.first?.head, last: entries.last?.head,
                after: after, newest: whole.newest,
                entries: whole.entries, signed: whole.signed, requiresSignatures: whole.requiresSignatures,
                findings: whole.findings),
            summary: PackSummary(entries), entries: entries, sets: [], reports: [], deviations: [], actions: [])
    }

    /// Returns the first of some entries that counts: others can have added objects between them.
    private func sound(_ numbers: [Int], in ledger: RunLedger) async throws -> Int? {
        try await session.pool.run {
            try numbers.prefix(Self.mostForeign).first { number in
                guard let stored = try ledger.read(number) else { return false }
                return stored.entry != nil && (stored.defect == nil || stored.defect?.reason == .untrusted)
            }
        }
    }

    private static let mostForeign = 200

    /// The sets of the period in the repository, with their status.
    private func sets(of repository: Repository) async throws -> [Timestamp: String] {
        let names = try await session.pool.run { try repository.setNames() }
            .filter { name in from.map { $0 <= name } ?? true && to.map { name <= $0 } ?? true }
        let (sets, unreadable) = try await repository.sets(names, pool: session.pool)
        return Dictionary(sets.map { ($0.name, $0.status.rawValue) } + unreadable.map { ($0.name, "unreadable") }) {
            first, _ in first
        }
    }

    private func write(_ pack: EvidencePack) throws -> [String] {
        let document = try pack.document()
        try OutputFile.write(document, to: "\(folder)/pack.json", links: .follow)
        try OutputFile.write(
            Array(try pack.page(sha256: Digest(of: document)).utf8), to: "\(folder)/pack.html", links: .follow)
        var files = ["\(folder)/pack.json", "\(folder)/pack.html"]
        if printsPDF { files.append(try PagePrinter.makePDF(of: "\(folder)/pack.html", at: "\(folder)/pack.pdf")) }
        return files
    }
}

extension PackedSet {
    /// The sets of a period.
    /// - Parameter present: the status of the sets in the repository.
    fileprivate static func all(
        _ entries: [PackedEntry], in present: [Timestamp: String], from: Timestamp?, to: Timestamp?
    ) -> [PackedSet] {
        var sets = Dictionary(
            uniqueKeysWithValues: present.map { ($0, PackedSet(name: $0, status: $1, entry: nil, restoredBy: [])) })
        for packed in entries {
            guard let entry = packed.entry, entry.phase == .ended, let set = entry.set else { continue }
            if entry.activity == .backup || entry.activity == .imported {
                sets[set.name, default: PackedSet(name: set.name, status: nil, entry: nil, restoredBy: [])].entry =
                    packed.number
            } else if PlanTest(entry)?.passed == true {
                // Also a set from before the period: it is part of the sample.
                sets[set.name, default: PackedSet(name: set.name, status: nil, entry: nil, restoredBy: [])].restoredBy
                    .append(packed.number)
            }
        }
        return sets.values.sorted { $0.name < $1.name }
    }
}
