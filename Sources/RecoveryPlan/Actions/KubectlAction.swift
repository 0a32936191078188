package import Documents
package import Kubernetes

/// Runs kubectl: one verb and its object.
///
/// ```yaml
/// kubectl: {create_namespace: monitoring, context: production}
/// kubectl: {apply: config/monitoring, namespace: monitoring}
/// kubectl: {scale: statefulset/metrics, replicas: 0, namespace: monitoring}
/// kubectl: {scale: statefulset/metrics, replicas: previous, namespace: monitoring}
/// kubectl: {rollout: statefulset/metrics, within: 10m}
/// kubectl: {wait: pod, selector: app=logs, for: condition=Ready}
/// kubectl: {delete: deployment/broken}
/// kubectl: {patch: configmap/flags, with: {data: {mode: safe}}}
/// kubectl: {set_image: deployment/dashboards, image: "dashboards:12.1"}
/// kubectl: {rollout_undo: deployment/dashboards}
/// kubectl: {job_from: cronjob/compaction, within: 30m}
/// ```
package struct KubectlAction: Action {
    package static let keyword = "kubectl"
    package static let isCondition = true

    package var verb = Verb.apply("/", hold: [])
    package var namespace: String?
    /// The context in the kubeconfig; nil for the current one.
    package var context: String?
    /// True to take over fields that other managers own, because the backup takes precedence.
    package var force = true
    /// The time-out for the cluster to reach the desired state.
    package var within = Period.minutes(5)
    /// True if the plan gives ``within``.
    var isWithinGiven = false

    package init() {}

    package var changesNothing: Bool {
        switch verb {
        case .rollout, .wait: true
        case .apply, .createNamespace, .scale, .delete, .patch, .setImage, .rolloutUndo, .jobFrom: false
        }
    }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        // A dry run happens before the step that restores the files.
        if case .apply(let path, _) = verb, (try? AppliedFiles(path)) == nil {
            return ActionPreview(["kubectl apply '\(path)', which does not exist yet"])
        }
        return ActionPreview(try commands(kubectl(in: context), in: context).map(\.commandLine))
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        var kubectl = kubectl(in: context)
        let deadline = context.deadline.map { $0 - Self.margin } ?? .now + within.duration
        kubectl.patience = ConnectionPatience(deadline: deadline, tell: context.tell)
        do { return ActionRecord(try await perform(with: kubectl, in: context)) } catch let error as KubernetesError {
            throw ActionError(error)
        }
    }

    /// The time before the end of a step in which an action reports what it waited for.
    private static let margin = Duration.seconds(3)

    /// The time-out for the cluster, which ends before the step does.
    func within(in context: ActionContext) -> Period {
        guard let deadline = context.deadline else { return within }
        let left = max(.seconds(1), deadline - .now - Self.margin)
        return left < within.duration ? .seconds(Int(clamping: left.components.seconds)) : within
    }

    package func kubectl(in context: ActionContext) -> Kubectl {
        Kubectl(
            context: self.context, namespace: namespace, environment: context.environment, folder: context.folder,
            pool: context.pool)
    }
}

extension KubectlAction {
    /// Records that the action stops a workload, or starts it again.
    package func note(stopped: inout Set<StoppedWorkload>) {
        guard case .scale(let object, let replicas, _) = verb else { return }
        let workload = StoppedWorkload(context: context, namespace: namespace, workload: object.description)
        if replicas == .count(0) { stopped.insert(workload) } else { stopped.remove(workload) }
    }
}

extension ActionError {
    init(_ error: KubernetesError) {
        let reason: Reason =
            switch error.reason {
            case .failed: .failed
            case .notSo: .notSo
            case .hopeless: .hopeless
            }
        self.init(reason, operation: error.operation, error.detail, hint: error.hint)
    }
}
