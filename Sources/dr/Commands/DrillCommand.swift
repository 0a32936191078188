import ArgumentParser
import BackupRepository
import Documents
import Drills
import Foundation
import Operations
import Platform
import StackConfiguration

struct DrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Prove that the stack can be brought back: replay a plan beside it.",
        discussion: """
            The plan is replayed in a place of its own: own directories, own ports, servers started for it and ended \
            with it (`drill:` in dr.yaml says which). A guard refuses any place that is, or could be, the live \
            one. Then the same is done with something damaged on purpose, and has to fail: a drill that cannot fail is \
            void. Evidence is written beside the journal, and the set is marked as drilled. Runs unattended. Exit code \
            0: passed; 4: failed or void; 5: passed, but an objective was missed.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "The scenario whose plan is drilled.")
    var scenario: String

    @Option(name: .long, help: "Which backup: \(SetSelector.words).")
    var at: SetSelector = .latest

    @Flag(name: .long, help: "Any one of the sets, drawn by lot.")
    var randomSet = false

    @Option(name: .long, parsing: .singleValue, help: "Only this component; may be given again. All by default.")
    var component: [String] = []

    @OptionGroup var parameters: PlanParameters

    @Flag(name: .long, help: "Keep the isolated place, for a look; its servers are ended all the same.")
    var keep = false

    @Option(name: .long, help: "Give up after this time, such as 2h; for the drill and its negative control each.")
    var limitTime: PeriodArgument?

    @Option(
        name: .long,
        help:
            "What the negative control damages: \(Sabotage.Kind.allCases.map(\.rawValue).joined(separator: ", ")); by lot when left out."
    )
    var control: Sabotage.Kind?

    @Option(
        name: .long,
        help: "The private key that opens encrypted packs, PEM; its passphrase is taken from DR_RECOVERY_PASSPHRASE.",
        completion: .file())
    var recoveryKey: String?

    func validate() throws {
        if randomSet, at != .latest { throw ValidationError("--random-set and --at exclude each other") }
    }

    func run() async throws {
        let session = try Session(options)
        _ = try session.chosen(component)
        var drill = Drill(live: session, scenario: scenario, at: try await set(session))
        drill.components = component
        drill.request.parameters = try parameters.values()
        drill.recoveryKey = recoveryKey
        drill.keeps = keep
        drill.control = control
        drill.timeLimit = limitTime?.period.duration
        let result = try await drill.run()
        try Output(options: options).result(result) { result.text }
        if result.exitStatus != .done { throw result.exitStatus }
    }

    private func set(_ session: Session) async throws -> SetSelector {
        guard randomSet else { return at }
        let repository = try await session.repository(recoveryKey: recoveryKey)
        let names = try await session.pool.run { try repository.setNames() }
        let now = session.now()
        for name in names.filter({ !repository.scope.isFuture($0, at: now) }).shuffled() {
            let set = await session.pool.run { try? repository.set(name) }
            // One that was made for some components alone proves nothing of the others.
            if let set, repository.scope.owns(set), set.skipped.isEmpty { return .named(name) }
        }
        return .latest
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
