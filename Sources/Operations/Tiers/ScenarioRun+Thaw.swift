import BackupRepository
import Platform
import RecoveryPlan

extension ScenarioRun {
    /// Refuses the run while nothing is stopped yet, if a restore needs archived packs that no earlier step thaws.
    /// - Throws: `RepositoryError` `.archived`.
    func refuseArchived() async throws {
        // A resumed run has restored some of them. Each restore looks again.
        guard reading == nil else { return }
        let (session, repository) = (recovery.session, recovery.repository)
        let graph = StepGraph(plan.steps)
        var wanted: [Timestamp: (set: BackupSet, manifests: [Manifest])] = [:]
        for step in plan.steps {
            guard let restore = step.action?.action as? RestoreAction, restore.paths.isEmpty,
                !isThawed(restore.component, before: step.id, graph),
                // A missing set was reported, or the plan goes on without the component.
                let set = try? await session.set(of: restore.component, in: recovery.selection, repository)
            else { continue }
            let manifest = try await session.pool.run { try repository.manifest(restore.component, of: set) }
            wanted[set.name, default: (set, [])].manifests.append(manifest)
        }
        for (_, part) in wanted.sorted(by: { $0.key < $1.key }) {
            try await session.requireReadable(part.manifests, of: part.set, in: repository)
        }
    }

    private func isThawed(_ component: String, before step: String, _ graph: StepGraph) -> Bool {
        plan.steps.contains { earlier in
            guard let thaw = earlier.action?.action as? ThawAction else { return false }
            let names = thaw.request.components
            return (names.isEmpty || names.contains(component)) && graph.dependents(of: earlier.id).contains(step)
        }
    }
}
