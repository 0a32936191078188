package import BackupRepository
import Cryptography
package import FoundationEssentials
import Platform
package import RecoveryPlan

/// The records of the ledger for reports.
package struct LedgerHistory: Sendable {
    /// The newest first; without entries that do not count. Of the backups, only the newest that succeeded.
    package var records: [TestRecord] = []
    /// The gaps and broken links among the entries that were read.
    package var breaks: [String] = []
}

extension Session {
    /// Returns the entries of the ledger in the 13 months before a time.
    /// - Parameter longest: the number of newest entries that are read.
    package func ledgerHistory(
        of repository: Repository, since time: Date, longest: Int = 20_000
    ) async throws -> LedgerHistory {
        let ledger = RunLedger(repository)
        let all = try await pool.run { try ledger.listing().numbers }
        let numbers = all.suffix(longest)
        let oldest = time.addingTimeInterval(-400 * 86_400)
        var history = LedgerHistory()
        var tail = LedgerTail()
        var isWhole = numbers.count == all.count
        var hasBackup = false
        try await ledger.forEach(Array(numbers.reversed()), pool: pool) { _, stored in
            if let stored { tail.add(stored) }
            guard let stored, stored.defect == nil, let entry = stored.entry else { return .proceed }
            guard Date(timeIntervalSince1970: Double(entry.at.seconds)) > oldest else {
                isWhole = false
                return .stop
            }
            guard let record = TestRecord(entry) else { return .proceed }
            if record.activity == .backup {
                guard !hasBackup, record.succeeded else { return .proceed }
                hasBackup = true
            }
            history.records.append(record)
            return .proceed
        }
        history.breaks = tail.findings(isWhole: isWhole).filter(\.isBreak).map(\.text)
        return history
    }
}

extension TestRecord {
    /// The record of an entry of the ledger; nil for other activities, and for a run that only began.
    fileprivate init?(_ entry: LedgerEntry) {
        guard entry.phase != .begun, let activity = Activity(rawValue: entry.activity.rawValue) else { return nil }
        let verdict = entry.phase == .abandoned ? "abandoned" : entry.verdict ?? "not known"
        let good: Set = ["complete", "partial", "good", "passed", "late", "recovered"]
        self.init(
            at: Moment.text(Date(timeIntervalSince1970: Double(entry.at.seconds))), activity: activity,
            succeeded: entry.phase == .ended && good.contains(verdict), verdict: verdict,
            components: entry.components ?? [])
        run = entry.run
        scenario = entry.scenario
        plan = entry.plan?.hex
        detected = entry.control.map { $0 == .detected }
        journal = entry.journal?.hex
        share = entry.share
    }

    /// Joins the records of journals with those of the ledger. A journal knows more about its run, a run of another host is in
    /// the ledger only, and the end of a run in the ledger wins over a journal that differs from it.
    /// - Parameters:
    ///   - ledger: the newest first.
    ///   - warn: gets the contradictions.
    static func merge(
        _ journals: [TestRecord], with ledger: [TestRecord], warn: (String) -> Void = { _ in }
    ) -> [TestRecord] {
        let known = Set(journals.compactMap(\.run))
        let ends = Dictionary(
            ledger.compactMap { record in record.run.map { ($0, record) } }, uniquingKeysWith: { newer, _ in newer })
        let confirmed = journals.map { record in
            guard let run = record.run, let end = ends[run] else { return record }
            guard record.journal == end.journal else {
                if record.succeeded || end.succeeded {
                    warn("run \(run) does not count as passed: its journal differs from the ledger")
                }
                var contradicted = end
                contradicted.succeeded = false
                return contradicted
            }
            var same = record
            if record.succeeded, !end.succeeded { (same.succeeded, same.verdict) = (false, end.verdict) }
            if record.activity == .drill { same.detected = end.detected }
            return same
        }
        return confirmed + ledger.filter { record in record.run.map { !known.contains($0) } ?? true }
    }
}
