import ArgumentParser
import BackupRepository
import Cryptography
import Documents
import Drills
import FoundationEssentials
import Operations
import Platform
import RecoveryPlan
import Reporting
import StackConfiguration

struct DrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Test a recovery plan in an isolated environment.",
        discussion: """
            dr runs the plan with its own directories, ports and servers, which it starts for the drill and stops \
            afterwards (see `drill:` in dr.yaml). A guard refuses every target that is, or could be, live. Then dr \
            repeats the drill with deliberate damage: this control run must fail. If it passes, the drill is \
            inconclusive, because its checks did not detect the damage. dr writes the evidence beside the journal and \
            marks the backup set as drilled. Runs unattended. Exit code 0: passed; 4: failed or inconclusive; 5: \
            passed, but an objective was missed.

            With --store, dr takes the configuration and the plan from the backup set. With --bare, dr runs itself \
            that way, in an empty environment, and so proves the recovery kit.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var recorded: RecordedStackOptions

    @Flag(
        name: .long,
        help: """
            Run the drill in an empty environment: no dr.yaml, no state, another user and host name where the system \
            permits it. The drill gets the recovery kit and the credentials of the store only.
            """)
    var bare = false

    @Option(name: .long, help: "Scenario whose plan is drilled.")
    var scenario: String

    @Option(name: .long, help: ArgumentHelp("Backup set: \(SetSelector.words).", valueName: "set"))
    var at: SetSelector = .latest

    @Flag(name: .long, help: "Draw a backup set at random, by the seed that the report shows.")
    var randomSet = false

    @Option(name: .long, parsing: .singleValue, help: "Drill only this component; may be repeated (default: all).")
    var component: [String] = []

    @OptionGroup var parameters: PlanParameters

    @Flag(name: .long, help: "Keep the drill directory for inspection. Its servers are still stopped.")
    var keep = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Time limit, such as 2h, of the drill and of its control run, each (default: none).", valueName: "time"))
    var timeout: PeriodArgument?

    @Option(
        name: .long,
        help:
            ArgumentHelp("Fault of the control run (default: drawn at random).", valueName: "fault")
    )
    var inject: Sabotage.Kind?

    /// The id and the place in the ledger that the parent of a bare drill gives its child.
    @Option(name: .long, help: .hidden)
    var runId: RunID?

    @Option(name: .long, help: .hidden)
    var ledgerBegin: LedgerBegin?

    @OptionGroup var key: RecoveryKeyOptions

    /// The option of a bare drill for its child process.
    @Option(name: .long, help: .hidden)
    var history: String?

    @Flag(name: .long, help: "Drill the newest set left, although a newer one is gone.")
    var acceptOlder = false

    func validate() throws {
        if randomSet, at != .latest { throw ValidationError("--random-set and --at exclude each other") }
        if bare, source.store != nil { throw ValidationError("--bare and --store exclude each other") }
        if recorded.isGiven, source.store == nil {
            throw ValidationError("--config-overlay and --allow-unsigned-plan need --store")
        }
    }

    func run() async throws {
        try await dr.recorded(as: .drill, options, session: session, work)
    }

    private func session() async throws -> Session {
        let session = try await Session(options, source, key: key).limited(.restore).fallingOver
        guard source.store != nil else { return session }
        return try await recorded.session(
            scenario, at: at, in: session, needing: ["drill"], recoveryKey: key.recoveryKey)
    }

    private func work(_ session: Session) async throws {
        var session = session
        // The key of the configuration makes a scheduled drill of encrypted backups possible.
        let recoveryKey = key.recoveryKey ?? session.configuration.drill.recoveryKey
        session.recoveryKey = recoveryKey
        _ = try session.chosen(component)
        var drill = Drill(live: session, scenario: scenario, at: at)
        drill.drawsSet = randomSet
        drill.request.id = runId?.text
        drill.begun = ledgerBegin
        drill.components = component
        drill.request.parameters = try parameters.values()
        drill.request.acceptsOlder = acceptOlder
        drill.request.history = history
        drill.recoveryKey = recoveryKey
        drill.keeps = keep
        drill.control = inject
        drill.timeLimit = timeout?.period.duration
        let result = bare ? try await BareDrill(drill).run() : try await drill.run()
        let output = Output(options: options)
        session.noteRecovery(
            scenario, seconds: result.rto.sinceStarted, rto: result.rto.allowed,
            drillPassed: [.passed, .late].contains(result.verdict))
        if session.writesMetrics, let repository = try? await session.repository() {
            await session.noteStack(repository, telling: output)
        }
        try output.result(result) { result.text }
        if result.exitStatus != .done { throw result.exitStatus }
    }
}

/// The id of a run, which becomes the name of a folder.
struct RunID: ExpressibleByArgument {
    var text: String

    init?(argument: String) {
        guard (1...64).contains(argument.utf8.count),
            argument.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else { return nil }
        text = argument
    }
}

/// `13:<SHA-256 of entry 12>`; `1:-` for the first entry.
extension LedgerBegin: ExpressibleByArgument {
    public init?(argument: String) {
        let parts = argument.split(separator: ":").map(String.init)
        guard parts.count == 2, let number = Int(parts[0]), number > 0 else { return nil }
        if number == 1, parts[1] == "-" {
            self.init(number: 1, previousNumber: nil, previous: nil)
        } else if number > 1, let digest = Digest(hex: parts[1]) {
            self.init(number: number, previousNumber: number - 1, previous: digest.hex)
        } else {
            return nil
        }
    }
}

/// A length of time on the command line.
struct PeriodArgument: ExpressibleByArgument {
    var period: Period

    init?(argument: String) {
        guard let period = try? Period(argument), period != Period() else { return nil }
        self.period = period
    }
}
