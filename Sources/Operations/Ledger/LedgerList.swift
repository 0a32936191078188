package import BackupRepository
import Cryptography
import Platform

/// The entries of the ledger, newest first.
package struct LedgerList {
    package var from: Timestamp?
    package var to: Timestamp?
    package var activities: Set<LedgerEntry.Activity> = []

    package init() {}

    /// One entry. In JSON: the members of the entry, and those of the row.
    package struct Row: Encodable {
        package var number: Int
        /// The SHA-256 of the entry as it is stored.
        var sha256: Digest
        package var entry: LedgerEntry?
        /// The SHA-256 of the signer's certificate.
        var signer: Digest?
        /// The reason why the entry does not count.
        package var defect: String?

        private enum CodingKeys: String, CodingKey { case number, sha256, signer, defect }

        package func encode(to encoder: any Encoder) throws {
            try entry?.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(number, forKey: .number)
            try container.encode(sha256, forKey: .sha256)
            try container.encodeIfPresent(signer, forKey: .signer)
            try container.encodeIfPresent(defect, forKey: .defect)
        }

        package static let titles = "NUMBER  TIME (UTC)           ACTIVITY      RESULT        HOST"

        /// The row as a line of text, in fixed columns: the rows are printed while they are read.
        package var text: String {
            guard let entry else { return "\(Self.padded("\(number)", 6))  DEFECT: \(defect ?? "")".printable }
            let result = entry.phase == .ended ? entry.verdict ?? "ended" : entry.phase.rawValue
            var parts = [entry.host]
            if let scenario = entry.scenario { parts.append("scenario \(scenario)") }
            if let components = entry.components { parts.append(components.joined(separator: ", ")) }
            if let set = entry.set { parts.append("set \(set.name)") }
            if entry.control == .missed { parts.append("the control run was not detected") }
            if let reason = entry.reason { parts.append(reason) }
            if let defect { parts.append("DEFECT: \(defect)") }
            return [
                Self.padded("\(number)", 6), entry.at.readable, Self.padded(entry.activity.rawValue, 12),
                Self.padded(result, 12), parts.joined(separator: "; "),
            ].joined(separator: "  ").printable
        }

        private static func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
    }

    /// Calls `body` with each entry of the period, newest first, and remembers the newest entry.
    package func forEach(in session: Session, _ body: (Row) throws -> Void) async throws {
        let repository = try await session.repository()
        let ledger = RunLedger(repository)
        let numbers = try await session.pool.run { try ledger.listing().numbers }
        var older = 0
        var newest: LedgerHead?
        try await ledger.forEach(Array(numbers.reversed()), pool: session.pool) { number, stored in
            guard let stored else { return .proceed }
            if newest == nil, stored.defect == nil { newest = stored.head }
            let row = Row(
                number: number, sha256: stored.head.sha256, entry: stored.entry, signer: stored.signer,
                defect: stored.defect?.detail)
            guard let entry = stored.entry else {
                try body(row)
                return .proceed
            }
            if let from, entry.at < from {
                older += 1
                // Entries are almost in the order of time: clocks differ, and some are written late.
                return older < Self.mostOlder ? .proceed : .stop
            }
            older = 0
            if to.map({ entry.at <= $0 }) ?? true, activities.isEmpty || activities.contains(entry.activity) {
                try body(row)
            }
            return .proceed
        }
        if let newest { try session.remember(newest, of: repository) }
    }

    /// The number of entries in a row that are older than the period, after which the search ends.
    private static let mostOlder = 500
}

extension Session {
    /// Notes the newest entry of the ledger that this host has seen, so that a shorter ledger is found.
    func remember(_ head: LedgerHead, of repository: Repository) throws {
        guard !isWithoutConfiguration, recorded == nil else { return }
        try state(of: repository).recordLedgerHead(head)
    }
}
