package import BackupRepository
import Documents
import FoundationEssentials
import Platform
package import RecoveryPlan
import Reporting
import StackConfiguration

extension Session {
    /// Returns the facts around a run for its evidence.
    /// - Parameters:
    ///   - sets: the restored sets.
    ///   - clusters: the kubectl contexts of the clusters into which the run restores.
    ///   - run: the id of the present run, which the history omits.
    ///   - repository: its ledger is part of the history; nil to use the journals of this host only, since a recovery must
    ///     not wait for it.
    package func auditContext(
        of sets: [BackupSet], clusters: [String], run: String, in repository: Repository?
    ) async -> AuditContext {
        let sources = sets.compactMap { set in set.provenance.map { ("\(set.name)", $0) } }
        let here = await pool.run { provenance() }
        let local = await pool.run { testHistory(before: run) }
        // The evidence says which history it had. A ledger that cannot be read must not stop a recovery.
        var ledger: [TestRecord] = []
        if let repository {
            let entries = try? await ledgerHistory(of: repository, since: clock.now, longest: Self.mostEntries)
            ledger = (entries?.records ?? []).filter { $0.run != run }
        }
        let history = TestRecord.merge(local, with: ledger)
        return AuditContext(
            run: here, sources: Dictionary(sources, uniquingKeysWith: { one, _ in one }),
            clusters: clusters.isEmpty ? nil : clusters, components: configuration.components.map(\.name),
            declared: configuration.evidence.declarations,
            history: Array(history.sorted { $0.at > $1.at }.prefix(Self.mostRecords)))
    }

    /// Returns the runs of this machine's journals, the newest first. Unreadable and altered journals do not count.
    /// - Parameter run: a run to skip; nil for none.
    package func testHistory(before run: String? = nil) -> [TestRecord] {
        guard let runs = try? RunFolder(state: stateRoot) else { return [] }
        return runs.runs().reversed().prefix(Self.mostRecords).compactMap { name in
            guard name != run, let reading = try? JournalReading(path: runs.journal(of: name)),
                let end = reading.lines.last?.body.at, let evidence = try? Evidence(reading)
            else { return nil }
            return TestRecord(evidence, at: end)
        }
    }

    /// The number of earlier runs that a journal records. A quarter of drills each day fits.
    private static let mostRecords = 100
    /// The number of entries of the ledger that a run reads. `dr report controls` reads more.
    private static let mostEntries = 400
}

extension EvidenceConfiguration {
    /// The facts that operators declare.
    package var declarations: AuditContext.Declarations {
        var declared = AuditContext.Declarations()
        declared.objectiveOwner = objectiveOwner
        declared.criticality = criticality
        declared.participants = participants.isEmpty ? nil : participants
        declared.separation = separation
        declared.offNetworkCopy = offNetworkCopy
        return declared
    }
}
