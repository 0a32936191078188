import ArgumentParser
import Operations
import StackConfiguration

/// Groups the schedule commands.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Schedule hourly backups, daily verification, a weekly sample and a quarterly drill.",
        subcommands: [Show.self, Install.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the files of the schedule for this host.")

        @OptionGroup var options: GlobalOptions
        @OptionGroup var schedule: ScheduleOptions

        func run() async throws {
            let session = try Session(options)
            let plan = try schedule.plan(session)
            let files = plan.files(session)
            try Output(options: options).result(Result(form: plan.form, files: files)) {
                return files.map { "# ----- \($0.name)\n\($0.content)" }.joined(separator: "\n")
            }
        }

        private struct Result: Encodable {
            var form: SchedulePlan.Form
            var files: [ScheduleFile]
        }
    }

    struct Install: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the files of the schedule. A second run changes nothing.")

        @OptionGroup var options: GlobalOptions
        @OptionGroup var schedule: ScheduleOptions

        @Option(
            name: .long,
            help: "Folder for the files (default: the folder of systemd or cron). Required with --kubernetes.",
            completion: .directory)
        var directory: String?

        @Flag(name: .long, help: "Show what would be written, and write nothing.")
        var dryRun = false

        func run() async throws {
            guard let folder = directory ?? schedule.usualFolder else {
                throw ValidationError("--kubernetes needs --directory, a folder for its files")
            }
            let session = try Session(options)
            let plan = try schedule.plan(session)
            let files = plan.files(session)
            let installation = ScheduleInstallation(form: plan.form.rawValue, folder: folder, isDryRun: dryRun)
            let result = try installation.run(files, next: plan.next(files, in: folder))
            try Output(options: options).result(result) { result.text }
        }
    }
}
