package import BackupRepository
package import FoundationEssentials
package import Notifications
import ObjectStorage
import Platform
package import Components
package import RecoveryPlan
import StackConfiguration

/// The services of the engine in the real stack: restores from one backup set, checks and notifications.
package struct StackRecovery: RecoveryServices {
    let session: Session
    package let repository: Repository
    /// The set of each component.
    package let selection: RestoreSelection
    /// The progress of each restore, for the display.
    let progress = RestoreProgress()
    let notices: RunNotices
    /// The sets that the checks compare the stack with: the restored sets, except in a negative control.
    package var expected: RestoreSelection
    /// The components that the plan restores; other components need not match the set.
    var restoring: Set<String>?
    /// The components that the plan thaws before it restores them.
    var thawed: Set<String> = []
    /// The components whose packs were looked at before the first step.
    var lookedAt: Set<String> = []

    init(session: Session, repository: Repository, selection: RestoreSelection) {
        self.session = session
        self.repository = repository
        self.selection = selection
        expected = selection
        notices = RunNotices(Output(options: session.options))
    }

    package func now() -> Date { session.clock.now }

    /// Fetches the documents that the restores read first, all side by side. It fails silently: a restore fetches again what it
    /// lacks.
    func fetchFirstDocuments() async {
        let components = selection.parts.keys.filter { restoring?.contains($0) ?? true }.sorted()
        try? await session.pool.run {
            let packs = try SideBySide.map(components) { component -> [(String, Manifest.PackUse)] in
                let manifest = try repository.manifest(component, of: selection.set(of: component))
                return manifest.packs.prefix(Self.firstPacks).map { (component, $0) }
            }
            _ = try SideBySide.map(Array(packs.joined())) { component, use in
                _ = try repository.index(component, use)
            }
        }
    }

    /// The indexes of a component that are fetched ahead; a restore reads as many at the same time.
    private static let firstPacks = 4

    // MARK: Restore

    package func previewRestore(
        _ request: ComponentRestoreRequest, in run: RunIdentity, stopped: Set<StoppedWorkload>
    ) async throws -> ActionPreview {
        try await translatingErrors("preview the restore of \(request.component)") {
            let (job, road) = try await job(request)
            let cold = try await coldLines(of: job)
            switch road {
            case .files(let directory) where !hasParent(directory):
                try RestoreTarget.refuse(directory, session.protectedPlaces)
                let totals = job.manifest.totals
                return ActionPreview(
                    [
                        "restore \(job.component) of set \(job.set.name) to \(directory), a new directory: \(Units.count(totals.files, "file"))"
                    ] + cold,
                    bytes: totals.bytes)
            case .files(let directory):
                let plan = try await job.planFiles(to: directory)
                let use = request.previous == .discard ? "removed once the run is validated" : "kept beside it"
                let aside = plan.replaces ? "; the previous content is \(use)" : ""
                var lines = [
                    "restore \(job.component) of set \(job.set.name) to \(plan.target): \(Units.count(plan.files, "file"))\(aside)"
                ]
                lines += plan.obstacles.map { "conflict: \($0)" } + cold
                return ActionPreview(lines, bytes: plan.bytes)
            case .volume(let words):
                let plan = try await job.planVolume(createsNamespace: true, stopped: stopped)
                let use = request.previous == .discard ? "removed once the run is validated" : "kept in the volume"
                var lines = [
                    "restore \(job.component) of set \(job.set.name) to \(words), \(plan.target): \(Units.count(plan.files, "file"))"
                        + (plan.replaces ? "; the previous content is \(use)" : "")
                ]
                lines += plan.obstacles.map { "conflict: \($0)" } + cold
                return ActionPreview(lines, bytes: plan.bytes)
            case .importer(_, let directory):
                let place = directory ?? "its server"
                let totals = job.manifest.totals
                return ActionPreview(
                    ["restore \(job.component) of set \(job.set.name) into \(place): \(totals.files) documents"] + cold,
                    bytes: totals.bytes)
            }
        }
    }

    package func restore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> RestoredComponent {
        try await translatingErrors("restore \(request.component)") {
            var (job, road) = try await job(request)
            job.recovery = run.id
            if !lookedAt.contains(job.component) { try await session.requireReadable([job], in: repository) }
            if let directory = road.directory { try makeParent(of: directory) }
            progress.begin(job.component, job.progress)
            defer { progress.end(job.component) }
            var result = RestoredComponent(
                component: job.component, set: "\(job.set.name)",
                newest: job.set.components[job.component]?.newestDatum,
                files: 0, bytes: 0)
            result.warnings = job.manifest.damage.map { "'\($0.path)' is not in this backup: \($0.reason)" }
            switch road {
            case .files, .volume:
                let report =
                    if let directory = road.directory {
                        try await job.restoreFiles(to: directory)
                    } else {
                        try await job.restoreVolume()
                    }
                result.files = report.files
                result.bytes = report.bytes
                if report.reusedBytes > 0 {
                    result.origin = report.origin
                } else if report.kept != nil || report.discarded != nil {
                    result.origin = ComponentRestore.Report.wholeOrigin
                }
                result.warnings += report.advice
                if let shortfall = report.shortfall {
                    let text = shortfall.text(target: report.target)
                    result.warnings.append(text)
                    if shortfall.isSerious { result.ownerShortfall = text }
                }
                if let kept = report.kept {
                    if request.previous == .discard { result.previous = kept }
                    let until = request.previous == .discard ? " until the run is validated" : ""
                    result.warnings.append("the previous content is kept in \(kept)\(until)")
                }
            case .importer(let importer, let directory):
                let objects = ObjectTally()
                try await job.runImport(with: importer, into: directory) { objects.add($0) }
                try objects.refuseFailures(of: job.component)
                result.files = job.manifest.totals.files
                result.bytes = job.manifest.totals.bytes
                result.warnings += objects.warnings
            }
            return result
        }
    }

    package func discardPrevious(of restored: [RestoredComponent], in run: RunIdentity) async -> [String] {
        var lines: [String] = []
        for part in restored {
            guard let path = part.previous else { continue }
            do {
                if session.configuration.component(named: part.component)?.volume != nil {
                    var (job, _) = try await job(ComponentRestoreRequest(component: part.component))
                    job.recovery = run.id
                    try await job.discardFromVolume(path)
                } else {
                    try await session.pool.run { try PreviousContent.remove(path) }
                }
                lines.append("removed the previous content of \(part.component), \(path)")
            } catch { lines.append("the previous content of \(part.component) was not removed: \(error)") }
        }
        return lines
    }

    private func hasParent(_ directory: String) -> Bool {
        FileManager.default.fileExists(atPath: directory.folderOfPath)
    }

    /// Creates the parent directory, which a new machine does not have.
    private func makeParent(of directory: String) throws {
        try Folder.create(directory.folderOfPath)
    }

    /// Returns the result that a restore of a component would have, without restoring it, for a negative control.
    package func pretend(_ component: String) async throws -> RestoredComponent {
        let set = try await session.set(of: component, in: selection, repository)
        let manifest = try await session.pool.run { try repository.manifest(component, of: set) }
        return RestoredComponent(
            component: component, set: "\(set.name)", newest: set.components[component]?.newestDatum,
            files: manifest.totals.files,
            bytes: manifest.totals.bytes)
    }

    func job(_ request: ComponentRestoreRequest) async throws -> (RestoreJob, RestoreJob.Road) {
        let name = request.component
        let settings = session.configuration.component(named: name)
        let set = try await session.set(of: name, in: selection, repository)
        let manifest = try await session.pool.run { try repository.manifest(name, of: set) }
        var job = RestoreJob(session: session, repository: repository, set: set, manifest: manifest, settings: settings)
        job.paths = request.paths
        job.replace = request.replace
        job.holdsWorkloads = request.hold
        job.usesSeeds = request.seed
        if job.paths.isEmpty, request.to == nil, let road = try job.road(to: nil) { return (job, road) }
        let home = request.to ?? settings?.home
        guard let home, let road = try job.road(to: home) else {
            throw ActionError(
                .hopeless, operation: "restore \(name)", "the component has no target directory",
                hint: "add 'to:' to the step, or set the component's directory in dr.yaml")
        }
        return (job, road)
    }

    // MARK: Checks, notifications, operators

    package func check(_ names: [String], in run: RunIdentity) async -> [CheckResult] {
        await CheckRun(session: session, repository: repository).run(names, sets: expected, components: restoring)
    }

    package func notify(_ notice: Notice) async -> String? { notices.post(notice) }

    /// Runs this program as a child process, so that the backup is the same as from cron.
    package func backup(maximumAge: Int?) async throws -> String {
        let now = session.now()
        let before = try await newestBackup(at: now)
        if let maximumAge, let before, now.seconds - before.seconds <= maximumAge { return "\(before)" }
        guard session.recorded == nil else {
            throw ActionError(
                .hopeless, operation: "backup", "this machine has no dr.yaml yet",
                hint: "write it with `dr restore --configuration --to DIR`, then run `dr backup`")
        }
        let program = Program(
            OwnProgram.path, ["backup", "--config", session.file, "--quiet", "--no-progress"],
            environment: ProcessInfo.processInfo.environment, timeout: .seconds(4 * 3600))
        let (end, _) = try await session.pool.run { try program.captured() }
        guard end.status == 0 else {
            throw ActionError(
                .failed, operation: "backup", "it exited with status \(end.status): \(end.errors.suffix(500))",
                hint: "run `dr backup` to see the error")
        }
        let made = try await newestBackup(at: session.now())
        guard let made, made != before else {
            throw ActionError(.failed, operation: "backup", "it did not write a new set")
        }
        return "\(made)"
    }

    /// Other tools' backups that were imported do not count.
    private func newestBackup(at now: Timestamp) async throws -> Timestamp? {
        try await session.pool.run {
            // Another process writes it: `dr backup` below, or the one of the hour.
            repository.store.refresh()
            return try repository.newestSet(now: now) { $0.imported == nil }.set?.name
        }
    }

    package func confirm(_ question: String) async throws {
        try await session.pool.run { try TerminalQuestion(question).confirm() }
    }
}

/// Runs `body`, and converts its errors to errors of the engine.
func translatingErrors<Value>(_ operation: String, _ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let error as RestoreFailure {
        throw ActionError(.damaged, operation: operation, "\(error)")
    } catch let error as RepositoryError where error.reason == .damaged {
        throw ActionError(.damaged, operation: operation, "\(error)")
    } catch let error as RepositoryError where [.noSuchComponent, .archived].contains(error.reason) {
        throw ActionError(.hopeless, operation: operation, "\(error)")
    } catch let error where !(error is ActionError || error is CancellationError) {
        throw ActionError(.failed, operation: operation, "\(error)")
    }
}
