import ArgumentParser
import Blocking
import Configuration
import Repository
import Retention

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the backup sets, oldest first.")

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Only the newest N sets.")
    var last: Int?

    func validate() throws {
        if let last, last < 1 { throw ValidationError("--last takes a number from 1") }
    }

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository()
        let names = try await session.pool.run { try repository.setNames() }
        let (all, unreadable) = try await repository.sets(names, pool: session.pool)
        let (marks, plan) = try await session.pool.run { [configuration = session.configuration] in
            let marks = try SetMarks(Marks(repository))
            return (marks, Self.plan(all, marks, configuration.retention.policy, at: Session.now()))
        }
        for (name, reason) in unreadable { StandardError.write("dr: 'sets/\(name).json': \(reason)\n") }
        let now = Session.now()
        let sets = all.suffix(last ?? all.count)
        try Output(options: options).result(
            Result(sets: sets.map { Row($0, marks[$0.name], plan[$0.name]) }, unreadable: unreadable.map(\.name))
        ) {
            guard !sets.isEmpty else { return "no backup yet" }
            var table = Table([
                ("SET", .left), ("AGE", .right), ("STATUS", .left), ("COMPONENTS", .left), ("FILES", .right),
                ("SIZE", .right), ("STORED", .right), ("VERIFIED", .left), ("DRILLED", .left), ("KEPT", .left),
            ])
            for set in sets {
                let row = Row(set, marks[set.name], plan[set.name])
                table.add([
                    "\(set.name)", Units.duration(seconds: max(0, now.seconds - set.name.seconds)), set.status.rawValue,
                    row.components.joined(separator: ","), "\(row.files)", Units.bytes(row.bytes),
                    Units.bytes(row.stored), row.proof, row.drilled?.readable ?? "-",
                    row.kept.first ?? "-",
                ])
            }
            return table.text
        }
        if !unreadable.isEmpty { throw ExitStatus.repositoryDamaged }
    }

    /// Why each set is kept.
    private static func plan(
        _ sets: [BackupSet], _ marks: SetMarks, _ policy: RetentionPolicy, at now: Timestamp
    ) -> [Timestamp: [String]] {
        let facts = sets.map { marks.retentionFacts(of: $0, at: now) }
        let plan = decide(facts, policy: policy, circumstances: PruneCircumstances(now: now.seconds))
        return Dictionary(
            plan.decisions.filter { $0.verdict == .keep }.map {
                (Timestamp(seconds: $0.set.time), $0.reasons.map(\.text))
            }
        ) { first, _ in first }
    }

    private struct Result: Encodable {
        var sets: [Row]
        var unreadable: [Timestamp]
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

        /// When every byte of it was last proved, and when its structure was.
        var verified: Timestamp?
        var checked: Timestamp?
        var drilled: Timestamp?
        var pinned: Bool
        /// Why retention keeps it; empty for a set that is to be dropped, and where only some sets were asked for.
        var kept: [String]

        init(_ set: BackupSet, _ marks: SetMarks.Facts, _ reasons: [String]?) {
            (verified, checked, drilled) = (marks.verified, marks.checked, marks.drilled)
            pinned = marks.pinned?.holds(at: Session.now()) ?? false
            kept = reasons ?? []
            name = set.name
            status = set.status
            (started, finished) = (set.started, set.finished)
            components = set.components.keys.sorted()
            failed = set.failed.keys.sorted()
            files = set.components.values.reduce(0) { $0 + $1.files }
            bytes = set.components.values.reduce(0) { $0 + $1.bytes }
            stored = set.components.values.reduce(0) { $0 + $1.added.stored }
        }

        var proof: String { verified?.readable ?? (checked == nil ? "-" : "structure only") }
    }
}
