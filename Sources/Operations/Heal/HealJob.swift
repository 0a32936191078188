package import BackupRepository
import Components
import FoundationEssentials
import Platform
import RecoveryPlan
package import StackConfiguration

/// A heal of one component: compares its live data with the backups, and puts back what is damaged or missing.
package struct HealJob {
    package let session: Session
    package let repository: Repository
    package let component: ComponentConfiguration
    /// The set to take parts from; nil for the newest sets that hold the component.
    package var selector: SetSelector?
    package var isDryRun = false
    /// Also puts back parts that the server or a user may have deleted.
    package var restoresMissing = false
    package let progress = WorkProgress()

    /// The number of sets that are searched: most damage is found within a day of hourly backups.
    private static let mostSets = 24

    package init(session: Session, repository: Repository, component: ComponentConfiguration) {
        self.session = session
        self.repository = repository
        self.component = component
    }

    /// - Throws: `UsageError` for a component that cannot be healed.
    package func run() async throws -> HealResult {
        guard component.volume == nil else {
            throw UsageError(
                "\(component.name): its data are in a volume of the cluster; run dr heal where the volume is mounted, or "
                    + "restore it with `dr restore --component \(component.name)`")
        }
        guard let method = try component.settings.healing(session.context(of: component.name)) else {
            throw UsageError(
                "\(component.name): dr heal has no parts for a component of kind '\(component.kind)'; restore it with "
                    + "`dr restore --component \(component.name)`")
        }
        try await session.refuseMisplaced(component)
        let lock = try RunFolder(state: session.stateRoot).lock(
            "heal-\(component.name)", run: "heal \(component.name)", holder: .current)
        defer { withExtendedLifetime(lock) {} }
        guard !isDryRun else { return try await heal(by: method) }
        var ledger = LedgerRun(of: .heal, in: session, telling: Output(options: session.options))
        ledger.entry.components = [component.name]
        await ledger.begin(in: repository)
        do {
            let result = try await heal(by: method)
            await ledger.end(result.verdict, exitCode: result.unhealed > 0 ? 3 : 0, in: repository) {
                if result.absent > 0 { $0.reason = "\(Units.count(result.absent, "missing part")) not put back" }
            }
            return result
        } catch {
            await ledger.end("failed", after: error, in: repository)
            throw error
        }
    }

    private func heal(by method: HealMethod) async throws -> HealResult {
        let report =
            switch method {
            case .files(let healer): try await heal(with: healer)
            case .objects: try await healObjects()
            }
        return HealResult(component: component.name, isDryRun: isDryRun, report)
    }

    private func heal(with healer: any ComponentHealer) async throws -> HealReport {
        var request = HealRequest(
            component: component.name, backups: try await backups(), stamp: session.now(), progress: progress)
        request.isDryRun = isDryRun
        request.restoresMissing = restoresMissing
        return try await healer.heal(request)
    }

    // MARK: Backups

    private func backups() async throws -> [HealBackup] {
        let sets =
            if let selector { [try await session.set(selector, in: repository)] } else { try await newestSets() }
        let backups = sets.compactMap {
            HealBackup(component.name, of: $0, in: repository, pool: session.pool, progress: progress)
        }
        guard !backups.isEmpty else {
            throw RepositoryError(
                .noSuchComponent, object: component.name, "no backup set holds it",
                hint: "run `dr list` to see the sets")
        }
        return backups
    }

    /// The newest sets that hold the component, newest first; imported ones only if `dr` has no backup of it.
    private func newestSets() async throws -> [BackupSet] {
        let now = session.now()
        let (names, marks) = try await session.pool.run {
            (try repository.setNames(), try SetMarks(Marks(repository)))
        }
        var found: [BackupSet] = []
        var imported: [BackupSet] = []
        var rest = names.filter { !repository.scope.isFuture($0, at: now) && marks[$0].dropReason(at: now) == nil }[...]
        while found.count < Self.mostSets, !rest.isEmpty {
            let page = rest.suffix(Self.mostSets)
            rest = rest.dropLast(page.count)
            let (sets, unreadable) = try await repository.sets(Array(page), pool: session.pool)
            for set in unreadable {
                Output(options: session.options).warn("set \(set.name) cannot be read: \(set.reason)")
            }
            let holding = sets.sorted { $0.name > $1.name }.filter {
                repository.scope.owns($0) && $0.components[component.name] != nil
            }
            found += holding.filter { $0.imported == nil }
            imported += holding.filter { $0.imported != nil }
        }
        return Array((found.isEmpty ? imported : found).prefix(Self.mostSets))
    }

    // MARK: Objects of a server

    /// Creates the objects that the server lacks. An object with other content was changed by a user.
    private func healObjects() async throws -> HealReport {
        let selection = try await session.selection(selector ?? .latest, of: [component.name], in: repository)
        let set = try await session.set(of: component.name, in: selection, repository)
        let manifest = try await session.pool.run { try repository.manifest(component.name, of: set) }
        let job = RestoreJob(
            session: session, repository: repository, set: set, manifest: manifest, settings: component)
        guard let importer = try session.importer(kind: component.kind, of: component), importer.fillsServer else {
            throw UsageError("\(component.name): dr does not know its server; set `url:` in dr.yaml")
        }
        let changes = restoresMissing && !isDryRun
        let found = HealedObjects(set: set.name, changes: changes, isDryRun: isDryRun)
        try await job.runImport(with: importer, into: nil, isDryRun: !changes) { found.add($0) }
        return found.report
    }
}
