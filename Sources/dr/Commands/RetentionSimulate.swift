import ArgumentParser
import BackupRepository
import Documents
import Operations
import Platform
import Retention
import StackConfiguration

struct RetentionSimulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Show which sets a retention policy would keep over years, and the cost.",
        discussion: """
            The policy comes from dr.yaml or from --policy. With --size, no store is needed. A model estimates sizes: \
            data is written once and expires later; see docs/retention.md.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(
        name: .long,
        help: """
            Policy to simulate instead of the one in dr.yaml, such as hourly=24h,daily=30d,keep_last=5,time_zone=Europe/Berlin.
            """)
    var policy: String?

    @Option(name: .long, help: "Interval of the backups: hourly, daily, weekly, monthly, or 'every 15m'.")
    var schedule = "hourly"

    @Option(name: .customLong("for"), help: "Length of the simulation, such as 7y.")
    var length = "7y"

    @Option(name: .long, help: "Day of the first backup, such as 2026-01-01 (default: today).")
    var from: String?

    @Option(
        name: .long, help: "List the sets kept at the end of this day: a date, or a time after the start such as 3mo.")
    var date: String?

    @Option(name: .long, help: "Days without a backup, such as 2026-03-01..2026-03-14; may be repeated.")
    var outage: [String] = []

    @Option(
        name: .long,
        help: "Size of one full backup in the store at the start, such as 20GiB (default: that of the newest backups).")
    var size: String?

    @Option(name: .long, help: "Growth of a full backup, such as 5%/mo (or /d, /w, /y).")
    var growth = "\(StorageModel.usualGrowth)%/mo"

    @Option(name: .long, help: "Share of the data that is replaced, such as 5%/d (or /w, /mo, /y).")
    var changeRate = "5%/d"

    @Option(name: .long, help: "Price of one GB (1,000,000,000 bytes) per month, in any currency.")
    var costPerGBMonth = 0.023

    @Option(name: .long, help: "Write a chart to this SVG file.", completion: .file(extensions: ["svg"]))
    var svg: String?

    @Option(name: .long, help: "Write an HTML page with the chart and the tables to this file.", completion: .file())
    var html: String?

    func run() async throws {
        let policy = try chosenPolicy()
        guard !policy.isEmpty else {
            throw ValidationError(
                "there is no retention policy to simulate; add 'retention:' to dr.yaml, or use --policy")
        }
        let arguments = SimulationArguments(self)
        try arguments.checkSize()
        let size = if let size { size } else { try await newestSize() }
        let simulation = try arguments.simulation(policy, size: size, now: WallClock.system.seconds)
        let moment = try date.map {
            try SimulationArguments.moment($0, option: "--date", from: simulation.start, in: policy.timeZone)
        }
        guard let outcome = simulation.run(at: moment) else {
            throw ValidationError("--date '\(date ?? "")' is outside the simulated time")
        }
        let report = SimulationReport(simulation, outcome, listsSets: date != nil)
        let picture = SimulationPicture(simulation, outcome)
        if let svg { try Output(options: options).write(picture.svg, to: svg) }
        if let html { try Output(options: options).write(report.page(picture: picture.svg).html(), to: html) }
        try Output(options: options).result(report) { report.text }
    }

    /// Seconds to wait for the store.
    private static let patience = Duration.seconds(10)
    private static let usualSize = "1GiB"

    /// The size of the newest backups; says so on standard error if it is not known.
    private func newestSize() async throws -> String {
        do {
            if let bytes = try await Session(options).newestBackupBytes(within: Self.patience), bytes > 0 {
                return ByteCount.text(bytes)
            }
            return assumed("there is no backup yet")
        } catch is CancellationError { throw CancellationError() } catch {
            let reason = "\(error)".split(separator: "\n").first.map(String.init) ?? ""
            return assumed(reason)
        }
    }

    private func assumed(_ reason: String) -> String {
        Output(options: options).note(
            "the size of a full backup is not known, and \(Self.usualSize) is assumed; set --size: \(reason)")
        return Self.usualSize
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
