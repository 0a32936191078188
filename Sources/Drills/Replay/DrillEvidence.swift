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

    /// - Throws: `UsageError` if reports must be signed and there is no key; called before the drill.
    init(_ live: Session, scenario: String) throws {
        self.live = live
        self.scenario = scenario
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

    /// - Parameter sets: the sets that were restored.
    func write(_ run: String, sets: [Timestamp], in repository: Repository) async throws -> DrillResult {
        let files = ReportFiles(state: live.stateRoot)
        let source = try files.source(run, actions: nil)
        var written = try await live.pool.run { try files.write(source, to: nil, Report.Format.allCases, pdf: false) }
        if let signer, let report = written.files.first {
            let signature = try await live.pool.run {
                try ReportSignature.sign(report, by: signer, replaces: true)
            }
            written.files.append(signature)
        }
        let evidence = try Evidence(source.reading, correctiveActions: source.actions)
        let passed = evidence.verdict == .passed || evidence.verdict == .late
        // A machine without a configuration does not write to the store.
        if live.recorded == nil { await mark(sets, passed: passed, in: repository) }
        return DrillResult(evidence, written)
    }

    private func mark(_ sets: [Timestamp], passed: Bool, in repository: Repository) async {
        do {
            for set in sets {
                let mark = DrilledMark(
                    at: live.now(), tool: Release.tool, set: set, scenario: scenario, passed: passed)
                _ = try await live.pool.run { try Marks(repository).put(mark) }
            }
            if passed { try await noteKeyTest(sets, in: repository) }
        } catch {
            Output(options: live.options).warn("the set could not be marked as drilled: \(error)")
        }
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
