import ArgumentParser
import BackupRepository
import Operations
import Platform
import RecoveryPlan
import StackConfiguration

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Show the age of the newest restorable data, its verification, and the forecast of the recovery time.",
        discussion: """
            Shows for each component the newest set that holds it whole, which is the set that a restore uses. Exit \
            code 5: a component misses the RPO, has no backup, is empty or shrunk in its newest backup, or has a \
            newest datum whose time is unknown or in the future; or a set from the future exists. The forecast below \
            shows the expected time of the recoveries that were run or drilled on this machine, today and at the \
            present growth, with a warning if it exceeds the RTO. The forecast does not affect the exit code.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var key: RecoveryKeyOptions

    func run() async throws {
        let session = try await Session(options, source, key: key)
        let repository = try await session.repository()
        let names = try await session.pool.run { try repository.setNames() }
        let now = session.now()
        // Without a configuration, the components are those of the newest set.
        let configured = session.isWithoutConfiguration ? nil : session.configuration.components.map(\.name)
        let latest = try await repository.latest(
            of: configured.map(Set.init), now: now, provesManifests: false, pool: session.pool)
        let components = configured ?? (latest.parts.keys + latest.missing).sorted()
        let proofs = try await ComponentProofs(components, of: repository, session.pool)
        let output = Output(options: options)
        SelectionText.tell(latest, output)
        let encryption = try await session.pool.run {
            try repository.encryption(of: latest.sets, hasConfiguration: !session.isWithoutConfiguration)
        }
        for (name, found) in encryption.sorted(by: { $0.key < $1.key }) where found.state != .unknown {
            if let remark = found.remark { output.warn("set \(name) \(remark)") }
        }
        let future = latest.passedOver.filter { $0.kind == .future }.map(\.set)
        let rows = components.map { component in
            Row(
                component, newest: latest.parts[component], proofs: proofs, hasFuture: !future.isEmpty, now: now,
                rpo: session.rpo,
                tolerance: repository.scope.clockTolerance, encryption: encryption)
        }
        let forecasts = try await RecoveryForecasts(session, repository, sets: names, now: now)
        let previous = await PreviousContentRow.all(session, now: now)
        let missing = try await session.missingSets(of: Set(components), in: repository)
        let untrusted = try await session.pool.run { try UntrustedMarks(in: repository).errors }
        let alarms = missing.lines + RepositoryError.warnings(aboutMarks: untrusted)
        for line in alarms + missing.hints { output.warn(line) }
        // Without a configuration, dr has said it when it opened the repository.
        if !repository.signing.isRequired, !session.isWithoutConfiguration { output.warn(SigningText.unsigned) }
        let keys = try await session.pool.run { try RecipientProof.all(in: repository, now: now) }
        let result = Result(
            rpoSeconds: session.rpo, components: rows, recoveryKeys: keys, future: future.sorted(),
            recoveries: forecasts.outlooks,
            recoveryNotes: forecasts.notes, previousContent: previous, alarms: alarms)
        try output.result(result) {
            var table = Table([
                ("COMPONENT", .left), ("NEWEST SET", .left), ("STATUS", .left), ("NEWEST DATUM", .left),
                ("AGE", .right),
                ("RPO", .right), ("VERIFIED", .left), ("DRILLED", .left), ("VERDICT", .left),
            ])
            for row in rows {
                table.add([
                    row.component, row.set?.description ?? "-", row.status ?? "-",
                    Units.moment(milliseconds: row.newestDatum),
                    row.ageSeconds.map { Units.duration(seconds: $0) } ?? "-",
                    session.rpo.map { Units.duration(seconds: $0) } ?? "-", row.verified?.readable ?? "-",
                    row.drilled?.readable ?? "-", row.verdict,
                ])
            }
            let replaced = PreviousContentRow.text(previous).map { "\n\n" + $0 } ?? ""
            let tests =
                keys.isEmpty ? "" : "\n\n" + keys.map { "recovery key \($0.name): \($0.words)" }.joined(separator: "\n")
            return table.text + tests + "\n\n" + forecasts.text + replaced
        }
        if !alarms.isEmpty { throw ExitStatus.checkFailed }
        if !future.isEmpty || rows.contains(where: { $0.verdict != "ok" }) { throw ExitStatus.objectiveMissed }
    }

    private struct Result: Encodable {
        var rpoSeconds: Int?
        var components: [Row]
        /// The recipients of dr.yaml, and the newest test that the key of each passed.
        var recoveryKeys: [RecipientProof]
        /// Sets from the future, oldest first: a clock was wrong.
        var future: [Timestamp]
        /// The forecasts of the recoveries that were run or drilled on this machine.
        var recoveries: [RecoveryOutlook]
        /// The reasons why forecasts are missing.
        var recoveryNotes: [String]
        /// The previous content that restores kept beside the components' directories.
        var previousContent: [PreviousContentRow]
        /// Signs of an intruder: sets that are gone without a prune, marks without a trusted signature.
        var alarms: [String]
    }

    private struct Row: Encodable {
        var component: String
        var set: Timestamp?
        var status: String?
        /// Milliseconds since 1970; the time of the capture if the kind does not report a newest datum.
        var newestDatum: Int?
        var ageSeconds: Int?
        /// The times when every byte of a set that holds the component was last verified, and when such a set was last
        /// drilled.
        var verified: Timestamp?
        var drilled: Timestamp?
        /// "ok", "late", "unknown" (time of the newest datum), "future" (a datum is later than now), "empty", "shrunk"
        /// (the newest backup), "no backup", "future set" (a set from the future exists).
        var verdict: String
        /// The keys that open the set; absent where neither dr.yaml nor the set has recipients.
        var encryption: SetEncryption?
        /// The newer sets that a restore skips, newest first.
        var passedOver: [RestoreSelection.PassedOver]

        init(
            _ component: String, newest: RestoreSelection.Part?, proofs: ComponentProofs, hasFuture: Bool,
            now: Timestamp, rpo: Int?, tolerance: Int, encryption: [Timestamp: SetEncryption]
        ) {
            self.component = component
            (verified, drilled) = (proofs.verified[component], proofs.drilled[component])
            passedOver = newest?.passedOver ?? []
            guard let newest, let part = newest.set.components[component] else {
                verdict = "no backup"
                return
            }
            set = newest.set.name
            self.encryption = encryption[newest.set.name]
            status = part.damaged > 0 ? "damaged" : part.shrunk != nil ? "shrunk" : "whole"
            let point = RestorePoint.Part(component, part, now: now, rpo: rpo, tolerance: tolerance)
            newestDatum = point.newestDatum
            ageSeconds = point.ageSeconds
            // Lost data is worse than late data.
            let loss = newest.passedOver.first { [.empty, .shrunk].contains($0.kind) }?.kind
            if part.isEmpty || loss == .empty {
                verdict = RestorePoint.Verdict.empty.rawValue
            } else if part.shrunk != nil || loss != nil {
                verdict = "shrunk"
            } else if point.verdict == .ok, newest.set.imported != nil {
                // Another tool's backup meets no objective.
                verdict = "no backup"
            } else if point.verdict == .ok, hasFuture {
                verdict = "future set"
            } else {
                verdict = point.verdict.rawValue
            }
        }
    }
}
