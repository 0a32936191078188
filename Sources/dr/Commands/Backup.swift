import ArgumentParser
import BackupRepository
import Operations
import Platform

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Back up the components: capture them, store new data, and write a backup set.",
        discussion: """
            Does not need a lock: two concurrent backups both succeed. Exit code 3: a component failed, a file is \
            damaged, or a component shrank by more than its shrink_threshold. The rest is backed up, and the set lists \
            the missing data. After a shrink, restores prefer the sets before it until --accept-shrink. Exit code 4: \
            --verify=sample found damaged packs.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, parsing: .singleValue, help: "Back up only this component; may be repeated (default: all).")
    var component: [String] = []

    @Flag(
        name: .long,
        help: "Accept the current size of components that were reported as shrunk or empty.")
    var acceptShrink = false

    @Flag(name: .long, help: "Allow a repository that holds only the backups of another stack.")
    var allowOtherStack = false

    @Flag(name: .long, help: "Do not prune after the backup.")
    var noPrune = false

    @Option(
        name: .long,
        help:
            "'sample' reads a share of the old packs after the backup, so that all are read within verification.period."
    )
    var verify: Check?

    enum Check: String, ExpressibleByArgument, CaseIterable { case sample, none }

    func run() async throws {
        try await recorded(as: .backup, options, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        let session = session.limited(.backup).askingOnce
        let output = Output(options: options)
        let notices = BackupNotices(session: session, output: output)
        let result: BackupJob.Result
        do {
            var job = try BackupJob(session, output, only: component)
            job.readsShare = verify.map { $0 == .sample } ?? job.readsShare
            job.prunes = !noPrune
            job.acceptsShrink = acceptShrink
            job.allowsOtherStack = allowOtherStack
            result = try await job.run()
        } catch {
            await notices.tell(error)
            throw error
        }
        let skipped = result.set.skipped
        if !skipped.isEmpty {
            output.note(
                "this set does not hold \(skipped.joined(separator: ", ")): their newest backups are in earlier sets")
        }
        for reason in result.set.reasons.dropLast(skipped.count) { StandardError.write("dr: \(reason)\n") }
        let printing = Swift.Result {
            try output.result(result) {
                ([SetText.summary(result.set, recording: result.recording)]
                    + (result.sample.map { [SampleText.summary($0)] } ?? []))
                    .joined(separator: "\n")
            }
        }
        // Sent even if the result could not be printed.
        await notices.tell(result.set, snapshots: result.snapshotWarnings)
        try printing.get()
        if result.sample?.findings.isEmpty == false { throw ExitStatus.checkFailed }
        if !result.set.isAsAsked { throw ExitStatus.partial }
    }
}
