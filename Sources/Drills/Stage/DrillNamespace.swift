import Foundation
import Platform
import RecoveryPlan

/// The namespace that a drill makes in a cluster, and removes again.
struct DrillNamespace: Equatable, Sendable {
    var context: String
    var name: String

    /// A line for whoever has to remove it.
    var line: String { "\(context) \(name)" }

    init(context: String, name: String) {
        self.context = context
        self.name = name
    }

    /// - Returns: nil for a line that says something else.
    init?(line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 2, words[1].hasPrefix(Self.prefix) else { return nil }
        self.init(context: words[0], name: words[1])
    }

    private static let prefix = "dr-drill-"

    /// - Parameter run: of the drill: digits, letters, hyphens.
    static func name(of run: String) -> String { prefix + run.lowercased() }

    /// The command by hand.
    var removal: String { "kubectl --context=\(context) delete namespace \(name)" }

    /// Takes with it all that it holds. Does so also when the drill was cancelled.
    /// - Returns: why it is still there; nil when it is gone.
    func remove(_ pool: BlockingPool) async -> String? {
        let program = Program(
            "kubectl",
            [
                "--context=\(context)", "delete", "namespace", name, "--ignore-not-found", "--wait=true",
                "--timeout=120s",
            ],
            environment: ProcessInfo.processInfo.environment, timeout: .seconds(150))
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
    /// The actions that drive kubectl, with their steps.
    var kubectlActions: [(step: String, action: KubectlAction)] {
        steps.flatMap { step in
            step.actions.compactMap { action in (action.action as? KubectlAction).map { (step.id, $0) } }
        }
    }

    /// The contexts that they name.
    var contexts: [String] { Set(kubectlActions.compactMap(\.action.context)).sorted() }
}
