package import BackupRepository
import Platform
package import Retention
import StackConfiguration

/// The sets of the stack with their marks, and the decision of the retention policy on each.
package struct SetShelf: Sendable {
    package struct Row: Sendable {
        package var set: StoredSet
        package var marks: SetMarks.Facts
        package var isKept: Bool
        /// The reasons of the retention policy, floors first.
        package var reasons: [Reason]
        /// The time at which the policy drops it if only time changes; nil if a reason without an end keeps it.
        package var keptUntil: Timestamp?
    }

    /// Oldest first; sets of other stacks are not among them.
    package private(set) var rows: [Row] = []
    /// The number of sets of each other stack that shares the repository.
    package private(set) var others: [String: Int] = [:]
    /// The sets that cannot be read, with the reason.
    package var unreadable: [(name: Timestamp, reason: String)] = []
    /// Reasons to drop no set until an operator has checked.
    package private(set) var freezes: [String] = []

    init() {}

    /// - Parameters:
    ///   - lastPrune: the time of the last prune, if it is known.
    ///   - failedRuns: backup runs that failed since the last successful one.
    init(
        _ sets: [StoredSet], marks: SetMarks, session: Session, lastPrune: Timestamp?, failedRuns: Int,
        at now: Timestamp
    ) {
        for set in sets where set.otherStack != nil { others[set.otherStack ?? "", default: 0] += 1 }
        let own = sets.filter { $0.otherStack == nil }
        let plan = decide(
            own.map { $0.retentionFacts(marks[$0.name], at: now) }, policy: session.configuration.retention.policy,
            circumstances: PruneCircumstances(
                now: now.seconds, lastPrune: lastPrune?.seconds, failedRuns: failedRuns,
                components: Set(session.configuration.components.map(\.name))))
        freezes = plan.freezes.map(\.text)
        let decisions = Dictionary(plan.decisions.map { ($0.set.time, $0) }) { first, _ in first }
        rows = own.map { set in
            let decision = decisions[set.name.seconds]
            return Row(
                set: set, marks: marks[set.name], isKept: decision?.verdict != .drop, reasons: decision?.reasons ?? [],
                keptUntil: decision?.keptUntil.map { Timestamp(seconds: $0) })
        }
    }

    /// The row of a set.
    package subscript(_ name: Timestamp) -> Row? { index(of: name).map { rows[$0] } }

    /// The set before another one.
    package func before(_ name: Timestamp) -> Row? { index(of: name).flatMap { $0 > 0 ? rows[$0 - 1] : nil } }

    /// The set after another one.
    package func after(_ name: Timestamp) -> Row? {
        index(of: name).flatMap { $0 + 1 < rows.count ? rows[$0 + 1] : nil }
    }

    private func index(of name: Timestamp) -> Int? {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].set.name < name { low = middle + 1 } else { high = middle }
        }
        return low < rows.count && rows[low].set.name == name ? low : nil
    }
}

extension SetShelf {
    /// Bytes of one full backup, before compression: those of the newest complete set; nil without one.
    package var newestBytes: Int? {
        rows.last { $0.set.isComplete && !$0.set.isImported && $0.set.bytes > 0 }?.set.bytes
    }

    /// The statistics of the repository, as `dr stats` shows them, without reading the sets again. Blocks.
    package func statistics(of repository: Repository) throws -> Statistics {
        let counted = rows.map { row in
            (row.set.name, row.set.components.map { (name: $0.name, files: $0.files, bytes: $0.bytes) })
        }
        return Statistics(counted, unreadable: unreadable.count, try RepositoryStorage(of: repository))
    }
}
