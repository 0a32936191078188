import Components
import ArgumentParser
import BackupRepository
import Documents
import Operations
import Platform
import Components
import StackConfiguration

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Run the recovery checks against the live stack; show measured and expected values.",
        discussion: """
            Without names or a profile, all checks run. With --at, the stack is also compared with the recorded \
            queries and canaries of that backup set. Exit code 4: a critical check failed.

            Checks: \(CheckRegistry(supportedKinds).names.joined(separator: ", ")).
            """)

    enum Report: String, ExpressibleByArgument, CaseIterable { case daily, health }

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Run this list of checks: quick, full, or one of `checks: profiles:`.")
    var profile: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Compare the stack with this backup set: \(SetSelector.words).", valueName: "set"))
    var at: SetSelector?

    @Option(
        name: .long, parsing: .singleValue,
        help:
            "With --at, compare only this component; with --report health, report on it only. May be repeated (default: all)."
    )
    var component: [String] = []

    @Option(
        name: .long,
        help:
            "Report on the service level of the last 24 hours, or on the recovery objectives without one (daily), or on each component (health), instead of the checks."
    )
    var report: Report?

    @Flag(name: .long, help: "Do not send failures to the channels under `notifications:`.")
    var noNotify = false

    @Option(
        name: .long,
        help: "With --report, also write the report to a file in this folder, as the operations runbook's scripts do.",
        completion: .directory)
    var to: String?

    @Flag(name: .long, help: "Exit with 1 for a failure, as the operations runbook's scripts do, instead of 4.")
    var runbookExitCodes = false

    @Argument(help: "Checks to run.")
    var names: [String] = []

    func validate() throws {
        guard let report else {
            if to != nil { throw ValidationError("--to needs --report") }
            return
        }
        if let name = names.first {
            throw ValidationError(
                "--report takes no names of checks, but '\(name)' is given"
                    + (report == .health ? "; --component NAME limits the report" : ""))
        }
        if profile != nil { throw ValidationError("--report and --profile exclude each other") }
        if at != nil { throw ValidationError("--report and --at exclude each other") }
        if report == .daily, !component.isEmpty { throw ValidationError("--report daily takes no --component") }
    }

    private var activity: RunMetrics.Activity {
        switch report {
        case .daily: .dailyReport
        case .health: .healthReport
        case nil: .check
        }
    }

    /// The exit code of a failed check.
    private var failure: ExitStatus { runbookExitCodes ? .failed : .checkFailed }

    func run() async throws {
        try await recorded(as: activity, options, session: { try Session(options) }, work)
    }

    private func work(_ session: Session) async throws {
        let output = Output(options: options)
        switch report {
        case .daily: return try await compliance(session, output)
        case .health: return try await health(session, output)
        case nil: break
        }
        let chosen = try chosenNames(session)
        _ = try session.chosen(component)
        var run = CheckRun(session: session)
        var held: RestoreSelection?
        if let at {
            let repository = try await session.repository()
            run.repository = repository
            held = try await session.selection(at, of: component.isEmpty ? nil : Set(component), in: repository)
        }
        let results = await run.run(chosen, sets: held, components: component.isEmpty ? nil : Set(component))
        try Task.checkCancellation()
        let report = CheckReport(
            stack: session.configuration.stack, timestamp: session.now().rfc3339,
            set: held?.newest.map { "\($0.name)" }, results: results)
        try output.result(report) { CheckText.table(report) }
        await notices(session, output)?.tell(report.results)
        if report.hasCriticalFailure { throw failure }
    }

    private func chosenNames(_ session: Session) throws -> [String] {
        let profiles = session.checks.profiles.merging(session.configuration.checks.profiles) { $1 }
        var chosen = names
        if let profile {
            guard let list = profiles[profile] else {
                let words = profiles.keys.sorted()
                throw ValidationError(
                    "there is no profile '\(profile)'\(Spelling.advice(for: profile, among: words))")
            }
            chosen = list + names
        } else if names.isEmpty {
            chosen = profiles["full"] ?? []
        }
        let known = session.checks.names
        for name in chosen where !known.contains(name) {
            throw ValidationError("there is no check '\(name)'\(Spelling.advice(for: name, among: known))")
        }
        return chosen
    }

    private func compliance(_ session: Session, _ output: Output) async throws {
        let report = try await complianceReport(session)
        try Task.checkCancellation()
        session.note(report)
        let files = to.map { RunbookReports(folder: $0) }
        let missing = files?.missingDay(before: report)
        let written = Swift.Result { try files?.write(report) }
        try output.result(report) { CheckText.compliance(report) }
        // Sent even if the file could not be written.
        await notices(session, output)?.tell(report, missing: missing)
        if let path = try written.get() { output.note("wrote \(path.printable)") }
        if !report.isCompliant { throw failure }
    }

    private func complianceReport(_ session: Session) async throws -> ComplianceReport {
        let stack = session.configuration.stack
        if let level = CheckedStack(session).serviceLevel {
            return await session.pool.run { ComplianceReport(level, stack: stack, at: session.now()) }
        }
        let entries = try await MeasuredObjectives(session: session).entries()
        guard !entries.isEmpty else {
            throw UsageError(
                "there is nothing to report on: the configuration has no 'checks: sla:' and no 'objectives:'",
                hint: "add 'objectives: {rpo: 1h, rto: 4h}' to dr.yaml")
        }
        return ComplianceReport(entries, stack: stack, at: session.now())
    }

    private func health(_ session: Session, _ output: Output) async throws {
        let run = CheckRun(session: session), checks = session.checks.names(of: .health)
        let known = run.components(checks)
        for name in component where !known.contains(name) {
            throw UsageError(
                "there is no component '\(name)' with a health check; the components with one are: "
                    + known.joined(separator: ", "))
        }
        let results = await run.run(checks, of: component.isEmpty ? nil : Set(component))
        try Task.checkCancellation()
        let report = HealthReport(results, at: session.now())
        if let name = component.first(where: { name in !report.components.contains { $0.name == name } }) {
            throw UsageError("there is no health check of component '\(name)': it has no 'url'")
        }
        guard report.total > 0 else {
            throw ValidationError(
                "there is no component to report on: no component has a 'url', and there are no 'checks: endpoints:'")
        }
        session.note(report, isWhole: component.isEmpty)
        let written = Swift.Result { try to.map { try RunbookReports(folder: $0).write(report) } }
        try output.result(report) { CheckText.health(report) }
        await notices(session, output)?.tell(report)
        if let path = try written.get() { output.note("wrote \(path.printable)") }
        if !report.isHealthy { throw failure }
    }

    private func notices(_ session: Session, _ output: Output) -> CheckNotices? {
        noNotify ? nil : CheckNotices(session: session, output: output)
    }
}
