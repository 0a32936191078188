import Drills
import Operations
import RecoveryPlan
import Reporting

extension ScenarioResult {
    var exitStatus: ExitStatus {
        switch verdict {
        case .recovered: .done
        case .late: .objectiveMissed
        case .partial: .partial
        case .notValidated: .checkFailed
        case .failed, .rolledBack: .failed
        case .interrupted: .interrupted
        }
    }
}

extension DrillResult {
    var exitStatus: ExitStatus {
        switch verdict {
        case .passed: .done
        case .late: .objectiveMissed
        // A partial drill has failed; only a recovery can be partial.
        case .failed, .partial, .inconclusive: .checkFailed
        }
    }
}
