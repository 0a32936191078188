package import BackupRepository
import ObjectStorage
import Platform
import RecoveryPlan
import StackConfiguration

extension RestoreJob {
    /// True if the restore may need none of the packs of the component.
    fileprivate var isPart: Bool { !paths.isEmpty || slice != nil }
}

/// Restores, rehearsals and verifications of archived packs are refused before they start.
extension Session {
    /// Seconds: a thaw that ends earlier may end before a long restore.
    private static let shortThaw = 86_400

    /// Checks before restores that the store can deliver all packs that they read: also for the newest set, which a
    /// rule of the bucket may have archived. It costs one listing of the packs of each component.
    /// - Parameter isDryRun: true to warn only.
    /// - Throws: `RepositoryError` `.archived`.
    package func requireReadable(
        _ restores: [RestoreJob], in repository: Repository, to purpose: ArchivedPacks.Purpose = .restore,
        isDryRun: Bool = false
    ) async throws {
        let archived = try await archivedPacks(of: restores, in: repository)
        try requireReadable(archived, in: repository, to: purpose, isDryRun: isDryRun)
    }

    /// Checks before a verification that the store can deliver the packs that it may read. Sets and manifests are read
    /// only if a listing of the repository shows archived packs; those that cannot be read are left to the verification.
    /// - Parameter only: the set to verify; nil for all.
    /// - Throws: `RepositoryError` `.archived`.
    package func requireReadable(toVerify only: Timestamp?, in repository: Repository) async throws {
        guard repository.store.tiering != nil,
            try await pool.run({ try ArchivedPacks.areListed(in: repository.store) })
        else { return }
        let needs = try await pool.run { () throws -> PackNeeds in
            var needs = PackNeeds()
            for name in try only.map({ [$0] }) ?? repository.setNames() {
                try Task.checkCancellation()
                let set: BackupSet
                do { set = try repository.set(name) } catch is RepositoryError { continue }
                for component in set.components.keys.sorted() {
                    do { needs.add(try repository.manifest(component, of: set), of: name) } catch is RepositoryError {
                        continue
                    }
                }
            }
            return needs
        }
        let archived = try await ArchivedPacks(of: needs, in: repository, pool: pool)
        try requireReadable(archived, in: repository, to: .verify)
    }

    /// The archived packs that the restores read. The packs of a part are known from the indexes, which are read only
    /// if packs of its component are archived.
    func archivedPacks(of restores: [RestoreJob], in repository: Repository) async throws -> ArchivedPacks {
        var needs = PackNeeds()
        for restore in restores { needs.add(restore.manifest, of: restore.set.name) }
        var archived = try await ArchivedPacks(of: needs, in: repository, pool: pool)
        for (component, restores) in Dictionary(grouping: restores, by: \.component)
        where restores.allSatisfy(\.isPart) && archived.components.contains(component) {
            var packs: Set<String> = []
            for restore in restores {
                // The restore reports a path that is not there, and damage.
                do { packs.formUnion(try await restore.rehearsal().packs()) } catch is RepositoryError { continue }
            }
            archived.keep(packs, of: component)
        }
        return archived
    }

    /// Also warns if packs are thawed for a short time only.
    /// - Parameter isDryRun: true to warn only.
    /// - Throws: `RepositoryError` `.archived`.
    func requireReadable(
        _ archived: ArchivedPacks, in repository: Repository, to purpose: ArchivedPacks.Purpose,
        isDryRun: Bool = false
    ) throws {
        let copy = copyToThaw(in: repository)
        if let end = archived.thawedUntil, end.time.subtractingClamped(now().seconds) < Self.shortThaw {
            Output(options: options).warn(
                "archived packs of set \(end.set) can be read until \(Timestamp(seconds: end.time).readable) only\n"
                    + "hint: `\(ArchivedPacks.command(for: end.set, inCopy: copy)) --days 7` extends the time")
        }
        do { try archived.requireReadable(to: purpose, inCopy: copy) } catch let error as RepositoryError
            where isDryRun && error.reason == .archived
        {
            Output(options: options).warn("\(error)")
        }
    }

    /// The name of the copy whose packs a thaw makes readable; nil for the first store.
    private func copyToThaw(in repository: Repository) -> String? {
        if let copyName { return copyName }
        let isFirstAway = repository.store.with(FallbackStore.self)?.isFirstAway ?? false
        return isFirstAway ? alternatives.first?.name : nil
    }
}

extension StackRecovery {
    /// Refuses a run while nothing is stopped yet, if a restore needs archived packs that no earlier step thaws. A
    /// rehearsal has no steps that thaw.
    /// - Throws: `RepositoryError` `.archived`.
    func refuseArchived(for plan: Plan, to purpose: ArchivedPacks.Purpose = .restore) async throws {
        let restores = purpose == .restore ? plan.unthawedRestores : plan.restoreSteps
        let archived = try await session.archivedPacks(of: try await jobs(of: restores), in: repository)
        do { try session.requireReadable(archived, in: repository, to: purpose) } catch var error as RepositoryError
            where error.reason == .archived
        {
            let cold = archived.components
            error.detail = "\(cold.sorted().joined(separator: ", ")): \(error.detail)"
            let advice = purpose == .restore ? plan.lackingNeeds(of: cold) : []
            error.hint = (advice + [error.hint].compactMap { $0 }).joined(separator: "; or ")
            throw error
        }
    }

    /// The restores of steps, without those whose sets are missing.
    func jobs(of restores: [Plan.RestoreStep]) async throws -> [RestoreJob] {
        var jobs: [RestoreJob] = []
        for restore in restores.map(\.action) {
            // Another check has reported the missing set, or the plan skips the component.
            guard let set = try? await session.set(of: restore.component, in: selection, repository) else { continue }
            let manifest = try await session.pool.run { try repository.manifest(restore.component, of: set) }
            var job = RestoreJob(
                session: session, repository: repository, set: set, manifest: manifest,
                settings: session.configuration.component(named: restore.component))
            job.paths = restore.paths
            jobs.append(job)
        }
        return jobs
    }
}
