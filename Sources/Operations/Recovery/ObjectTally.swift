import BackupRepository
import RecoveryPlan
import Synchronization

/// What became of the objects of an import: enough of them by name to act on, the rest by number.
final class ObjectTally: Sendable {
    private static let named = 5
    private let state = Mutex(State())

    private struct State {
        var lacking = Shortened()
        var failed = Shortened()
    }

    private struct Shortened {
        var lines: [String] = []
        var count = 0

        mutating func add(_ line: String) {
            count += 1
            if lines.count < ObjectTally.named { lines.append(line) }
        }

        var text: String { all.joined(separator: "; ") }

        var all: [String] { lines + (count > lines.count ? ["and \(count - lines.count) more"] : []) }
    }

    func add(_ object: ImportedObject) {
        state.withLock { state in
            let name = "\(object.kind) \(object.name)"
            if object.outcome == .failed || object.outcome == .conflict {
                state.failed.add("\(name): \(object.detail ?? object.outcome.rawValue)")
            } else if !object.missingSecrets.isEmpty {
                state.lacking.add("\(name) came back without \(object.missingSecrets.joined(separator: ", "))")
            }
        }
    }

    /// Objects that are there but lack secrets, a line each: a person must give these.
    var warnings: [String] { state.withLock { $0.lacking.all } }

    func refuseFailures(of component: String) throws {
        let failed = state.withLock { $0.failed }
        guard failed.count == 0 else {
            throw ActionError(
                .failed, operation: "restore \(component)", "\(failed.count) objects did not come back: \(failed.text)",
                hint: "`dr restore --component \(component) --dry-run` names each; running it again changes nothing "
                    + "that is right already")
        }
    }
}
