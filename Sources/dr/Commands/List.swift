import ArgumentParser
import BackupRepository
import Operations
import Platform
import Retention
import StackConfiguration

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the backup sets, oldest first.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var key: RecoveryKeyOptions

    @Option(name: .long, help: "Show only the newest N sets.")
    var last: Int?

    func validate() throws {
        if let last, last < 1 { throw ValidationError("--last takes a number from 1") }
    }

    func run() async throws {
        let session = try await Session(options, source, key: key)
        let repository = try await session.repository()
        let names = try await session.pool.run { try repository.setNames() }
        let now = session.now()
        let (stored, unreadable) = try await repository.sets(names, pool: session.pool)
        let all = stored.filter(repository.scope.owns)
        let others = Dictionary(grouping: stored.filter { !repository.scope.owns($0) }) { $0.stack ?? "" }
            .mapValues(\.count)
        let (marks, plan) = try await session.pool.run { [configuration = session.configuration] in
            let marks = try SetMarks(Marks(repository))
            return (marks, Self.plan(all, marks: marks, configuration: configuration, scope: repository.scope, at: now))
        }
        let output = Output(options: options)
        for (stack, count) in others.sorted(by: { $0.key < $1.key }) {
            output.warn("not shown: \(Units.count(count, "set")) of stack '\(stack)' in the same repository")
        }
        let foreign = try await session.pool.run {
            try unreadable.map(\.name).filter { try repository.isForeign($0, at: now) }
        }
        for warning in RepositoryError.warning(aboutForeignSets: foreign) { output.warn(warning) }
        for (name, reason) in unreadable where !foreign.contains(name) {
            StandardError.write("dr: 'sets/\(name).json': \(reason)\n")
        }
        let sets = all.suffix(last ?? all.count)
        let encryption = try await session.pool.run { [sets] in
            try repository.encryption(of: Array(sets), hasConfiguration: !session.isWithoutConfiguration)
        }
        let rows = sets.map { set in
            Row(
                set, encryption: encryption[set.name], marks: marks[set.name], reasons: plan[set.name],
                isFuture: repository.scope.isFuture(set, at: now),
                now: now)
        }
        if let future = rows.last(where: { $0.isFuture && $0.dropped == nil }) {
            output.warn(
                "set \(future.name) is from the future: restores skip it\nhint: if this machine's clock is right, run "
                    + "`dr drop \(future.name) --reason \"wrong clock\"`; otherwise set the clock")
        }
        try output.result(
            Result(
                sets: rows, unreadable: unreadable.map(\.name), foreign: foreign.isEmpty ? nil : foreign,
                otherStacks: others.isEmpty ? nil : others)
        ) {
            guard !sets.isEmpty else { return "no backup yet" }
            var table = Table(
                [
                    ("SET", .left), ("AGE", .right), ("STATUS", .left), ("COMPONENTS", .left), ("FILES", .right),
                    ("SIZE", .right), ("STORED", .right), ("VERIFIED", .left), ("DRILLED", .left), ("KEPT", .left),
                ] + (encryption.isEmpty ? [] : [("ENCRYPTED", .left)]))
            for row in rows {
                table.add(
                    [
                        "\(row.name)",
                        row.isFuture ? "-" : Units.duration(seconds: max(0, now.seconds - row.name.seconds)), row.state,
                        row.components.joined(separator: ","), "\(row.files)", Units.bytes(row.bytes),
                        Units.bytes(row.stored), row.proof, row.drilled?.readable ?? "-",
                        row.kept.first ?? "-",
                    ] + (encryption.isEmpty ? [] : [row.encryption?.word ?? "-"]))
            }
            return table.text
        }
        if unreadable.count > foreign.count { throw ExitStatus.repositoryDamaged }
    }

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

    private struct Result: Encodable {
        var sets: [Row]
        var unreadable: [Timestamp]
        /// Those of them that dr did not write.
        var foreign: [Timestamp]?
        /// The number of sets of each other stack that shares the repository.
        var otherStacks: [String: Int]?
    }

    private struct Row: Encodable {
        var name: Timestamp
        var status: BackupSet.Status
        var started: Timestamp
        var finished: Timestamp
        var components: [String]
        var failed: [String]
        var files: Int
        var bytes: Int
        /// Bytes that the run added to the store.
        var stored: Int

        /// The times when every byte of the set, and its structure, was last verified.
        var verified: Timestamp?
        var checked: Timestamp?
        var drilled: Timestamp?
        var pinned: Bool
        /// True if the set's name is a time in the future: a clock was wrong.
        var isFuture: Bool
        /// The reason for which an operator dropped it; it is removed once the grace period is over.
        var dropped: String?
        /// The reasons for which the retention policy keeps the set; empty for a set that is to be dropped.
        var kept: [String]
        /// The keys that open it; absent where neither dr.yaml nor a set has recipients.
        var encryption: SetEncryption?

        init(
            _ set: BackupSet, encryption: SetEncryption?, marks: SetMarks.Facts, reasons: [String]?, isFuture: Bool,
            now: Timestamp
        ) {
            self.isFuture = isFuture
            self.encryption = encryption
            dropped = marks.dropReason(at: now)
            (verified, checked, drilled) = (marks.verified, marks.checked, marks.drilled)
            pinned = marks.pinned?.holds(at: now) ?? false
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

        var state: String { dropped != nil ? "dropped" : isFuture ? "future" : status.rawValue }

        var proof: String { verified?.readable ?? (checked == nil ? "-" : "structure only") }
    }
}
