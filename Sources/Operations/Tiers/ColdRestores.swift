import BackupRepository
import Platform
import RecoveryPlan

extension StackRecovery {
    /// Refuses a run while nothing is stopped yet, if a restore needs archived packs that no earlier step thaws.
    /// - Throws: `RepositoryError` `.archived`.
    func refuseArchived(for plan: Plan) async throws {
        var wanted: [Timestamp: (set: BackupSet, manifests: [Manifest])] = [:]
        for (_, component) in plan.coldRestores {
            // A missing set was reported, or the plan goes on without the component.
            guard let set = try? await session.set(of: component, in: selection, repository) else { continue }
            let manifest = try await session.pool.run { try repository.manifest(component, of: set) }
            wanted[set.name, default: (set, [])].manifests.append(manifest)
        }
        for (_, part) in wanted.sorted(by: { $0.key < $1.key }) {
            do {
                try await session.requireReadable(part.manifests, of: part.set, in: repository)
            } catch let error as RepositoryError where error.reason == .archived {
                throw try await explained(error, part.manifests, for: plan)
            }
        }
    }

    /// Adds the components that need archived packs, and the steps that would thaw them.
    private func explained(
        _ error: RepositoryError, _ manifests: [Manifest], for plan: Plan
    ) async throws -> RepositoryError {
        var cold: Set<String> = []
        for manifest in manifests {
            let packs = try await ArchivedPacks(of: [manifest], in: repository, pool: session.pool)
            if packs.complaint != nil { cold.insert(manifest.component) }
        }
        guard !cold.isEmpty else { return error }
        var error = error
        error.detail = "\(cold.sorted().joined(separator: ", ")): \(error.detail)"
        let advice = plan.lackingNeeds(of: cold)
        if !advice.isEmpty { error.hint = (advice + [error.hint].compactMap { $0 }).joined(separator: "; or ") }
        return error
    }
}

extension Plan {
    /// The components that are thawed before each of their restores.
    var thawedComponents: Set<String> {
        let restored = steps.compactMap { ($0.action?.action as? RestoreAction)?.component }
        return Set(restored).subtracting(coldRestores.map { $0.component })
    }

    /// The restores of whole components that no earlier step thaws; a part may need none of the archived packs.
    fileprivate var coldRestores: [(step: String, component: String)] {
        let graph = StepGraph(steps)
        return steps.compactMap { step in
            guard let restore = step.action?.action as? RestoreAction, restore.paths.isEmpty,
                !thaws(of: restore.component).contains(where: { graph.dependents(of: $0).contains(step.id) })
            else { return nil }
            return (step: step.id, component: restore.component)
        }
    }

    /// The ids of the steps that thaw a component.
    private func thaws(of component: String) -> [String] {
        steps.compactMap { step in
            guard let thaw = step.action?.action as? ThawAction else { return nil }
            let names = thaw.request.components
            return names.isEmpty || names.contains(component) ? step.id : nil
        }
    }

    /// For restores of these components: the steps that thaw them, and that the restores should need.
    fileprivate func lackingNeeds(of components: Set<String>) -> [String] {
        let graph = StepGraph(steps)
        return coldRestores.filter { components.contains($0.component) }.flatMap { restore in
            // A thaw that follows the restore cannot come before it.
            thaws(of: restore.component).filter { !graph.dependents(of: restore.step).contains($0) }.map { thaw in
                "step '\(thaw)' thaws \(restore.component), but step '\(restore.step)' does not need it: add "
                    + "`needs: [\(thaw)]`"
            }
        }
    }
}
