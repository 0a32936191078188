import Foundation
import Platform
import RecoveryPlan

/// The namespace that a drill creates and removes in a cluster.
struct DrillNamespace: Equatable, Sendable {
    var context: String
    var name: String

    /// The line in the note of a drill's folder.
    var line: String { "\(context) \(name)" }

    init(context: String, name: String) {
        self.context = context
        self.name = name
    }

    /// - Returns: nil for any other line.
    init?(line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 2, words[1].hasPrefix(Self.prefix) else { return nil }
        self.init(context: words[0], name: words[1])
    }

    private static let prefix = "dr-drill-"

    /// - Parameter run: the id of the drill: digits, letters, hyphens.
    static func name(of run: String) -> String { prefix + run.lowercased() }

    /// The command for an operator.
    var removal: String { "kubectl --context=\(context) delete namespace \(name)" }

    /// Removes the namespace with its content, even if the drill was cancelled.
    /// - Returns: the reason for a failure; nil if the namespace was removed.
    func remove(_ pool: BlockingPool) async -> String? {
        let program = Program(
            "kubectl",
            [
                "--context=\(context)", "delete", "namespace", name, "--ignore-not-found", "--wait=true",
                "--timeout=120s",
            ],
            environment: InheritedEnvironment.selected(from: ProcessInfo.processInfo.environment),
            timeout: .seconds(150))
        let removal = Task { () -> String? in
            do {
                let (end, _) = try await pool.run { try program.captured(limit: 4096) }
                return end.status == 0 ? nil : end.errors.trimmingCharacters(in: .whitespacesAndNewlines)
            } catch { return "\(error)" }
        }
        return await removal.value
    }
}

extension Plan {
    /// The kubectl actions with their steps.
    var kubectlActions: [(step: String, action: KubectlAction)] {
        steps.flatMap { step in
            step.actions.compactMap { action in (action.action as? KubectlAction).map { (step.id, $0) } }
        }
    }

    /// The contexts of the kubectl actions.
    var contexts: [String] { Set(kubectlActions.compactMap(\.action.context)).sorted() }
}
