package import BackupRepository
import Platform
import Retention
import StackConfiguration

/// The backup sets of the stack, oldest first. This is the document of `dr list --json`.
package struct SetList: Encodable, Sendable {
    package var sets: [Row]
    package var unreadable: [Timestamp]
    /// Those of them that dr did not write.
    package var foreign: [Timestamp]?
    /// The number of sets of each other stack that shares the repository.
    package var otherStacks: [String: Int]?
    /// Warnings for the operator, in order. Not part of the document.
    package private(set) var remarks: [String] = []
    /// The errors of the unreadable sets. Not part of the document.
    package private(set) var errors: [String] = []

    private enum CodingKeys: String, CodingKey { case sets, unreadable, foreign, otherStacks }

    /// - Parameter last: the number of sets, the newest; nil for all.
    package init(_ session: Session, _ repository: Repository, last: Int? = nil) async throws {
        let names = try await session.pool.run { try repository.setNames() }
        let now = session.now()
        let (stored, unreadable) = try await repository.sets(names, pool: session.pool)
        let all = stored.filter(repository.scope.owns)
        let others = Dictionary(grouping: stored.filter { !repository.scope.owns($0) }) { $0.stack ?? "" }
            .mapValues(\.count)
        let (marks, plan) = try await session.pool.run { [configuration = session.configuration] in
            let marks = try SetMarks(Marks(repository), now: now)
            return (marks, Self.plan(all, marks: marks, configuration: configuration, scope: repository.scope, at: now))
        }
        for (stack, count) in others.sorted(by: { $0.key < $1.key }) {
            remarks.append("not shown: \(Units.count(count, "set")) of stack '\(stack)' in the same repository")
        }
        let foreign = try await session.pool.run {
            try unreadable.map(\.name).filter { try repository.isForeign($0, at: now) }
        }
        remarks += RepositoryError.warning(aboutForeignSets: foreign, inCopy: session.copyName)
        errors = unreadable.filter { !foreign.contains($0.name) }.map { "'sets/\($0.name).json': \($0.reason)" }
        let shown = all.suffix(last ?? all.count)
        let encryption = try await session.pool.run {
            try repository.encryption(of: Array(shown), hasConfiguration: !session.isWithoutConfiguration)
        }
        sets = shown.map { set in
            Row(
                set, encryption: encryption[set.name], marks: marks[set.name], reasons: plan[set.name],
                isFuture: repository.scope.isFuture(set, at: now), now: now)
        }
        hasEncryption = !encryption.isEmpty
        if let future = sets.last(where: { $0.isFuture && $0.dropped == nil }) {
            let drop = DropAdvice.command(for: future.name, inCopy: session.copyName, reason: "wrong clock")
            remarks.append(
                "set \(future.name) is from the future: restores skip it\nhint: if this machine's clock is right, run "
                    + "`\(drop)`; otherwise set the clock")
        }
        self.unreadable = unreadable.map(\.name)
        self.foreign = foreign.isEmpty ? nil : foreign
        otherStacks = others.isEmpty ? nil : others
    }

    /// The newest sets of a known list: reads only these.
    package init(_ session: Session, _ repository: Repository, shelf: SetShelf, last: Int) async throws {
        let now = session.now()
        let rows = shelf.rows.suffix(last)
        let (shown, failed) = try await repository.sets(rows.map(\.set.name), pool: session.pool)
        let encryption = try await session.pool.run {
            try repository.encryption(of: shown, hasConfiguration: !session.isWithoutConfiguration)
        }
        hasEncryption = !encryption.isEmpty
        let known = Dictionary(rows.map { ($0.set.name, $0) }) { first, _ in first }
        sets = shown.compactMap { set in
            guard let row = known[set.name] else { return nil }
            return Row(
                set, encryption: encryption[set.name], marks: row.marks,
                reasons: row.isKept ? row.reasons.map(\.text) : nil, isFuture: repository.scope.isFuture(set, at: now),
                now: now)
        }
        unreadable = (shelf.unreadable.map(\.name) + failed.map(\.name)).sorted()
        otherStacks = shelf.others.isEmpty ? nil : shelf.others
    }

    /// True if the keys of a set are known. Not part of the document.
    package let hasEncryption: Bool

    /// The reasons for which each set is kept.
    private static func plan(
        _ sets: [BackupSet], marks: SetMarks, configuration: Configuration, scope: SetScope, at now: Timestamp
    ) -> [Timestamp: [String]] {
        let facts = sets.map { marks.retentionFacts(of: $0, at: now, in: scope) }
        let plan = decide(
            facts, policy: configuration.retention.policy,
            circumstances: PruneCircumstances(
                now: now.seconds, components: Set(configuration.components.map(\.name))))
        return Dictionary(
            plan.decisions.filter { $0.verdict == .keep }.map {
                (Timestamp(seconds: $0.set.time), $0.reasons.map(\.text))
            }
        ) { first, _ in first }
    }

    package struct Row: Encodable, Sendable {
        package var name: Timestamp
        package var status: BackupSet.Status
        package var started: Timestamp
        package var finished: Timestamp
        package var components: [String]
        package var failed: [String]
        package var files: Int
        package var bytes: Int
        /// Bytes that the run added to the store.
        package var stored: Int

        /// The times when every byte of the set, and its structure, was last verified.
        package var verified: Timestamp?
        package var checked: Timestamp?
        package var drilled: Timestamp?
        /// The time of a drill that does not count, because its mark has no trusted signature.
        package var untrustedDrill: Timestamp?
        package var pinned: Bool
        /// True if a verification found the set damaged; absent otherwise.
        package var damaged: Bool?
        /// True if the set's name is a time in the future: a clock was wrong.
        package var isFuture: Bool
        /// The reason for which an operator dropped it; it is removed once the grace period is over.
        package var dropped: String?
        /// The reasons for which the retention policy keeps the set; empty for a set that is to be dropped.
        package var kept: [String]
        /// The keys that open it; absent where neither dr.yaml nor a set has recipients.
        package var encryption: SetEncryption?

        fileprivate init(
            _ set: BackupSet, encryption: SetEncryption?, marks: SetMarks.Facts, reasons: [String]?, isFuture: Bool,
            now: Timestamp
        ) {
            self.isFuture = isFuture
            self.encryption = encryption
            dropped = marks.dropReason(at: now)
            (verified, checked, drilled) = (marks.verified, marks.checked, marks.drilled)
            untrustedDrill = marks.untrustedDrill
            pinned = marks.pinned?.holds(at: now) ?? false
            damaged = marks.isDamaged ? true : nil
            kept = reasons ?? []
            name = set.name
            status = set.status
            (started, finished) = (set.started, set.finished)
            components = set.components.keys.sorted()
            failed = set.failed.keys.sorted()
            files = set.components.values.lazy.map(\.files).clampedSum()
            bytes = set.components.values.lazy.map(\.bytes).clampedSum()
            stored = set.components.values.lazy.map(\.added.stored).clampedSum()
        }

        package var state: String {
            dropped != nil ? "dropped" : isFuture ? "future" : damaged == true ? "damaged" : status.rawValue
        }

        package var proof: String { verified?.readable ?? (checked == nil ? "-" : "structure only") }
    }
}
