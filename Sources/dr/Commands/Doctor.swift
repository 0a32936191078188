import ArgumentParser
import BackupRepository
import Operations
import Platform
import StackConfiguration

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check that this machine can reach, read and write everything that a backup and a restore need.",
        discussion: """
            Writes a few small objects to the store and removes them. On S3 it also uploads one part of the size that \
            backups use, and aborts that upload. Exit code 1: a check failed.
            """)

    @Option(
        name: .long,
        help: """
            Check that the store's credentials can do no more than this role needs: backup, prune, verify or restore \
            (see `dr policy`).
            """)
    var role: StoreRole?

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        var checks = [Check("configuration", verdict: .ok, session.file)]
        checks += await StoreChecks(session: session, role: role).run()
        checks += await ComponentChecks(session: session).run()
        checks += try await ClusterChecks(session: session).run()
        // An interrupted check found nothing wrong.
        try Task.checkCancellation()
        let worst = checks.contains { $0.verdict == .failed }
        try Output(options: options).result(Result(healthy: !worst, checks: checks)) {
            var table = Table([("CHECK", .left), ("VERDICT", .left), ("DETAIL", .left)])
            for check in checks {
                table.add([check.name, check.verdict.rawValue, check.detail.replacing("\n", with: "; ")])
            }
            return table.text
        }
        if worst { throw ExitStatus.failed }
    }

    private struct Result: Encodable {
        var healthy: Bool
        var checks: [Check]
    }
}
