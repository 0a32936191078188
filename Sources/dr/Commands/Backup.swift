import ArgumentParser
import BackupRepository
import Operations
import Platform

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Capture the components, store what is new, commit a set.",
        discussion: """
            Needs no lock: two backups at once both succeed. Exit code 3 when some component failed or some file is \
            damaged: the rest is backed up, and the set says what is missing. Exit code 4 when --verify finds that \
            something stored before is damaged. Also exit code 3 when a component shrank by more than its \
            shrink_threshold: restores prefer the sets before that, until --accept-shrink.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, parsing: .singleValue, help: "Only this component; may be given again. All by default.")
    var component: [String] = []

    @Flag(
        name: .long,
        help: "Take what the components hold now for their normal size, where a backup was called shrunk or empty.")
    var acceptShrink = false

    @Flag(name: .long, help: "Back up into a repository that so far only holds another stack's backups.")
    var allowOtherStack = false

    @Flag(name: .long, help: "Do not prune afterwards.")
    var noPrune = false

    @Option(
        name: .long,
        help: "'sample' reads a share of the old packs afterwards, so that all are read within verification.period.")
    var verify: Check?

    enum Check: String, ExpressibleByArgument, CaseIterable { case sample, none }

    func run() async throws {
        let session = try Session(options)
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
                "this set does not hold \(skipped.joined(separator: ", ")): their earlier backups stay the newest")
        }
        for reason in result.set.reasons.dropLast(skipped.count) { StandardError.write("dr: \(reason)\n") }
        let printing = Swift.Result {
            try output.result(result) {
                ([SetText.summary(result.set, recording: result.recording)]
                    + (result.sample.map { [SampleText.summary($0)] } ?? []))
                    .joined(separator: "\n")
            }
        }
        // Also where the result could not be printed.
        await notices.tell(result.set)
        try printing.get()
        if result.sample?.findings.isEmpty == false { throw ExitStatus.checkFailed }
        if !result.set.isAsAsked { throw ExitStatus.partial }
    }
}
