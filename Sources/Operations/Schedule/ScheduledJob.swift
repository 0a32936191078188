/// One thing that is to happen again and again without anybody thinking of it.
struct ScheduledJob: Equatable, Sendable {
    /// Fit for names of units and objects: "backup".
    var name: String
    /// A phrase for people: "back up the monitoring stack".
    var about: String
    /// What follows the program and its `--config`.
    var arguments: [String]
    var cadence: Cadence
    /// Hours after which the run hangs: it is ended then, so that it does not keep later ones away for ever.
    var longestHours: Int
    /// Whether it starts other programs, servers among them.
    var startsServers = false

    enum Cadence: String, Sendable { case hourly, daily, weekly, quarterly }

    /// What a stack needs: a backup an hour for the RPO, a look at all documents a day, some of the bytes a week, and
    /// a whole recovery on trial a quarter.
    /// - Parameter share: of the packs that the weekly sample reads, in percent.
    static func standard(share: Int = 5) -> [ScheduledJob] {
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
                name: "drill", about: "recover the whole stack on trial",
                arguments: ["drill", "--scenario", "complete_cluster_loss", "--quiet"], cadence: .quarterly,
                longestHours: 24, startsServers: true),
        ]
    }
}

/// What the jobs find on the machine that they run on.
struct Installation: Equatable, Sendable {
    /// Absolute path of `dr`.
    var program: String
    /// Absolute path of `dr.yaml`.
    var configuration: String
    /// Absolute path of a file of `NAME=value` lines, for the secrets that the configuration takes from the
    /// environment. It need not exist.
    var environmentFile: String
    var user: String
    /// Absolute paths that a run writes to.
    var writable: [String]
    /// What tells this machine from others, for a place in the hour of its own: its name.
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
    /// Its name in the folder that the form of schedule belongs to.
    package var name: String
    package var content: String

    package init(_ name: String, _ content: String) {
        self.name = name
        self.content = content
    }
}
