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
        let session = try await Session(options, source, key: key).askingOnce
        let report = try await StatusReport(session, try await session.repository())
        let output = Output(options: options)
        for remark in report.remarks { output.warn(remark) }
        try output.result(report) { Self.text(report) }
        if !report.alarms.isEmpty { throw ExitStatus.checkFailed }
        if !report.meetsObjectives { throw ExitStatus.objectiveMissed }
    }

    private static func text(_ report: StatusReport) -> String {
        var table = Table([
            ("COMPONENT", .left), ("NEWEST SET", .left), ("STATUS", .left), ("NEWEST DATUM", .left), ("AGE", .right),
            ("RPO", .right), ("VERIFIED", .left), ("DRILLED", .left), ("VERDICT", .left),
        ])
        for row in report.components {
            table.add([
                row.component, row.set?.description ?? "-", row.status ?? "-",
                Units.moment(milliseconds: row.newestDatum),
                row.ageSeconds.map { Units.duration(seconds: $0) } ?? "-",
                report.rpoSeconds.map { Units.duration(seconds: $0) } ?? "-", row.verified?.readable ?? "-",
                DrillText.cell(row.drilled, untrusted: row.untrustedDrill), row.verdict,
            ])
        }
        let replaced = PreviousContentRow.text(report.previousContent).map { "\n\n" + $0 } ?? ""
        let keys = report.recoveryKeys
        let tests =
            keys.isEmpty ? "" : "\n\n" + keys.map { "recovery key \($0.name): \($0.words)" }.joined(separator: "\n")
        let copies = report.copies.map { "\n\n" + $0.map(\.text).joined(separator: "\n") } ?? ""
        return table.text + copies + tests + "\n\n" + report.forecastText + replaced
    }
}
