import ArgumentParser
import BackupRepository
import Operations
import Platform
import Retention
import StackConfiguration

struct RetentionSimulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Show what a policy would keep on any day of years to come, and what that would cost.",
        discussion: """
            Needs no store. The policy is the one of dr.yaml, or of --policy. Sizes follow a model: data are written \
            once and gone some time later; see docs/retention.md.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(
        name: .long,
        help: """
            A policy to try instead of dr.yaml's, such as hourly=24h,daily=30d,keep_last=5,time_zone=Europe/Berlin.
            """)
    var policy: String?

    @Option(name: .long, help: "How often backups run: hourly, daily, weekly, monthly, or 'every 15m'.")
    var schedule = "hourly"

    @Option(name: .customLong("for"), help: "How long they run, such as 7y.")
    var length = "7y"

    @Option(name: .long, help: "The day of the first backup, such as 2026-01-01 (default: today).")
    var from: String?

    @Option(
        name: .long, help: "List what is kept at the end of this day: a date, or an age after the start such as 3mo.")
    var at: String?

    @Option(name: .long, help: "Days without a backup, such as 2026-03-01..2026-03-14; may be repeated.")
    var outage: [String] = []

    @Option(name: .long, help: "Size in the store of one full backup at the start.")
    var size = "1GiB"

    @Option(name: .long, help: "How a full backup grows, such as 5%/mo (or /d, /w, /y).")
    var growth = "0%/mo"

    @Option(name: .long, help: "How much of the data is replaced, such as 5%/d (or /w, /mo, /y).")
    var changeRate = "5%/d"

    @Option(name: .long, help: "Price of a GB (1,000,000,000 bytes) kept for a month, in any currency.")
    var costPerGBMonth = 0.023

    @Option(name: .long, help: "Draw a picture into this file.", completion: .file(extensions: ["svg"]))
    var svg: String?

    @Option(name: .long, help: "Write a page with the picture and the tables into this file.", completion: .file())
    var html: String?

    func run() async throws {
        let policy = try chosenPolicy()
        guard !policy.isEmpty else {
            throw ValidationError("there is no retention to simulate; give dr.yaml one, or use --policy")
        }
        let simulation = try SimulationArguments(self).simulation(policy, now: WallClock.system.seconds)
        let moment = try at.map {
            try SimulationArguments.moment($0, option: "--at", from: simulation.start, in: policy.timeZone)
        }
        guard let outcome = simulation.run(at: moment) else {
            throw ValidationError("--at '\(at ?? "")' is not in the time that is simulated")
        }
        let report = SimulationReport(simulation, outcome, listsSets: at != nil)
        let picture = SimulationPicture(simulation, outcome)
        if let svg { try Output(options: options).write(picture.svg, to: svg) }
        if let html { try Output(options: options).write(report.page(picture: picture.svg).html(), to: html) }
        try Output(options: options).result(report) { report.text }
    }

    private func chosenPolicy() throws -> RetentionPolicy {
        guard let policy else {
            return try ConfigurationFile.read(
                try ConfigurationFile.locate(explicit: options.config), kinds: supportedKinds
            )
            .retention.policy
        }
        return try RetentionConfiguration(policy, option: "--policy").policy
    }
}
