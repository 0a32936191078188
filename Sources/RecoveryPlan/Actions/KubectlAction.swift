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
/// ```
package struct KubectlAction: Action {
    package static let keyword = "kubectl"
    package static let isCondition = true

    package enum Verb: Equatable, Sendable {
        /// The absolute path of a file, a folder of files, or a kustomization folder.
        case apply(String)
        case createNamespace(String)
        case scale(KubernetesObject, KubernetesScale.Replicas)
        case rollout(KubernetesObject)
        /// - Parameter what: `TYPE/NAME`, or a type with a selector.
        case wait(_ what: String, selector: String?, condition: String)
        case delete(KubernetesObject)
    }

    package var verb = Verb.apply("/")
    package var namespace: String?
    /// The context in the kubeconfig; nil for the current one.
    package var context: String?
    /// True to take over fields that other managers own, because the backup takes precedence.
    package var force = true
    /// The time-out for the cluster to reach the desired state.
    package var within = Period.minutes(5)

    package init() {}

    package var changesNothing: Bool {
        switch verb {
        case .rollout, .wait: true
        case .apply, .createNamespace, .scale, .delete: false
        }
    }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        // A dry run happens before the step that restores the files.
        if case .apply(let path) = verb, (try? AppliedFiles(path)) == nil {
            return ActionPreview(["kubectl apply '\(path)', which does not exist yet"])
        }
        return ActionPreview(try commands(kubectl(in: context)).map(\.commandLine))
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        do { return ActionRecord(try await perform(with: kubectl(in: context))) } catch let error as KubernetesError {
            throw ActionError(error)
        }
    }

    private func kubectl(in context: ActionContext) -> Kubectl {
        Kubectl(
            context: self.context, namespace: namespace, environment: context.environment, folder: context.folder,
            pool: context.pool)
    }

    /// Returns the result in words.
    private func perform(with kubectl: Kubectl) async throws -> String {
        switch verb {
        case .apply(let path):
            let output = try await kubectl.run(try AppliedFiles(path).arguments + forced)
            let objects = output.split(separator: "\n").filter { $0.hasSuffix(" serverside-applied") }.count
            guard objects > 0 else {
                throw KubernetesError(
                    .failed, operation: "kubectl apply '\(path)'", "kubectl reported no applied objects")
            }
            return "applied \(objects) object\(objects == 1 ? "" : "s") of '\(path)'"
        case .createNamespace(let name):
            return try await KubernetesNamespace(name: name, within: within, kubectl: kubectl).make()
        case .scale(let object, let replicas):
            return try await KubernetesScale(object: object, within: within, kubectl: kubectl).set(replicas)
        case .rollout(let object):
            return try await KubernetesRollout(object: object, within: within, kubectl: kubectl).await()
        case .wait(let what, let selector, let condition):
            return try await KubernetesWait(
                what: what, selector: selector, condition: condition, within: within, kubectl: kubectl
            ).await()
        case .delete(let object):
            let output = try await kubectl.run(deletion(of: object), timeout: within)
            return output.isEmpty ? "\(object) did not exist" : "deleted \(object)"
        }
    }

    private var forced: [String] { force ? ["--force-conflicts"] : [] }

    private func deletion(of object: KubernetesObject) -> [String] {
        ["delete", object.description, "--ignore-not-found", "--wait=true", "--timeout=\(within.kubectl)"]
    }

    /// Returns the commands for the preview, without the handling of special cases.
    private func commands(_ kubectl: Kubectl) throws -> [KubectlCommand] {
        switch verb {
        case .apply(let path): [kubectl.command(try AppliedFiles(path).arguments + forced)]
        case .createNamespace(let name): [kubectl.command(KubernetesNamespace.arguments, input: "namespace \(name)")]
        case .scale(let object, .count(let count)):
            [kubectl.command(KubernetesScale.arguments(object, count))]
        case .scale(let object, .previous):
            [kubectl.command(["scale", object.description, "--replicas=AS-BEFORE"])]
        case .rollout(let object): [kubectl.command(KubernetesRollout.arguments(object, within))]
        case .wait(let what, let selector, let condition):
            [kubectl.command(KubernetesWait.arguments(what, selector: selector, condition: condition, within: within))]
        case .delete(let object): [kubectl.command(deletion(of: object))]
        }
    }
}

extension ActionError {
    fileprivate init(_ error: KubernetesError) {
        let reason: Reason =
            switch error.reason {
            case .failed: .failed
            case .notSo: .notSo
            case .hopeless: .hopeless
            }
        self.init(reason, operation: error.operation, error.detail, hint: error.hint)
    }
}
