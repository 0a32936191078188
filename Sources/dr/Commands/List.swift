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
        let session = try await Session(options, source, key: key).askingOnce
        let list = try await SetList(session, try await session.repository(), last: last)
        let output = Output(options: options)
        for remark in list.remarks { output.warn(remark) }
        for error in list.errors { StandardError.write("dr: \(error)\n") }
        try output.result(list) { Self.text(list, now: session.now()) }
        if !list.errors.isEmpty { throw ExitStatus.repositoryDamaged }
    }

    private static func text(_ list: SetList, now: Timestamp) -> String {
        guard !list.sets.isEmpty else { return "no backup yet" }
        var table = Table(
            [
                ("SET", .left), ("AGE", .right), ("STATUS", .left), ("COMPONENTS", .left), ("FILES", .right),
                ("SIZE", .right), ("STORED", .right), ("VERIFIED", .left), ("DRILLED", .left), ("KEPT", .left),
            ] + (list.hasEncryption ? [("ENCRYPTED", .left)] : []))
        for row in list.sets {
            table.add(
                [
                    "\(row.name)", row.isFuture ? "-" : Units.duration(seconds: max(0, now.seconds - row.name.seconds)),
                    row.state, row.components.joined(separator: ","), "\(row.files)", Units.bytes(row.bytes),
                    Units.bytes(row.stored), row.proof, DrillText.cell(row.drilled, untrusted: row.untrustedDrill),
                    row.kept.first ?? "-",
                ] + (list.hasEncryption ? [row.encryption?.word ?? "-"] : []))
        }
        return table.text
    }
}
