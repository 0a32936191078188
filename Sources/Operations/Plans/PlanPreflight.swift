import FoundationEssentials
package import Kubernetes
package import Platform
package import RecoveryPlan

/// The look at the clusters of a plan before it changes anything.
package struct PlanPreflight {
    package let plan: Plan
    package let context: ActionContext

    package init(plan: Plan, context: ActionContext) {
        self.plan = plan
        self.context = context
    }

    /// Returns the findings in the order of the plan's contexts. Empty if the plan does not use kubectl.
    /// - Throws: `CancellationError`.
    package func run() async throws -> [ClusterFinding] {
        var clusters: [(name: String, action: KubectlAction, tasks: [PreflightTask])] = []
        for (step, action) in actions where !action.isOpen {
            let name = action.context ?? ""
            let task = action.preflightTask(step: step)
            if let index = clusters.firstIndex(where: { $0.name == name }) {
                clusters[index].tasks.append(task)
            } else {
                clusters.append((name, action, [task]))
            }
        }
        var findings: [ClusterFinding] = []
        for cluster in clusters {
            let kubectl = Kubectl(
                context: cluster.name, namespace: nil, environment: context.environment, folder: context.folder,
                pool: context.pool)
            findings += try await ClusterPreflight(
                context: cluster.name, kubectl: kubectl, tasks: cluster.tasks, isRebuilt: plan.cluster == .rebuilt
            ).run()
        }
        return findings
    }

    /// True if the plan runs kubectl in a cluster that is known.
    package var usesCluster: Bool { actions.contains { !$0.action.isOpen } }

    private var actions: [(step: String, action: KubectlAction)] {
        plan.steps.flatMap { step in
            step.actions.flatMap { Self.kubectl(in: $0) }.map { (step.id, $0) }
        }
    }

    private static func kubectl(in action: AnyAction) -> [KubectlAction] {
        switch action.action {
        case let kubectl as KubectlAction: [kubectl]
        case let wait as WaitAction: wait.condition.map { Self.kubectl(in: $0) } ?? []
        default: []
        }
    }
}

extension KubectlAction {
    /// True if a value that decides about the cluster is a parameter without a value.
    fileprivate var isOpen: Bool { [context, namespace].contains { $0?.contains("${") == true } }
}

/// The findings of a preflight that keep a run from its start.
package struct PreflightError: OperationError {
    package let findings: [ClusterFinding]

    package init(_ findings: [ClusterFinding]) {
        self.findings = findings
    }

    package var reasonCode: String { "preflight_failed" }
    package var place: ErrorPlace { ErrorPlace(operation: "preflight") }
    package var detail: String {
        let lines = findings.map { "  \($0.text.replacing("\n", with: "\n  "))" }
        return "nothing was changed, because the plan cannot succeed\n" + lines.joined(separator: "\n")
    }
    package var hint: String? { "mend these, or start all the same with --ignore-preflight" }
}

extension [ClusterFinding] {
    package var hasErrors: Bool { contains { $0.severity == .error } }

    /// One line for each finding, with its hint.
    package var lines: [String] {
        map { "\($0.severity.rawValue): \($0.text)" }
    }
}
