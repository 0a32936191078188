package import BackupRepository
import Cryptography
package import Foundation
import Platform
package import RecoveryPlan

extension Session {
    /// Returns the entries of the ledger in the 13 months before a time, the newest first; without entries that do not
    /// count. Of the backups, only the newest that succeeded.
    /// - Parameter longest: the number of newest entries that are read.
    package func ledgerHistory(
        of repository: Repository, since time: Date, longest: Int = 20_000
    ) async throws -> [TestRecord] {
        let ledger = RunLedger(repository)
        let numbers = try await pool.run { try ledger.listing().numbers.suffix(longest) }
        let oldest = time.addingTimeInterval(-400 * 86_400)
        var records: [TestRecord] = []
        var hasBackup = false
        try await ledger.forEach(Array(numbers.reversed()), pool: pool) { _, stored in
            guard let stored, stored.defect == nil, let entry = stored.entry else { return .proceed }
            guard Date(timeIntervalSince1970: Double(entry.at.seconds)) > oldest else { return .stop }
            guard let record = TestRecord(entry) else { return .proceed }
            if record.activity == .backup {
                guard !hasBackup, record.succeeded else { return .proceed }
                hasBackup = true
            }
            records.append(record)
            return .proceed
        }
        return records
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
