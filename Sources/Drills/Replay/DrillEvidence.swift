import BackupRepository
import Cryptography
import Operations
import Platform
import RecoveryPlan
import Reporting
import StackConfiguration

/// Writes the evidence of a drill beside its journal, and marks the sets as drilled.
struct DrillEvidence {
    private let live: Session
    private let scenario: String
    private let signer: SigningIdentity?
    private let authority: TimeStampAuthority?

    /// - Throws: `UsageError` if reports must be signed and there is no key; called before the drill.
    ///   `CMSError` if the certificates of the time stamp authority cannot be read.
    init(_ live: Session, scenario: String) throws {
        self.live = live
        self.scenario = scenario
        // The recorded configuration of another host names files of that host.
        authority =
            live.recorded == nil ? try live.configuration.evidence.timestamp.map { try TimeStampAuthority($0) } : nil
        // Without a configuration there is no key, whatever the recorded one wants.
        guard live.configuration.drill.signs, live.recorded == nil else {
            signer = nil
            return
        }
        guard let signer = try live.signer() else {
            throw UsageError("'drill: sign:' needs 'store: signing:' with a key")
        }
        self.signer = signer
    }

    /// - Parameters:
    ///   - sets: the sets that were restored.
    ///   - clusters: the kubectl contexts of the clusters in which the drill restored.
    ///   - journal: that of the run; a mark or a stamp that fails is a deviation.
    func write(
        _ run: String, of sets: [BackupSet], restoredTo clusters: [String], in repository: Repository,
        noting journal: Journal
    ) async throws -> DrillResult {
        // The parent of a bare drill records the facts: its child knows no history.
        if live.recorded == nil {
            let context = await live.auditContext(of: sets, clusters: clusters, run: run, in: repository)
            try journal.append(.audited(context: context))
        }
        let files = ReportFiles(state: live.stateRoot)
        let first = try files.source(run, actions: nil).evidence
        let passed = first.verdict == .passed || first.verdict == .late
        // A machine without a configuration does not write to the store.
        if live.recorded == nil {
            if let failure = await mark(sets.map(\.name), passed: passed, in: repository) {
                try Task.checkCancellation()
                try note("the set could not be marked as drilled: \(failure)", in: journal)
            } else if let reason = repository.signing.refusalToSign(as: DrilledMark.roles, at: live.now()) {
                // The mark is stored all the same, so that readers can say why the drill does not count.
                try note(
                    "the drill does not count in the repository: its mark must be signed, and \(reason)", in: journal)
            }
        }
        var (source, written) = try await make(run, files)
        if let authority, let report = written.files.first {
            do {
                written.files.append(
                    try await live.pool.run {
                        try ReportStamp.store(
                            authority.stamp(ReportStamp.content(of: report, replaces: true)), of: report)
                    })
            } catch let error as TimeStampError {
                // The report of a drill without a stamp is better than no report.
                try note("the report has no time stamp: \(error.place.text): \(error.detail)", in: journal)
                (source, written) = try await make(run, files)
            }
        }
        if let signer, let report = written.files.first {
            let signed = try await live.pool.run {
                try ReportSignature.sign(report, by: signer, replaces: true)
            }
            written.files += [signed.signature, signed.attestation]
        }
        return DrillResult(try source.evidence, written)
    }

    private func make(_ run: String, _ files: ReportFiles) async throws -> (ReportFiles.Source, ReportFiles.Written) {
        try await live.pool.run {
            let source = try files.source(run, actions: nil)
            return (source, try files.write(source, to: nil, Report.Format.allCases, pdf: false))
        }
    }

    private func note(_ text: String, in journal: Journal) throws {
        Output(options: live.options).warn(text)
        try journal.append(.noted(text: text))
    }

    /// - Returns: the reason why the sets are not marked; nil if they are.
    private func mark(_ sets: [Timestamp], passed: Bool, in repository: Repository) async -> String? {
        do {
            for set in sets {
                let mark = DrilledMark(
                    at: live.now(), tool: Release.tool, set: set, scenario: scenario, passed: passed)
                _ = try await live.pool.run { try Marks(repository).put(mark) }
            }
            if passed { try await noteKeyTest(sets, in: repository) }
            return nil
        } catch { return "\(error)" }
    }

    /// Records that the recovery key opened the drilled backups. A drill that failed says nothing about the key.
    private func noteKeyTest(_ sets: [Timestamp], in repository: Repository) async throws {
        guard let certificate = repository.encryption.key?.certificate else { return }
        try await live.pool.run {
            guard let set = try sets.last(where: { try repository.set($0).recipients != nil }) else { return }
            _ = try Marks(repository).put(
                KeyTestedMark(
                    at: live.now(), tool: Release.tool, fingerprint: certificate.fingerprint, set: set, passed: true))
        }
    }
}
