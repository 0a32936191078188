import ArgumentParser
import Blocking
import Configuration
import RecoveryPlan
import Repository

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how old the newest restorable data are, what was proved of them, and what recoveries take.",
        discussion: """
            Exit code 5 when some component's data are older than the RPO allows, or it has no backup. Below stands what \
            the recoveries that were run or drilled on this machine are expected to take, today and at the present \
            growth, with a warning where that passes the RTO: a forecast changes no exit code.
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository()
        let names = try await session.pool.run { try repository.setNames() }
        let newest = try await newestBackups(session, repository, names)
        let proofs = try await ComponentProofs(
            session.configuration.components.map(\.name), of: repository, session.pool)
        let now = Session.now()
        let rows = session.configuration.components.map { component in
            Row(component.name, newest[component.name], proofs, now: now, rpo: session.rpo)
        }
        let forecasts = try await RecoveryForecasts(session, repository, names, now: now)
        let previous = await PreviousContentRow.all(session, now: now)
        let result = Result(
            rpoSeconds: session.rpo, components: rows, recoveries: forecasts.outlooks, recoveryNotes: forecasts.notes,
            previousContent: previous)
        try Output(options: options).result(result) {
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
            return table.text + "\n\n" + forecasts.text + replaced
        }
        if rows.contains(where: { $0.verdict != "ok" }) { throw ExitStatus.objectiveMissed }
    }

    /// Walks back from the newest set until every component was seen, or the sets end.
    private func newestBackups(
        _ session: Session, _ repository: Repository, _ names: [Timestamp]
    ) async throws -> [String: (set: BackupSet, part: BackupSet.Component)] {
        let wanted = Set(session.configuration.components.map(\.name))
        return try await session.pool.run {
            var found: [String: (set: BackupSet, part: BackupSet.Component)] = [:]
            for name in names.reversed() where !wanted.subtracting(found.keys).isEmpty {
                do {
                    let set = try repository.set(name)
                    for (component, part) in set.components where found[component] == nil {
                        found[component] = (set, part)
                    }
                } catch let error as RepositoryError where error.reason == .damaged {
                    StandardError.write("dr: \(error)\n")
                }
            }
            return found
        }
    }

    private struct Result: Encodable {
        var rpoSeconds: Int?
        var components: [Row]
        /// What is to be expected of those that were run or drilled on this machine.
        var recoveries: [RecoveryOutlook]
        /// Why there is none, or not of everything.
        var recoveryNotes: [String]
        /// Kept by restores beside the components' directories.
        var previousContent: [PreviousContentRow]
    }

    private struct Row: Encodable {
        var component: String
        var set: Timestamp?
        var status: String?
        /// Milliseconds since 1970; the capture's time where the kind knows no newest datum.
        var newestDatum: Int?
        var ageSeconds: Int?
        /// When every byte of a set that holds it was last proved, and when one was last restored in a drill.
        var verified: Timestamp?
        var drilled: Timestamp?
        /// "ok", "late", "no backup".
        var verdict: String

        init(
            _ component: String, _ newest: (set: BackupSet, part: BackupSet.Component)?, _ proofs: ComponentProofs,
            now: Timestamp, rpo: Int?
        ) {
            self.component = component
            (verified, drilled) = (proofs.verified[component], proofs.drilled[component])
            guard let (set, part) = newest else {
                verdict = "no backup"
                return
            }
            self.set = set.name
            status = part.damaged > 0 ? "damaged" : "whole"
            let point = RestorePoint.Part(component, part, now: now, rpo: rpo)
            newestDatum = point.newestDatum
            ageSeconds = point.ageSeconds
            verdict = point.verdict.rawValue
        }
    }
}
