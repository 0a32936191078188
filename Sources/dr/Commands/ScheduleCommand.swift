import ArgumentParser
import Operations
import StackConfiguration

/// Holds the commands about the schedule together.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Hourly backups, daily verification, a weekly sample and a quarterly drill, unattended.",
        subcommands: [Show.self, Install.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the files of the schedule for this host.")

        @OptionGroup var options: GlobalOptions
        @OptionGroup var schedule: ScheduleOptions

        func run() async throws {
            let plan = schedule.plan()
            let files = plan.files(try Session(options))
            try Output(options: options).result(Result(form: plan.form, files: files)) {
                // Documents of one stream, for kubectl apply -f -; a kustomization is for kustomize only.
                let isYAML = plan.form == .kubernetes
                return files.filter { !isYAML || $0.name != "kustomization.yaml" }.map { file in
                    (isYAML ? "---\n" : "# ----- \(file.name)\n") + file.content
                }.joined(separator: isYAML ? "" : "\n")
            }
        }

        private struct Result: Encodable {
            var form: SchedulePlan.Form
            var files: [ScheduleFile]
        }
    }

    struct Install: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the files of the schedule; run again, it changes nothing.")

        @OptionGroup var options: GlobalOptions
        @OptionGroup var schedule: ScheduleOptions

        @Option(
            name: .long, help: "Write them here (default: where systemd or cron looks for them).",
            completion: .directory)
        var directory: String?

        @Flag(name: .long, help: "Write nothing, and say what would be.")
        var dryRun = false

        func run() async throws {
            let plan = schedule.plan()
            guard let folder = directory ?? plan.usualFolder else {
                throw ValidationError("--kubernetes needs --directory, a folder for its files")
            }
            let installation = ScheduleInstallation(form: plan.form, folder: folder, isDryRun: dryRun)
            let result = try installation.run(plan.files(try Session(options)))
            try Output(options: options).result(result) { result.text }
        }
    }
}
