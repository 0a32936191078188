package import BackupRepository
import Cryptography
import Platform
import RecoveryPlan

/// A rehearsal with its entry in the ledger.
package struct RecordedRehearsal {
    private let session: Session
    private let repository: Repository
    private var ledger: LedgerRun

    package init(_ session: Session, in repository: Repository, components: [String]) {
        self.session = session
        self.repository = repository
        ledger = LedgerRun(of: .rehearsal, in: session, telling: Output(options: session.options))
        ledger.entry.components = components.sorted()
    }

    /// - Parameter run: of the plan.
    package init(_ run: ScenarioRun) {
        self.init(
            run.session, in: run.recovery.repository,
            components: Array(Set(run.plan.steps.compactMap(\.restoredComponent))))
        ledger.entry.scenario = run.plan.scenario
        ledger.entry.plan = Digest(hex: run.record.planDigest)
        ledger.entry.forecast = run.forecast.total?.expected
        if let name = Timestamp(run.record.identity.set), let digest = Digest(hex: run.record.setDigest) {
            ledger.entry.set = .init(name: name, sha256: digest)
        }
    }

    /// Notes the set of a rehearsal without a plan.
    package mutating func note(_ set: BackupSet) async {
        let (repository, name) = (repository, set.name)
        guard let digest = try? await session.pool.run({ try repository.digest(ofSet: name) }) else { return }
        ledger.entry.set = .init(name: set.name, sha256: digest)
    }

    package mutating func run(_ body: () async throws -> RehearsalResult) async throws -> RehearsalResult {
        await ledger.begin(in: repository)
        do {
            let result = try await body()
            let (verdict, code) = result.verdict
            await ledger.end(verdict, exitCode: code, in: repository) {
                $0.seconds = result.seconds
                $0.reason = result.firstDamage.map { LedgerEntry.shortened($0) }
            }
            await markDamaged(result.damagedSets)
            return result
        } catch {
            let isDamage = (error as? RepositoryError)?.reason == .damaged
            await ledger.end(
                isDamage ? "damaged" : "failed", after: error, exitCode: isDamage ? 7 : 1, in: repository)
            if isDamage, let set = ledger.entry.set { await markDamaged([set.name]) }
            guard isDamage, var damage = error as? RepositoryError, damage.hint == nil else { throw error }
            damage.hint = session.damageAdvice(readsData: true)
            throw damage
        }
    }

    /// Records the sets as damaged, as a verification does: no recovery is to choose them unasked.
    private func markDamaged(_ sets: Set<Timestamp>) async {
        guard !sets.isEmpty else { return }
        let output = Output(options: session.options)
        // A machine without a configuration does not write to the store.
        guard !session.isWithoutConfiguration, session.recorded == nil else {
            return output.note(
                "note: the damage is not recorded in the repository: run 'dr verify --read-data' on a host of the stack"
            )
        }
        let mark = VerifiedMark(
            at: session.now(), tool: Release.tool, level: .data, share: 1, good: [], damaged: sets.sorted())
        do {
            let notes = try await session.pool.run { [repository] in try Marks(repository).record(mark) }
            for note in notes { output.note("note: \(note)") }
        } catch { output.warn("the damage could not be recorded in the repository: \(error)") }
    }
}

extension RehearsalResult {
    /// The words of the ledger, and the exit code of the command.
    fileprivate var verdict: (String, Int) {
        if isDamaged { return ("damaged", 4) }
        if hasFailed { return ("failed", 1) }
        return isPartial ? ("partial", 3) : ("verified", 0)
    }
}
