import BackupRepository
import ObjectStorage
package import RecoveryPlan

/// The thaws that a recovery forecast counts.
extension Session {
    /// The archived packs that a recovery from the newest sets must thaw: a rule of the bucket may have archived them. It
    /// costs a listing of the packs of each component.
    /// - Returns: nil if that cannot be read.
    package func coldComponents(of plan: Plan) async -> ColdComponents? {
        let restored = Set(plan.restoreSteps.map(\.action.component))
        guard !restored.isEmpty else { return ColdComponents() }
        do {
            let repository = try await repository()
            guard repository.store.tiering != nil else { return ColdComponents() }
            let selection = try await repository.latest(of: restored, now: now(), provesManifests: true, pool: pool)
            let recovery = StackRecovery(session: self, repository: repository, selection: selection)
            return try await recovery.coldComponents(of: plan)
        } catch { return nil }
    }
}

extension StackRecovery {
    /// What the store must thaw before the restores of the plan.
    func coldComponents(of plan: Plan) async throws -> ColdComponents {
        guard repository.store.tiering != nil else { return ColdComponents() }
        let archived = try await session.archivedPacks(of: try await jobs(of: plan.restoreSteps), in: repository)
        var cold = ColdComponents()
        for component in archived.components {
            let packs = archived.only(component)
            var seconds: [ThawRequest.Tier: Double] = [:]
            for tier in ThawRequest.Tier.allCases {
                seconds[tier] = ThawSpeed(rawValue: tier.rawValue).flatMap { packs.thawTime($0) }.map { Double($0) }
            }
            cold.seconds[component] = seconds
        }
        return cold
    }
}
