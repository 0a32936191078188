package import BackupRepository
import Cryptography
package import RecoveryPlan
import Platform

extension RunIdentity {
    /// Returns the id of a new run, which begins with its time.
    package static func newID(at now: Timestamp) -> String { "\(now)-\(RandomID.make().prefix(8))" }
}

extension RunEnd.Verdict {
    /// The verdict of a recovery in the ledger.
    var ledgerWord: String {
        switch self {
        case .notValidated: "not_validated"
        case .rolledBack: "rolled_back"
        case .recovered, .late, .partial, .failed, .interrupted: rawValue
        }
    }

    /// The exit code of the command.
    var exitCode: Int {
        switch self {
        case .recovered: 0
        case .late: 5
        case .partial: 3
        case .notValidated: 4
        case .failed, .rolledBack: 1
        case .interrupted: 130
        }
    }
}
