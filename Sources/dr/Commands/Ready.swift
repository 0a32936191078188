import ArgumentParser
import BackupRepository
import Documents
import Operations
import Platform
import RecoveryPlan
import StackConfiguration

struct Ready: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check if the scenarios could be recovered now: plan, drill, backup, keys, forecast, space, gaps.",
        discussion: """
            Changes nothing, also not in the clusters. Each check is green, amber, red, or does not apply, with the \
            reason and the command that mends it. The limits are those of `ready:`, `objectives:` and `forecast:` in \
            dr.yaml. With `metrics: textfile:`, dr also writes the result as metrics, to a second file beside that one, \
            with -ready before .prom. Exit code 4: a check is red; 5: a check is amber.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(
        help: """
            Name or alias of the scenario (default: your own plans, and the built-in plans that were run or drilled on \
            this host).
            """)
    var scenario: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: "Leave out a check that asks servers: cluster, snapshots or gaps; may be repeated.")
    var without: [SlowCheck] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Time limit of each check that asks a store, a server or a cluster (default: 60s).", valueName: "duration"))
    var timeout: PeriodArgument?

    func run() async throws {
        try await recorded(as: .ready, options, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        let session = session.askingOnce
        let library = try session.planLibrary()
        var review = ReadinessReview(session: session)
        review.without = Set(without.map(\.check))
        if let timeout { review.limit = timeout.period.duration }
        let chosen: [PlanLibrary.Entry]
        if let scenario {
            chosen = [try library.entry(for: scenario)]
        } else {
            let used = await review.usedScenarios(library)
            chosen = library.entries.filter { used.contains($0.scenario) }
        }
        let output = Output(options: options)
        for complaint in library.complaints { output.warn("\(complaint)") }
        let report = try await review.run(chosen)
        try output.result(report) { report.text }
        let metrics = ReadinessMetrics(report, now: session.now().seconds)
        metrics.note(in: session)
        if let textfile = session.configuration.metrics.textfile {
            do {
                try metrics.write(
                    to: ReadinessMetrics.path(beside: textfile), known: Set(library.entries.map(\.scenario)))
            } catch { output.warn("\(error)") }
        }
        switch report.status {
        case .red: throw ExitStatus.checkFailed
        case .amber: throw ExitStatus.objectiveMissed
        case .green, .notApplicable: break
        }
    }
}

/// A check of `--without`.
enum SlowCheck: String, CaseIterable, ExpressibleByArgument {
    case cluster, snapshots, gaps

    var check: ReadinessRow.Check {
        switch self {
        case .cluster: .cluster
        case .snapshots: .snapshots
        case .gaps: .gaps
        }
    }
}
