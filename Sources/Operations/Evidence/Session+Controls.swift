import BackupRepository
import Cryptography
package import FoundationEssentials
import Platform
import RecoveryPlan
package import Reporting
import StackConfiguration

extension Session {
    /// Collects the facts for the verdicts on controls: this machine's journals, the repository's ledger, `dr.yaml` and the
    /// files of corrective actions.
    /// - Parameters:
    ///   - time: the time of the verdicts; nil for now.
    ///   - warn: gets what could not be read.
    package func controlFacts(at time: Date?, warn: (String) -> Void) async -> ControlFacts {
        let local = await pool.run { testHistory() }
        var ledger = LedgerHistory()
        do { ledger = try await ledgerHistory(of: try await repository(), since: time ?? clock.now) } catch {
            warn("the ledger could not be read; the verdicts use the journals of this machine only: \(error)")
        }
        for text in ledger.breaks.prefix(5) { warn("the ledger was changed: \(text); run 'dr ledger verify'") }
        let written = await pool.run { recordedActions() }
        var facts = ControlFacts(
            at: time ?? clock.now, history: TestRecord.merge(local, with: ledger.records, warn: warn),
            components: configuration.components.map(\.name), declared: configuration.evidence.declarations,
            actions: written.actions, review: written.review,
            // An earlier time has earlier plans, which are not known.
            plans: time == nil ? testedPlans(local + ledger.records) : [:])
        facts.ledgerBreaks = ledger.breaks
        return facts
    }

    /// Returns the actions beside all journals, and the review beside the newest.
    private func recordedActions() -> (actions: [CorrectiveAction], review: Review?) {
        guard let runs = try? RunFolder(state: stateRoot) else { return ([], nil) }
        var actions: [CorrectiveAction] = []
        var review: Review?
        for (index, run) in runs.runs().reversed().prefix(100).enumerated() {
            guard let file = try? CorrectiveActionsFile.read("\(runs.path)/\(run)/actions.yaml") else { continue }
            actions += file.actions
            if index == 0 { review = file.review }
        }
        return (actions, review)
    }

    /// Returns the SHA-256 of the present plan of each scenario that was tested.
    private func testedPlans(_ records: [TestRecord]) -> [String: String] {
        let tested = Set(records.filter(\.isTest).compactMap(\.scenario))
        guard let library = try? planLibrary() else { return [:] }
        let known = library.entries.filter { tested.contains($0.scenario) }
        return Dictionary(
            known.map { ($0.scenario, Digest(of: [UInt8]($0.text.text.utf8)).hex) }, uniquingKeysWith: { one, _ in one }
        )
    }
}
