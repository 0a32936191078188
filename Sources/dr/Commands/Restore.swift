import ArgumentParser
import BackupRepository
import Documents
import FoundationEssentials
import Glibc
import ObjectStorage
import Operations
import Platform
import RecoveryPlan
import StackConfiguration

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Restore and verify one component, all components, or the whole stack by a recovery plan.",
        discussion: """
            With --scenario, dr runs a recovery plan with one backup set. `dr plan show` shows the plan; --dry-run \
            shows it with real values and changes nothing. dr records each action before and after it in a journal, so \
            that --resume continues a run after an interruption or a crash. Exit code 0: recovered, validated, within \
            the objectives; 3: partial; 4: not validated; 5: recovered, but an objective was missed; 6: another run is \
            in progress.

            With --to, dr builds the tree beside the target, verifies the SHA-256 of every file and the component's own \
            checks, and then moves the tree into place in one step. Run the same command again to resume an interrupted \
            restore. Without --to, dr writes the objects of a component kept as documents through its server's API. A \
            second run changes only objects that differ. --dry-run shows what would be done.

            With --all, dr restores every component of the stack to a directory of its name below --to. Together with \
            --store and --trust it needs no configuration: docs/recover-from-nothing.md shows the steps. Exit code 3: a \
            component could not be restored.

            With --rebuild-index, dr restores a component of logs without its index, and builds the index from the chunks \
            alone: each names its tenant, labels and times. With --existing, dr builds the index of data that are already \
            in --to, and moves the old index beside them; exit code 4: it names damaged chunks, and the index lists all \
            others.

            Each backup set holds dr.yaml and the plans without their secrets. With --scenario and --store, dr runs the \
            plan with them. --configuration writes them to the directory --to.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions

    @Option(name: .long, help: "Component to restore.")
    var component: String?

    @Flag(name: .long, help: "Restore every component, each to a directory of its name below --to.")
    var all = false

    @Option(name: .long, help: "Scenario whose plan is run, such as complete_cluster_loss.")
    var scenario: String?

    @OptionGroup var scenarioOptions: ScenarioOptions

    @Flag(name: .long, help: "With --store: write the recorded dr.yaml and plans to the directory --to.")
    var configuration = false

    @OptionGroup var recorded: RecordedStackOptions

    @Option(
        name: .long,
        help: .init(
            "Target directory; its parent must exist. With --all, dr creates it. Or, for a component of kind bucket, "
                + "s3://bucket/prefix."),
        completion: .directory)
    var to: String?

    @Option(
        name: .long,
        help: .init(
            "Backup set: \(SetSelector.words).",
            discussion: """
                'latest' selects for each component the newest set that holds it whole. A time, a day or an age selects \
                the newest set at or before it; a day or a minute means its end.
                """))
    var at: SetSelector = .latest

    @Flag(name: .long, help: "Show what would be done, and change nothing.")
    var dryRun = false

    @Flag(
        name: .long,
        help: .init(
            "Read, decrypt, decode and verify everything that the restore would, write nothing, and time it.",
            discussion: """
                With --component, or with --scenario for all restore steps of the plan. The times count in the \
                recovery forecast as a lower bound. Exit code 4: contents are damaged.
                """))
    var rehearse = false

    @Flag(
        name: .long, help: "Replace existing files or objects. The previous content of a directory is kept beside it.")
    var replace = false

    @Flag(name: .long, help: "With --replace: remove the previous content after the restore, instead of keeping it.")
    var discardPrevious = false

    @Flag(
        name: .long,
        help: "Read all content from the store, even if the target or a snapshot of its volume has it.")
    var noSeed = false

    @Option(name: .long, help: "Prefix for the names of restored objects on a server, to keep existing objects.")
    var prefix: String?

    @Flag(name: .long, help: "With --to: write the stored files without unpacking the component.")
    var asFiles = false

    @Flag(name: .long, help: "Build the index from the restored data instead of restoring it; needs --to.")
    var rebuildIndex = false

    @Flag(name: .long, help: "With --rebuild-index: build the index of the data in --to, and restore nothing.")
    var existing = false

    @Flag(
        name: .long,
        help: "Restore the newest set left, although this machine committed a newer one that is gone or damaged.")
    var acceptOlder = false

    @Flag(name: .long, help: "Restore unencrypted packs, although dr.yaml has recipients.")
    var allowClear = false

    @Flag(
        name: .long,
        help: "Restore sets that a revoked signer made before its revocation, although no other set proves their age.")
    var acceptRevoked = false

    @OptionGroup var slice: SliceOptions

    @Option(
        name: .long, help: "Owner of the restored files as numbers: UID:GID (default for root: the recorded owner).")
    var owner: String?

    @Flag(name: .long, help: "Change the servers of data sources that have secrets.")
    var allowSecretHosts = false

    @Flag(name: .long, help: "Restore setuid and setgid bits of files, with which they run as their owner or group.")
    var keepSetuid = false

    @Flag(
        name: .long,
        help: "Restore the workloads of a cluster with 0 replicas, so that none starts before its data are restored.")
    var hold = false

    @Argument(
        help: """
            Restore only these paths of the component and their content, as `dr show --files` prints them (default: all).
            """)
    var paths: [String] = []

    @OptionGroup var key: RecoveryKeyOptions

    func validate() throws {
        _ = try parsedOwner()
        guard [component != nil, scenario != nil, all, configuration].count(where: { $0 }) == 1 else {
            throw ValidationError(
                "choose what to restore: --component NAME, --all, --scenario NAME, or --configuration")
        }
        if all { try validateAll() }
        if configuration, to == nil || source.store == nil {
            throw ValidationError("--configuration needs --store and --to DIR")
        }
        if recorded.isGiven, scenario == nil || source.store == nil {
            throw ValidationError("--config-overlay and --allow-unsigned-plan need --store and --scenario")
        }
        let hasTarget =
            to != nil || prefix != nil || replace || discardPrevious || owner != nil || keepSetuid || allowSecretHosts
            || hold || noSeed
        if scenario != nil, hasTarget || !paths.isEmpty || slice.isGiven {
            throw ValidationError(
                "the plan of the scenario defines the targets: paths, --to, --replace, --discard-previous, --no-seed, --prefix, --owner, --keep-setuid, --allow-secret-hosts, --hold, --tenant, --from and --until need --component"
            )
        }
        if discardPrevious, !replace { throw ValidationError("--discard-previous needs --replace") }
        if let to, ProgramArguments.notUTF8.contains(to) {
            throw ValidationError("--to takes a path in UTF-8")
        }
        if scenario == nil, scenarioOptions.isResuming || !scenarioOptions.parameters.assignments.isEmpty {
            throw ValidationError(
                "--resume and --param need --scenario; the restore of a component resumes without --resume")
        }
        try validateIndex()
        if rehearse { try validateRehearsal(hasTarget: hasTarget || asFiles) }
        if asFiles, to == nil { throw ValidationError("--as-files needs --to DIR") }
        if !paths.isEmpty, slice.isGiven {
            throw ValidationError("paths and --tenant, --from, --until exclude each other")
        }
    }

    private func validateIndex() throws {
        if existing, !rebuildIndex { throw ValidationError("--existing needs --rebuild-index") }
        guard rebuildIndex else { return }
        guard component != nil, to != nil else {
            throw ValidationError("--rebuild-index needs --component and --to DIR")
        }
        if asFiles || !paths.isEmpty {
            throw ValidationError("--rebuild-index excludes --as-files and paths")
        }
        let choosesSet = at != .latest || slice.isGiven || dryRun || replace || owner != nil || prefix != nil
        if existing, choosesSet {
            throw ValidationError(
                "--existing restores nothing: --at, --tenant, --from, --until, --dry-run, --replace, --owner and --prefix do not apply"
            )
        }
    }

    private func validateRehearsal(hasTarget: Bool) throws {
        guard component != nil || scenario != nil else {
            throw ValidationError("--rehearse needs --component or --scenario")
        }
        if dryRun || scenarioOptions.isResuming {
            throw ValidationError("--rehearse excludes --dry-run and --resume")
        }
        if hasTarget || rebuildIndex {
            throw ValidationError("--rehearse has no target: it takes no option that describes one")
        }
    }

    private func validateAll() throws {
        guard to != nil else { throw ValidationError("--all needs --to DIR") }
        if !paths.isEmpty || prefix != nil || slice.isGiven {
            throw ValidationError("paths, --prefix, --tenant, --from and --until need --component")
        }
    }

    private func parsedOwner() throws -> Owner {
        guard let owner else { return .recorded }
        let parts = owner.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        guard parts.count == 2, let uid = parts[0], let gid = parts[1] else {
            throw ValidationError("--owner takes two numbers, UID:GID, not '\(owner)'")
        }
        // Refused before the restore reads any data.
        guard geteuid() == 0 || uid == geteuid() else {
            throw ValidationError("--owner: only root may give files to a user other than \(geteuid())")
        }
        return .fixed(uid: uid, gid: gid)
    }

    func run() async throws {
        try await dr.recorded(
            as: rehearse ? .rehearsal : .restore, options, unless: dryRun || configuration,
            session: { try await Session(options, source, key: key) }, work)
    }

    private func work(_ session: Session) async throws {
        var session = session
        session.acceptsRevoked = acceptRevoked
        let meter = StoreMeter()
        if component != nil || rehearse { session.wrapsStore = { MeteredStore($0, meter: meter) } }
        // A rehearsal shows that the store itself has everything.
        session = session.limited(.restore)
        session = rehearse ? session.askingOnce : session.fallingOver.askingOnce
        if all { return try await restoreAll(session) }
        if configuration { return try await restoreConfiguration(session) }
        if let scenario {
            let recoverable =
                if source.store == nil {
                    session
                } else {
                    try await recorded.session(
                        scenario, at: at, in: session, needing: ["components"], recoveryKey: key.recoveryKey,
                        allowsClear: allowClear, isPreview: dryRun || rehearse)
                }
            return try await replay(scenario, in: recoverable, countedBy: meter)
        }
        if existing { return try await rebuildExistingIndex(session) }
        if let component { try await restore(component, in: session, countedBy: meter) }
    }

    private func rebuildExistingIndex(_ session: Session) async throws {
        guard let component, let to else { return }
        let settings = session.configuration.component(named: component)
        let kind = settings?.kind ?? component
        let target = URL(filePath: to).absoluteURL.path
        guard let restorer = try session.restorer(kind: kind, of: settings), restorer.canRebuildIndex else {
            throw ValidationError("a component of kind '\(kind)' has no index that dr can build")
        }
        let obstacles = await restorer.obstacles(to: target)
        guard obstacles.isEmpty else {
            throw RepositoryError(
                .target, object: target, "it is in use: \(obstacles.joined(separator: "; "))",
                hint: "stop the server that uses it")
        }
        let index = try await restorer.rebuildIndex(of: target, inUse: true)
        let output = Output(options: options)
        for line in index.advice { output.warn(line) }
        let result = IndexRebuilt(component: component, target: target, index: index)
        try output.result(result) { result.text }
        if !result.isWhole { throw ExitStatus.checkFailed }
    }

    private func replay(_ scenario: String, in session: Session, countedBy meter: StoreMeter) async throws {
        var request = try scenarioOptions.request(acceptsOlder: acceptOlder, allowsClear: allowClear)
        request.purpose = rehearse ? .rehearsal : dryRun ? .preview : .run
        let run = try await ScenarioRun.prepare(
            scenario, at: at, request: request, live: session, recoveryKey: key.recoveryKey)
        let output = Output(options: options)
        if rehearse {
            var recorded = RecordedRehearsal(run)
            return try report(
                try await recorded.run { try await run.rehearse().with(meter.reading) }, in: session)
        }
        if dryRun {
            let preview = try await run.preview()
            try output.result(preview) { preview.text }
            if preview.preflight.hasErrors { throw ExitStatus.failed }
            return
        }
        if !scenarioOptions.yes { try await run.confirm() }
        let result = try await run.carryOut(ignoringPreflight: scenarioOptions.ignorePreflight)
        session.noteRecovery(
            scenario, seconds: result.objectives.sinceStarted, rto: result.objectives.rto, drillPassed: nil)
        try output.result(result) { result.text }
        if result.exitStatus != .done { throw result.exitStatus }
    }

    private func restoreConfiguration(_ session: Session) async throws {
        guard let to else { return }
        let stack = try await RecordedStack(at, in: session, recoveryKey: key.recoveryKey, allowsClear: allowClear)
        let written = try stack.write(to: to, replaces: replace)
        try Output(options: options).result(written) { written.text }
    }

    private func restoreAll(_ session: Session) async throws {
        guard let to else { return }
        let repository = try await session.repository(recoveryKey: key.recoveryKey, allowsClear: allowClear)
        var restore = StackRestore(
            session: session, repository: repository,
            selection: try await session.selection(at, of: nil, in: repository, acceptsOlder: acceptOlder))
        restore.isDryRun = dryRun
        restore.asFiles = asFiles
        restore.replace = replace
        restore.discardsPrevious = discardPrevious
        restore.usesSeeds = !noSeed
        restore.owner = try parsedOwner()
        let result = try await restore.run(to: to)
        try Output(options: options).result(result) { result.text }
        if !result.isWhole { throw ExitStatus.partial }
    }

    private func report(_ rehearsal: RehearsalResult, in session: Session) throws {
        session.remember(rehearsal)
        for part in rehearsal.restores {
            for damage in part.missing {
                Output(options: options).warn(
                    "'\(part.component)/\(damage.path.printable)' is not in this backup: \(damage.reason)")
            }
        }
        let hint = rehearsal.isDamaged ? "\nhint: \(session.damageAdvice(readsData: true))" : ""
        try Output(options: options).result(rehearsal) { rehearsal.text + hint }
        if rehearsal.isDamaged { throw ExitStatus.checkFailed }
        if rehearsal.hasFailed { throw ExitStatus.failed }
        if rehearsal.isPartial { throw ExitStatus.partial }
    }

    private func restore(_ component: String, in session: Session, countedBy meter: StoreMeter) async throws {
        let settings = session.configuration.component(named: component)
        // Errors that do not need the store are reported before dr opens it.
        if to == nil, !rehearse, let settings, settings.volume == nil,
            try session.importer(kind: settings.kind, of: settings)?.fillsServer != true
        {
            throw ValidationError("'\(component)' is restored into a directory: add --to DIR")
        }
        let opened = try await session.repository(recoveryKey: key.recoveryKey, allowsClear: allowClear)
        // A rehearsal shows that the store has everything.
        let repository = rehearse ? opened : session.remembering(opened)
        let selection = try await session.selection(
            at, of: [component], in: repository, acceptsOlder: acceptOlder)
        let set = try await session.set(of: component, in: selection, repository)
        let manifest = try await session.pool.run { try repository.manifest(component, of: set) }
        var job = RestoreJob(session: session, repository: repository, set: set, manifest: manifest, settings: settings)
        job.paths = paths
        job.owner = try parsedOwner()
        job.keepsSetuid = keepSetuid
        job.allowsSecretHosts = allowSecretHosts
        job.replace = replace
        job.discardsPrevious = discardPrevious
        job.usesSeeds = !noSeed
        job.holdsWorkloads = hold
        job.slice = try slice.slice(now: session.now())
        if job.slice != nil, !session.canSlice(kind: manifest.source) {
            throw ValidationError(
                "--tenant, --from and --until do not apply to a component of kind '\(manifest.source)'")
        }
        try await session.requireReadable(
            [job], in: repository, to: rehearse ? .rehearse : .restore, isDryRun: dryRun)
        if rehearse {
            let display = ProgressDisplay(options: session.options, work: [(component, job.progress)])
            var recorded = RecordedRehearsal(session, in: repository, components: [component])
            await recorded.note(set)
            let result = try await recorded.run { [job, paths] in
                let part = try await display.during { try await job.rehearse() }
                return RehearsalResult(of: part, isWhole: job.slice == nil, paths: paths).with(meter.reading)
            }
            return try report(result, in: session)
        }
        guard let road = try job.road(to: to, asFiles: asFiles) else {
            throw ValidationError("'\(component)' is restored into a directory: add --to DIR")
        }
        if case .importer = road, !paths.isEmpty {
            throw ValidationError("paths need --as-files for this component")
        }
        if rebuildIndex, try session.restorer(kind: manifest.source, of: settings)?.canRebuildIndex != true {
            throw ValidationError("a component of kind '\(manifest.source)' has no index that dr can build")
        }
        job.rebuildsIndex = rebuildIndex
        if case .importer = road, discardPrevious {
            throw ValidationError("--discard-previous needs --as-files for this component")
        }
        try await PrintedRestore(
            job: job, isDryRun: dryRun, prefix: prefix, meter: meter, passedOver: selection.passedOver(for: component)
        ).run(road)
    }
}
