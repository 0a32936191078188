import ArgumentParser
import Operations
import Platform

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Store backups of other tools as backup sets, each with its own time.",
        discussion: """
            Formats: \(formats.joined(separator: ", ")). docs/import.md lists the files that each has. dr verifies the \
            data as in a backup. A set never counts as newer than the backup that it was made from. A backup that a set \
            holds already is skipped. dr refuses an archive that is truncated, that holds devices, or whose paths or \
            links lead out of it, and imports the others. Exit code 3: a backup was refused, or a part of one is \
            damaged; 1: all were refused.
            """)

    static let formats = ImportJob.formats(of: supportedKinds)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The tool that made the backups.", completion: .list(formats))
    var format: String

    @Argument(
        help: "The backups: s3://bucket/prefix or a directory, an archive, or a repository of snapshots.",
        completion: .file())
    var sources: [String]

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Import only this component; may be repeated. PLACE is its folder or path at the source.",
            valueName: "name[=place]"))
    var component: [String] = []

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Import only the backup with this name at the source, or the beginning of it; may be repeated.",
            valueName: "name"))
    var only: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Offset of the clock that named the backups, such as +02:00 (default: UTC).", valueName: "offset"))
    var utcOffset: UTCOffset?

    @Option(name: .long, help: "File with the password of a repository of snapshots.", completion: .file())
    var passwordFile: String?

    @Flag(name: .long, help: "Show what would be imported, and change nothing.")
    var dryRun = false

    func run() async throws {
        try await recorded(as: .importing, options, unless: dryRun, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        let output = Output(options: options)
        var job = ImportJob(session, output, format: format, sources: sources)
        job.components = component
        job.only = only
        job.offset = utcOffset?.seconds ?? 0
        job.passwordFile = passwordFile
        job.isDryRun = dryRun
        let result = try await job.run()
        for note in result.notes { output.note("note: \(note)") }
        try output.result(result) { result.text }
        if !result.refused.isEmpty {
            throw result.imported.isEmpty && result.skipped.isEmpty ? ExitStatus.failed : ExitStatus.partial
        }
        if result.imported.contains(where: { !$0.isWhole }) { throw ExitStatus.partial }
    }
}

extension UTCOffset: ExpressibleByArgument {}
