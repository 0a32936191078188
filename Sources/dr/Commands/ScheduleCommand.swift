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

        @Flag(name: .long, help: "Print the systemd units as the packages ship them. Needs no configuration.")
        var packaged = false

        func run() async throws {
            if packaged { return try show(SchedulePlan.packaged, .systemd) }
            let session = try Session(options)
            let plan = try schedule.plan(session)
            try show(plan.files(session), plan.form)
        }

        private func show(_ files: [ScheduleFile], _ form: SchedulePlan.Form) throws {
            try Output(options: options).result(Result(form: form, files: files)) {
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
            abstract: "Write the files of the schedule. A second run changes nothing.",
            discussion: """
                Where a package has installed the units of systemd, dr writes only drop-in files with the settings that \
                differ. dr refuses a schedule beside an active one of another form, since each job would run twice.
                """)

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
            let files = try directory == nil ? plan.machineFiles(session) : plan.files(session)
            let installation = ScheduleInstallation(form: plan.form.rawValue, folder: folder, isDryRun: dryRun)
            let result = try installation.run(files, next: plan.next(files, in: folder))
            try Output(options: options).result(result) { result.text }
        }
    }
}
