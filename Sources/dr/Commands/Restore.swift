import ArgumentParser
import BackupRepository
import Documents
import Foundation
import Operations
import Platform
import StackConfiguration

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring a component back, proved; or the whole stack, by a plan and against the clock.",
        discussion: """
            With --scenario, a recovery plan is replayed out of one backup set: `dr plan show` shows it, --dry-run shows \
            it with real values and touches nothing. Every move is recorded before and after it is made; a run that \
            was interrupted, or whose machine died, goes on with --resume. Exit code 0: recovered, validated, in time; \
            5: recovered, but too late or with too much lost; 3: in part; 4: not validated; 6: a run is under way.

            With --to, the tree is built beside the target, every file proved by its SHA-256 and the whole by the \
            component's own checks, and only then put in place, in one step. An interrupted restore goes on when it is \
            run again. Without --to, what is kept as documents goes back through its server's API, object by object; \
            running it again changes nothing that is right already. --dry-run says what would be done.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "The component to restore.")
    var component: String?

    @Option(name: .long, help: "The scenario whose plan is to be replayed, such as complete_cluster_loss.")
    var scenario: String?

    @OptionGroup var scenarioOptions: ScenarioOptions

    @Option(name: .long, help: "The directory to restore to; its parent must exist.", completion: .directory)
    var to: String?

    @Option(
        name: .long,
        help: .init(
            "Which backup: \(SetSelector.words).",
            discussion: """
                'latest' takes for each component the newest set that holds it whole. A time, a day or an age means the \
                newest set at or before it; a day or a minute means its end.
                """))
    var at: SetSelector = .latest

    @Flag(name: .long, help: "Only say what would be done.")
    var dryRun = false

    @Flag(name: .long, help: "Replace what is in the way; the old content of a directory is kept beside it.")
    var replace = false

    @Flag(name: .long, help: "Remove the replaced content once the restored tree is in place, instead of keeping it.")
    var discardPrevious = false

    @Option(name: .long, help: "Into a server: restore under names that begin with this, beside what is there.")
    var prefix: String?

    @Flag(name: .long, help: "With --to: the stored files as they are, where the component would be unpacked.")
    var asFiles = false

    @OptionGroup var slice: SliceOptions

    @Option(name: .long, help: "Who is to own what is restored, as numbers: UID:GID. By default as recorded, if root.")
    var owner: String?

    @Argument(
        help: """
            Only these paths of the component, and what is below them, as `dr show --files` prints them. Everything by default.
            """)
    var paths: [String] = []

    @Option(
        name: .long,
        help: "The private key that opens encrypted packs, PEM; its passphrase is taken from DR_RECOVERY_PASSPHRASE.",
        completion: .file())
    var recoveryKey: String?

    func validate() throws {
        _ = try parsedOwner()
        guard (component == nil) != (scenario == nil) else {
            throw ValidationError("say what to restore: --component NAME, or --scenario NAME")
        }
        let isGiven = to != nil || !paths.isEmpty || prefix != nil || replace || discardPrevious || owner != nil
        if scenario != nil, isGiven || slice.isGiven {
            throw ValidationError(
                "a scenario's plan says what goes where: only --component takes paths, --to, --replace, --discard-previous, --prefix, --owner, --tenant, --from, --until"
            )
        }
        if discardPrevious, !replace { throw ValidationError("--discard-previous needs --replace") }
        if let to, ProgramArguments.notUTF8.contains(to) {
            throw ValidationError("--to takes a path in UTF-8")
        }
        if component != nil, scenarioOptions.isResuming || !scenarioOptions.parameters.assignments.isEmpty {
            throw ValidationError("--resume and --set need --scenario; a component's restore goes on by itself")
        }
        if asFiles, to == nil { throw ValidationError("--as-files needs --to DIR") }
        if !paths.isEmpty, slice.isGiven {
            throw ValidationError("paths and --tenant, --from, --until exclude each other")
        }
    }

    private func parsedOwner() throws -> Owner {
        guard let owner else { return .recorded }
        let parts = owner.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        guard parts.count == 2, let uid = parts[0], let gid = parts[1] else {
            throw ValidationError("--owner takes two numbers, UID:GID, not '\(owner)'")
        }
        // Before anything is fetched.
        guard geteuid() == 0 || uid == geteuid() else {
            throw ValidationError("--owner: only root may give files to another user than the own, \(geteuid())")
        }
        return .fixed(uid: uid, gid: gid)
    }

    func run() async throws {
        let session = try Session(options)
        if let scenario { return try await replay(scenario, session) }
        if let component { try await restore(component, session) }
    }

    private func replay(_ scenario: String, _ session: Session) async throws {
        let run = try await ScenarioRun.prepare(
            scenario, at: at, request: try scenarioOptions.request(), live: session, recoveryKey: recoveryKey)
        let output = Output(options: options)
        if dryRun {
            let preview = try await run.preview()
            return try output.result(preview) { preview.text }
        }
        if !scenarioOptions.yes { try await run.confirm() }
        let result = try await run.carryOut()
        try output.result(result) { result.text }
        if result.exitStatus != .done { throw result.exitStatus }
    }

    private func restore(_ component: String, _ session: Session) async throws {
        let settings = session.configuration.component(named: component)
        // What can be known before the store is asked is said before.
        if to == nil, let settings, try session.importer(kind: settings.kind, of: settings)?.fillsServer != true {
            throw ValidationError("'\(component)' is restored into a directory: name it with --to DIR")
        }
        let repository = try await session.repository(recoveryKey: recoveryKey)
        let selection = try await session.selection(at, of: [component], in: repository)
        let set = try await session.set(of: component, in: selection, repository)
        let manifest = try await session.pool.run { try repository.manifest(component, of: set) }
        var job = RestoreJob(session: session, repository: repository, set: set, manifest: manifest, settings: settings)
        job.paths = paths
        job.owner = try parsedOwner()
        job.replace = replace
        job.discardsPrevious = discardPrevious
        job.slice = try slice.slice(now: session.now())
        if job.slice != nil, !session.canSlice(kind: manifest.source) {
            throw ValidationError("a component of kind '\(manifest.source)' has no tenants or times to choose by")
        }
        guard let road = try job.road(to: to, asFiles: asFiles) else {
            throw ValidationError("'\(component)' is restored into a directory: name it with --to DIR")
        }
        if case .importer = road, !paths.isEmpty {
            throw ValidationError("paths need --as-files for this component")
        }
        if case .importer = road, discardPrevious {
            throw ValidationError("--discard-previous needs --as-files for this component")
        }
        try await PrintedRestore(job: job, isDryRun: dryRun, prefix: prefix).run(road)
    }
}

/// A part of a component, by what its data are about.
struct SliceOptions: ParsableArguments {
    @Option(
        name: .long, parsing: .singleValue, help: "Only this tenant's data, for kinds with tenants; may be given again."
    )
    var tenant: [String] = []

    @Option(name: .long, help: "Only data from this time on, for kinds with times: RFC 3339, or an age such as 6h.")
    var from: MomentArgument?

    @Option(name: .long, help: "Only data up to this time, for kinds with times: RFC 3339, or an age such as 6h.")
    var until: MomentArgument?

    var isGiven: Bool { !tenant.isEmpty || from != nil || until != nil }

    func slice(now: Timestamp) throws -> RestoreSlice? {
        guard isGiven else { return nil }
        let first = from.map { $0.seconds(now: now) * 1000 } ?? Int.min
        let last = until.map { $0.seconds(now: now) * 1000 + 999 } ?? Int.max
        guard first <= last else { throw ValidationError("--from is after --until") }
        return RestoreSlice(tenants: Set(tenant), times: first...last)
    }
}

/// A moment as a user gives it: RFC 3339, or an age.
enum MomentArgument: ExpressibleByArgument {
    case at(Timestamp)
    case age(seconds: Int)

    init?(argument: String) {
        if let name = Timestamp(argument) {
            self = .at(name)
        } else if let date = try? Date(argument, strategy: .iso8601) {
            self = .at(Timestamp(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down))))
        } else if let period = try? Period(argument) {
            self = .age(seconds: Int(period.duration.components.seconds))
        } else {
            return nil
        }
    }

    func seconds(now: Timestamp) -> Int {
        switch self {
        case .at(let moment): moment.seconds
        case .age(let seconds): now.seconds - seconds
        }
    }
}
