import ArgumentParser
import Operations

/// The root command: it only holds the others together.
struct DR: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dr",
        abstract: "Back up a monitoring stack every hour, and prove that it can be brought back.",
        discussion: """
            Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 partial (some component or file failed), \
            4 verification failed, 5 an objective was missed, 6 another run holds the work, 7 repository damaged or of \
            a newer version, 130 interrupted, 141 the reader of standard output went away. With --json an error is a \
            JSON document on standard output too.
            """,
        version: Release.version,
        subcommands: [
            Init.self,
            Backup.self,
            List.self,
            Show.self,
            Diff.self,
            Stats.self,
            Verify.self,
            Restore.self,
            DrillCommand.self,
            ReportCommand.self,
            PlanCommand.self,
            Status.self,
            CheckCommand.self,
            Doctor.self,
            PruneCommand.self,
            Pin.self,
            Drop.self,
            RetentionCommand.self,
            NotifyCommand.self,
            Capacity.self,
            GapCommand.self,
            ScheduleCommand.self,
        ])
}
