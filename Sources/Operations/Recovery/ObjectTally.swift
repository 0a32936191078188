package import BackupRepository
import RecoveryPlan
import Synchronization

/// The results of the objects of an import: the names of the first few, and the number of the rest.
package final class ObjectTally: Sendable {
    private static let named = 5
    private let state = Mutex(State())

    package init() {}

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

    package func add(_ object: ImportedObject) {
        state.withLock { state in
            let name = "\(object.kind) \(object.name)"
            if object.outcome == .failed || object.outcome == .conflict {
                state.failed.add("\(name): \(object.detail ?? object.outcome.rawValue)")
            } else if !object.missingSecrets.isEmpty {
                state.lacking.add("\(name) was restored without \(object.missingSecrets.joined(separator: ", "))")
            }
        }
    }

    /// The restored objects that lack secrets, one line each; an operator must add these.
    var warnings: [String] { state.withLock { $0.lacking.all } }

    package func refuseFailures(of component: String) throws {
        let failed = state.withLock { $0.failed }
        guard failed.count == 0 else {
            throw ActionError(
                .failed, operation: "restore \(component)", "\(failed.count) objects were not restored: \(failed.text)",
                hint:
                    "run `dr restore --component \(component) --dry-run` to list them; a repeated restore changes only objects that differ"
            )
        }
    }
}
