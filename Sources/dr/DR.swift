import ArgumentParser
import Operations

/// The root command, which groups the other commands.
struct DR: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dr",
        abstract: "Back up a monitoring stack every hour, and prove with timed drills that it can be restored.",
        discussion: """
            Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 partial (some component or file failed), \
            4 verification failed, 5 an objective was missed, 6 another run is in progress, 7 repository damaged or of \
            a newer version, 130 interrupted, 141 the reader of standard output closed it. With --json, an error is \
            also printed as a JSON document on standard output.
            """,
        version: Release.version,
        subcommands: [
            Init.self,
            Backup.self,
            ImportCommand.self,
            List.self,
            Show.self,
            Diff.self,
            Stats.self,
            Verify.self,
            Restore.self,
            HealCommand.self,
            DrillCommand.self,
            ReportCommand.self,
            LedgerCommand.self,
            PlanCommand.self,
            Status.self,
            Ready.self,
            ForecastCommand.self,
            CheckCommand.self,
            Doctor.self,
            SelfTestCommand.self,
            KeyCommand.self,
            PolicyCommand.self,
            RekeyCommand.self,
            CopyCommand.self, RepairCommand.self,
            PruneCommand.self,
            TierCommand.self,
            ThawCommand.self,
            Pin.self,
            Drop.self,
            RetentionCommand.self,
            NotifyCommand.self,
            Capacity.self,
            Serve.self,
            GapCommand.self,
            ScheduleCommand.self,
            KubernetesCommand.self,
            MoverCommand.self,
        ])
}
