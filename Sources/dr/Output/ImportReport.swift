import BackupRepository
import FoundationEssentials
import Platform
import Synchronization

/// Prints each object of an import, and a summary at its end.
final class ImportReport: Sendable {
    private let isJSON: Bool
    /// Also prints the objects that did not need a change.
    private let showsSame: Bool
    private let state: Mutex<State>

    private struct State {
        var stream: JSONStream
        var counts: [ImportedObject.Outcome: Int] = [:]
        var missingSecrets = 0
        var isWhole = true
        var failure: (any Error)?
    }

    init(json: Bool, showsSame: Bool) {
        isJSON = json
        self.showsSame = showsSame
        state = Mutex(State(stream: JSONStream(json ? "objects" : nil, isLive: true)))
    }

    var isWhole: Bool { state.withLock { $0.isWhole } }
    var isEmpty: Bool { state.withLock { $0.counts.isEmpty } }

    func add(_ object: ImportedObject) {
        state.withLock { state in
            state.counts[object.outcome, default: 0] += 1
            if !object.missingSecrets.isEmpty { state.missingSecrets += 1 }
            if !object.isWhole { state.isWhole = false }
            guard showsSame || isJSON || object.outcome != .same || !object.isWhole else { return }
            do { try state.stream.add(object) { Self.line(object) } } catch { state.failure = error }
        }
    }

    private struct Summary: Encodable {
        var set: Timestamp
        var component: String
        var dryRun: Bool
        /// The number of objects by outcome, including outcomes without objects.
        var counts: [String: Int]
        /// Objects that lack a secret.
        var missingSecrets: Int
        /// The error that stopped the import.
        var error: String?
    }

    /// Prints the summary.
    /// - Parameter error: the error that stopped the import; nil if it is complete.
    func end(set: Timestamp, component: String, isDryRun: Bool, error: (any Error)? = nil) throws {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            let counts = ImportedObject.Outcome.allCases.map { ($0.rawValue, state.counts[$0] ?? 0) }
            let summary = Summary(
                set: set, component: component, dryRun: isDryRun, counts: Dictionary(counts) { $1 },
                missingSecrets: state.missingSecrets, error: error.map { "\($0)" })
            try state.stream.end(with: summary)
            guard !isJSON else { return }
            let parts = counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
            let total = parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
            let manner = error == nil ? "" : "unfinished: "
            var text = "\(component.printable) of set \(set): \(manner)\(isDryRun ? "would be: " : "")\(total)"
            if state.missingSecrets > 0 {
                text += "\n\(state.missingSecrets) objects lack secrets: "
                text += "add them under `secrets:` of the component in dr.yaml"
            }
            try StandardOutput.write(text + "\n")
        }
    }

    private static func line(_ object: ImportedObject) -> String {
        var line = "\(object.outcome.rawValue)\t\(object.kind) \(object.name.printable)"
        if let detail = object.detail { line += ": \(detail)" }
        if !object.missingSecrets.isEmpty { line += " (lacks \(object.missingSecrets.joined(separator: ", ")))" }
        return line
    }
}
