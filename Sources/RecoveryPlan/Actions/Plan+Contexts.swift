extension Plan {
    /// The kubectl actions with their steps.
    package var kubectlActions: [(step: String, action: KubectlAction)] {
        steps.flatMap { step in
            step.actions.compactMap { action in (action.action as? KubectlAction).map { (step.id, $0) } }
        }
    }

    /// The contexts of the kubectl actions; an element is nil for the current context.
    package var contexts: [String?] {
        var seen: Set<String?> = []
        return kubectlActions.map { $0.action.context.flatMap { $0.isEmpty ? nil : $0 } }.filter {
            seen.insert($0).inserted
        }
    }

    /// Their names for a report.
    package var clusterNames: [String] { contexts.map { $0 ?? "the current context of kubectl" } }
}
