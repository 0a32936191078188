import BackupRepository
import Synchronization

/// The objects of a server that an import found missing.
final class HealedObjects: Sendable {
    private let set: Timestamp
    /// True if the import creates missing objects.
    private let changes: Bool
    private let isDryRun: Bool
    private let state = Mutex((report: HealReport(), changed: 0))

    init(set: Timestamp, changes: Bool, isDryRun: Bool) {
        self.set = set
        self.changes = changes
        self.isDryRun = isDryRun
    }

    var report: HealReport {
        state.withLock { state in
            var report = state.report
            if state.changed > 0 {
                report.notes.append(
                    "\(state.changed) object\(state.changed == 1 ? "" : "s") on the server differ from set \(set): a "
                        + "change is not damage, so dr heal leaves them")
            }
            return report
        }
    }

    func add(_ object: ImportedObject) {
        state.withLock { state in
            let name = "\(object.kind) \(object.name)"
            switch object.outcome {
            case .create:
                var part = HealReport.Part(name, .missing)
                part.set = "\(set)"
                part.action = changes ? .healed : isDryRun ? .wouldHeal : .skipped
                if part.action == .skipped { part.reason = "a user may have deleted it; --missing puts it back" }
                if !object.missingSecrets.isEmpty {
                    part.reason = "it lacks \(object.missingSecrets.joined(separator: ", "))"
                }
                state.report.parts.append(part)
            case .failed:
                var part = HealReport.Part(name, .missing)
                (part.set, part.reason) = ("\(set)", object.detail ?? "the server refused it")
                state.report.failed += 1
                state.report.parts.append(part)
            case .update, .conflict:
                state.report.examined += 1
                state.changed += 1
            case .same, .skipped: state.report.examined += 1
            }
        }
    }
}
