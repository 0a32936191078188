import BackupRepository
import Cryptography
import Operations
import Platform
import RecoveryPlan
import Reporting

/// The entries of a drill in the ledger: one before it, so that a drill without an end is seen, and one with its result.
struct DrillLedger {
    private var ledger: LedgerRun
    private let announces: Bool
    var begun: LedgerBegin? { ledger.begun }

    /// - Parameter run: the id of the run.
    init(_ drill: Drill, run: String) {
        ledger = LedgerRun(of: .drill, in: drill.live, telling: Output(options: drill.live.options), run: run)
        ledger.entry.scenario = drill.scenario
        if !drill.components.isEmpty { ledger.entry.components = drill.components }
        // The parent of a bare drill writes the entries.
        announces = drill.begun == nil
    }

    mutating func begin(in repository: Repository) async {
        if announces { await ledger.begin(in: repository, announces: true) }
    }

    mutating func end(_ result: DrillResult, in repository: Repository) async {
        guard announces else { return }
        await ledger.end(
            result.verdict == .partial ? "failed" : result.verdict.rawValue, exitCode: result.exitCode, in: repository
        ) { entry in
            entry.run = result.run
            entry.components = result.components
            if let set = Timestamp(result.set), let sha256 = Digest(hex: result.setDigest) {
                entry.set = .init(name: set, sha256: sha256)
            }
            entry.plan = Digest(hex: result.planDigest)
            entry.journal = Digest(hex: result.journalHead)
            entry.report = Digest(hex: result.reportDigest)
            entry.control = result.negativeControl.map { $0.noticed ? .detected : .missed }
            entry.seconds = result.rto.sinceStarted ?? entry.seconds
            entry.forecast = result.rto.forecast?.expected
            entry.reason = result.reasons.first
        }
    }

    /// A drill that did not finish is inconclusive.
    mutating func end(_ error: any Error, in repository: Repository) async {
        guard announces else { return }
        await ledger.end("inconclusive", after: error, in: repository)
    }
}
