import BackupRepository
import Platform

/// The facts of the newest part of the ledger.
struct LedgerFacts: Equatable, Sendable {
    /// Nil if the ledger is empty.
    var newest: LedgerHead?
    /// The newest entry that this host knew.
    var known: LedgerHead?
    /// The contradiction between the entry that this host knew and the ledger.
    var contradiction: String?
    /// The gap or the broken link among the entries read.
    var interruption: String?
    /// The reason why one of the entries read does not count.
    var defect: String?
    /// The drills and recoveries among the entries read, by scenario.
    var tests: [String: [PlanTest]] = [:]

    /// The number of entries that are read: `dr ledger verify` reads all of them.
    private static let most = 300

    static func read(_ ledger: RunLedger, known: LedgerHead?, pool: BlockingPool) async throws -> LedgerFacts {
        var facts = LedgerFacts()
        facts.known = known
        let numbers = try await pool.run { try ledger.listing() }.numbers
        var tail = LedgerTail()
        if let known {
            let stored = try await pool.run { try ledger.read(known.number) }
            if stored?.head != known {
                facts.contradiction =
                    "entry \(known.number), which this host knows, \(stored == nil ? "is gone" : "was exchanged")"
            }
        }
        try await ledger.forEach(numbers.suffix(most), pool: pool) { number, stored in
            if let defect = stored?.defect { facts.defect = "entry \(number): \(defect.detail)" }
            if let stored { tail.add(stored) }
            guard let stored, stored.defect == nil, let entry = stored.entry else { return .proceed }
            facts.newest = stored.head
            if let scenario = entry.scenario, let test = PlanTest(entry) {
                facts.tests[scenario, default: []].append(test)
            }
            return .proceed
        }
        let breaks = tail.findings(isWhole: numbers.count <= most).filter(\.isBreak)
        let more = breaks.count > 1 ? ", and \(Units.count(breaks.count - 1, "more break"))" : ""
        facts.interruption = breaks.first.map { $0.text + more }
        return facts
    }
}

extension ReadinessRow {
    static func ledger(_ facts: LedgerFacts) -> ReadinessRow {
        let remedy = "dr ledger verify"
        if let contradiction = facts.contradiction {
            return ReadinessRow(.ledger, is: .red, contradiction, remedy: remedy)
        }
        if let interruption = facts.interruption {
            return ReadinessRow(.ledger, is: .red, interruption, remedy: remedy)
        }
        if let defect = facts.defect { return ReadinessRow(.ledger, is: .amber, defect, remedy: remedy) }
        guard let newest = facts.newest else {
            return ReadinessRow(.ledger, is: .notApplicable, "the ledger has no entry yet")
        }
        let memory = facts.known.map { "; entry \($0.number), which this host knows, is unchanged" } ?? ""
        return ReadinessRow(.ledger, is: .green, "newest entry: \(newest.number)\(memory)")
    }
}
