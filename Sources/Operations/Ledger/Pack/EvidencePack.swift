package import BackupRepository
package import Cryptography
import FoundationEssentials
import Platform

/// The evidence of a period: every run in the ledger, with the reports that are at hand. The JSON is the source of truth.
///
/// Schema: `docs/pack.schema.json`.
package struct EvidencePack: Codable, Equatable, Sendable {
    package static let schema = "dr.pack/1"

    package var schema = EvidencePack.schema
    package var tool: String
    package var host: String
    package var made: Timestamp
    /// The id of the repository.
    package var repository: String
    package var stack: String
    package var from: Timestamp?
    package var to: Timestamp?
    package var ledger: LedgerPart
    package var summary: PackSummary
    /// All entries from the first to the last one of the period.
    package var entries: [PackedEntry]
    /// The backup sets of the period, in the repository or named by the ledger.
    package var sets: [PackedSet]
    package var reports: [PackedReport]
    package var deviations: [Remark]
    package var actions: [Action]

    /// The place of the period in the ledger, with the state of the whole ledger when the pack was made.
    package struct LedgerPart: Codable, Equatable, Sendable {
        /// The files with the entries as they are stored.
        package var files: [File]
        /// The entry before the period; absent if the period begins with the first entry.
        package var before: LedgerHead?
        /// Absent if the period has no entry.
        package var first: LedgerHead?
        package var last: LedgerHead?
        /// The entry after the period; absent if the period ends with the newest entry.
        package var after: LedgerHead?
        package var newest: LedgerHead?
        /// The number of entries in the whole ledger.
        package var entries: Int
        package var signed: Int
        package var requiresSignatures: Bool
        /// The defects of the whole ledger.
        package var findings: [LedgerChain.Finding]
    }

    package struct File: Codable, Equatable, Sendable {
        package var file: String
        package var sha256: Digest
    }

    package struct Remark: Codable, Equatable, Sendable {
        package var run: String
        package var text: String
    }

    package struct Action: Codable, Equatable, Sendable {
        package var run: String
        package var action: String
        package var owner: String
        package var due: String
        package var done: Bool
    }

    /// True if a time is in the period.
    func covers(_ time: Timestamp) -> Bool { from.map { $0 <= time } ?? true && to.map { time <= $0 } ?? true }

    /// The JSON of the pack: canonical, so that a verification can compare bytes.
    package func document() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}

/// One entry of the ledger in a pack.
package struct PackedEntry: Codable, Equatable, Sendable {
    package var number: Int
    /// The SHA-256 of the object as it is stored.
    package var sha256: Digest
    /// The SHA-256 of the signer's certificate.
    package var signer: Digest?
    /// Absent if the object is not an entry.
    package var entry: LedgerEntry?

    var head: LedgerHead { LedgerHead(number: number, sha256: sha256) }

    /// Reads the entry as a verification does that has only its object.
    package init(_ stored: RunLedger.Stored, of repository: String, isSigned: Bool) {
        number = stored.head.number
        sha256 = stored.head.sha256
        entry = stored.entry
        guard isSigned, let object = stored.object else { return }
        signer = RunLedger.Stored(object, number: number, of: repository, trusting: []).signer
    }
}

/// A backup set of the period.
package struct PackedSet: Codable, Equatable, Sendable {
    package var name: Timestamp
    /// `complete` or `partial`; absent if the repository does not hold the set any more.
    package var status: String?
    /// The number of the entry that its backup wrote; absent if there is none in the period.
    package var entry: Int?
    /// The numbers of the entries of drills and recoveries that restored it with success, in time or late.
    package var restoredBy: [Int]
}

/// The report of a run of the period.
package struct PackedReport: Codable, Equatable, Sendable {
    package enum State: String, Codable, Sendable {
        /// Its SHA-256 is the one in the ledger.
        case matches
        /// Its journal is the one in the ledger, and the report was made again, for example with other corrective actions.
        case matchesJournal = "matches_journal"
        /// It belongs to another journal than the one in the ledger, or contradicts itself.
        case altered
        /// There is no file of it.
        case missing
    }

    package var run: String
    /// The number of the entry of its end.
    package var entry: Int
    package var state: State
    /// The path of the JSON in the pack, and its SHA-256.
    package var file: String?
    package var sha256: Digest?
    /// The reason for ``State/altered``.
    package var reason: String?
    /// `drawn`, `chosen` or `newest`: the choice of the backup set of a drill.
    package var setChoice: String?
}

/// The counts of the runs in a pack, and the entries that a reader must look at. A pure function of the entries.
package struct PackSummary: Codable, Equatable, Sendable {
    package struct Count: Codable, Equatable, Sendable {
        package var activity: LedgerEntry.Activity
        package var verdict: String
        package var runs: Int
    }

    package var counts: [Count]
    /// The numbers of the ends that are not a success, without the inconclusive ones.
    package var failures: [Int]
    package var inconclusive: [Int]
    /// The numbers of the begins without an end in the period, and of the runs that died.
    package var unfinished: [Int]
    /// The numbers of objects that are not entries.
    package var unreadable: [Int]

    package init(_ entries: [PackedEntry]) {
        var counts: [String: Count] = [:]
        var begun: [Int] = []
        var ended: Set<Int> = []
        (failures, inconclusive, unfinished, unreadable) = ([], [], [], [])
        for packed in entries {
            guard let entry = packed.entry else {
                unreadable.append(packed.number)
                continue
            }
            if let begin = entry.begun { ended.insert(begin) }
            let verdict: String
            switch entry.phase {
            case .begun:
                begun.append(packed.number)
                continue
            case .abandoned:
                unfinished.append(packed.number)
                verdict = "abandoned"
            case .ended:
                verdict = entry.verdict ?? "unknown"
                if verdict == "inconclusive" {
                    inconclusive.append(packed.number)
                } else if entry.exitCode != 0 {
                    failures.append(packed.number)
                }
            }
            counts[
                "\(entry.activity.rawValue) \(verdict)",
                default: Count(
                    activity: entry.activity, verdict: verdict, runs: 0)
            ].runs += 1
        }
        unfinished = (unfinished + begun.filter { !ended.contains($0) }).sorted()
        self.counts = counts.sorted { $0.key < $1.key }.map(\.value)
    }
}
