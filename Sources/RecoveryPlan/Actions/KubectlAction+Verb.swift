internal import Documents
package import Kubernetes

extension KubectlAction {
    /// One operation of kubectl with its object.
    package enum Verb: Equatable, Sendable {
        /// The absolute path of a file, a folder of files, or a kustomization folder.
        /// - Parameter hold: the workloads that are created without replicas, so that none starts with an empty volume.
        case apply(String, hold: [KubernetesObject])
        case createNamespace(String)
        case scale(KubernetesObject, KubernetesScale.Replicas, managed: KubernetesScale.ManagedUse)
        case rollout(KubernetesObject)
        /// - Parameter what: `TYPE/NAME`, or a type with a selector.
        case wait(_ what: String, selector: String?, condition: String)
        case delete(KubernetesObject)
        case patch(KubernetesPatch)
        case setImage(KubernetesImage)
        case rolloutUndo(KubernetesUndo)
        /// - Parameter name: the name of the Job; nil for one made from the CronJob's name and the run.
        case jobFrom(KubernetesObject, name: String?)
    }

    /// Returns the result in words.
    /// - Parameter kubectl: the cluster of this action.
    func perform(with kubectl: Kubectl, in context: ActionContext) async throws -> String {
        let within = within(in: context)
        switch verb {
        case .apply(let path, let hold):
            var apply = KubernetesApply(path: path, force: force, hold: hold, kubectl: kubectl)
            if context.isDrill { apply.confinedTo = namespace }
            return try await apply.apply()
        case .createNamespace(let name):
            return try await KubernetesNamespace(name: name, within: within, kubectl: kubectl).make()
        case .scale(let object, let replicas, let managed):
            var scale = KubernetesScale(object: object, within: within, kubectl: kubectl)
            // Labels of restored manifests name the GitOps controllers of the live stack.
            scale.managed = context.isDrill ? .leave : managed
            scale.memory = context.memory
            return try await scale.set(replicas)
        case .rollout(let object):
            return try await KubernetesRollout(object: object, within: within, kubectl: kubectl).await()
        case .wait(let what, let selector, let condition):
            return try await KubernetesWait(
                what: what, selector: selector, condition: condition, within: within, kubectl: kubectl
            ).await()
        case .delete(let object):
            return try await KubernetesDeletion(object: object, within: within, kubectl: kubectl).delete()
        case .patch(let patch): return try await patch.apply(kubectl)
        case .setImage(let image): return try await image.set(kubectl)
        case .rolloutUndo(let undo): return try await undo.undo(kubectl)
        case .jobFrom(let source, let name):
            var job = KubernetesJob(
                source: source, name: name ?? KubernetesJob.name(of: source, run: context.run.id), within: within,
                kubectl: kubectl)
            job.labels = ["app.kubernetes.io/managed-by": "dr", "dr/run": Self.label(context.run.id)]
            return try await job.run()
        }
    }

    /// Makes the value of a label: at most 63 letters, digits, hyphens, dots and underscores.
    private static func label(_ text: String) -> String {
        String(text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }.prefix(63))
    }

    /// Returns the commands for the preview, without the handling of special cases.
    func commands(_ kubectl: Kubectl, in context: ActionContext) throws -> [KubectlCommand] {
        switch verb {
        case .apply(let path, let hold):
            let note = hold.isEmpty ? nil : "0 replicas for \(hold.map(\.description).joined(separator: ", "))"
            return [
                kubectl.command(try AppliedFiles(path).arguments + (force ? ["--force-conflicts"] : []), input: note)
            ]
        case .createNamespace(let name):
            return [kubectl.command(KubernetesNamespace.arguments, input: "namespace \(name)")]
        case .scale(let object, .count(let count), _):
            return [kubectl.command(KubernetesScale.arguments(object, count))]
        case .scale(let object, .previous, _):
            return [
                kubectl.command(
                    ["scale", object.description, "--replicas=N"],
                    input: "N, the number of replicas before dr scaled it to 0")
            ]
        case .rollout(let object): return [kubectl.command(KubernetesRollout.arguments(object, within))]
        case .wait(let what, let selector, let condition):
            return [
                kubectl.command(
                    KubernetesWait.arguments(what, selector: selector, condition: condition, within: within))
            ]
        case .delete(let object):
            return [
                kubectl.command(["delete", object.description, "--ignore-not-found", "--timeout=\(within.kubectl)"])
            ]
        case .patch(let patch): return [kubectl.command(patch.arguments)]
        case .setImage(let image): return [kubectl.command(image.arguments(image.container ?? "CONTAINER"))]
        case .rolloutUndo(let undo): return [kubectl.command(undo.arguments)]
        case .jobFrom(let source, let name):
            let name = name ?? KubernetesJob.name(of: source, run: context.run.id)
            return [
                kubectl.command(KubernetesJob.arguments(source, name)),
                kubectl.command(
                    KubernetesWait.arguments(
                        "job/\(name)", selector: nil, condition: "condition=Complete", within: within)),
            ]
        }
    }
}

extension KubectlAction.Verb {
    /// The type of the object that it changes; nil for manifests, a namespace to create, and conditions.
    package var changedType: String? {
        switch self {
        case .apply, .createNamespace, .rollout, .wait: nil
        case .scale(let object, _, _), .delete(let object), .jobFrom(let object, _): object.type
        case .patch(let patch): patch.object.type
        case .setImage(let image): image.object.type
        case .rolloutUndo(let undo): undo.object.type
        }
    }
}
