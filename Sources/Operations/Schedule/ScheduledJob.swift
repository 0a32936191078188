/// One unattended, repeated job.
struct ScheduledJob: Equatable, Sendable {
    /// The name in units and objects: "backup".
    var name: String
    /// The description: "back up the monitoring stack".
    var about: String
    /// The arguments without the program and `--config`.
    var arguments: [String]
    var cadence: Cadence
    /// Hours after which the run counts as hung and is stopped, so that it does not block later runs.
    var longestHours: Int
    /// True if the job starts other programs, such as servers.
    var startsServers = false

    enum Cadence: String, Sendable { case hourly, daily, weekly, quarterly }

    /// The default jobs: an hourly backup, a daily verification of all documents, a weekly sample of the packs and a
    /// quarterly drill of the whole stack.
    /// - Parameters:
    ///   - share: the share of the packs that the weekly sample reads, in per cent.
    ///   - isBare: true if the drill runs in an empty environment.
    static func standard(share: Int = 5, drillIsBare isBare: Bool = true) -> [ScheduledJob] {
        [
            ScheduledJob(
                name: "backup", about: "back up the monitoring stack", arguments: ["backup", "--quiet"],
                cadence: .hourly, longestHours: 12),
            ScheduledJob(
                name: "verify", about: "verify that every backup is whole", arguments: ["verify", "--quiet"],
                cadence: .daily, longestHours: 12),
            ScheduledJob(
                name: "sample", about: "read a random share of all backups",
                arguments: ["verify", "--read-data=\(share)%", "--quiet"], cadence: .weekly, longestHours: 24),
            ScheduledJob(
                name: "drill", about: "drill the recovery of the whole stack",
                arguments: ["drill", "--scenario", "complete_cluster_loss"] + (isBare ? ["--bare"] : []) + ["--quiet"],
                cadence: .quarterly,
                longestHours: 24, startsServers: true),
        ]
    }
}

/// The installation on the machine that runs the jobs.
struct Installation: Equatable, Sendable {
    /// The absolute path of `dr`.
    var program: String
    /// The absolute path of `dr.yaml`.
    var configuration: String
    /// The absolute path of a file of `NAME=value` lines with the secrets that the configuration reads from the
    /// environment. It need not exist.
    var environmentFile: String
    var user: String
    /// The absolute paths that a run writes to.
    var writable: [String]
    /// The machine's name, from which its minute within the hour is derived.
    var seed: String

    init(
        program: String, configuration: String, environmentFile: String, user: String, writable: [String], seed: String
    ) {
        self.program = program
        self.configuration = configuration
        self.environmentFile = environmentFile
        self.user = user
        self.writable = writable
        self.seed = seed
    }

    func command(_ job: ScheduledJob) -> [String] { [program] + job.arguments + ["--config", configuration] }
}

/// A file of a schedule.
package struct ScheduleFile: Codable, Equatable, Sendable {
    /// The file name in the folder of the schedule's form.
    package var name: String
    /// Empty for a file that must not exist.
    package var content: String

    package init(_ name: String, _ content: String) {
        self.name = name
        self.content = content
    }
}
