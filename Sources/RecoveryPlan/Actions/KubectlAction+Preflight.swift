package import Kubernetes

extension KubectlAction {
    /// Returns this action as the preflight sees it.
    /// - Parameter step: the id of its step.
    package func preflightTask(step: String) -> PreflightTask {
        var task = PreflightTask(step: step, namespace: namespace, needs: needs)
        switch verb {
        case .apply(let path, _):
            task.manifests = path
            task.force = force
        case .createNamespace(let name): task.creates = name
        case .scale(let object, let replicas, _):
            task.scales = object
            if replicas == .previous { task.scalesBack = object }
        case .rollout, .wait, .delete, .patch, .setImage, .rolloutUndo, .jobFrom: break
        }
        return task
    }

    /// The permissions that the operation needs, apart from those for the objects of manifests.
    ///
    /// Events, claims and autoscalers are read only for reasons, so the permission for them is not required.
    package var needs: [AccessNeed] {
        func need(_ verbs: [String], _ type: String, subresource: String? = nil) -> [AccessNeed] {
            verbs.map { AccessNeed($0, type, subresource: subresource, namespace: namespace) }
        }
        switch verb {
        case .apply(_, let hold): return hold.flatMap { need(["get"], $0.type) }
        case .createNamespace: return []
        case .scale(let object, _, _):
            return need(["get", "patch"], object.type) + need(["get", "patch"], object.type, subresource: "scale")
                + need(["list"], "pods")
        case .rollout(let object): return need(["get"], object.type)
        case .wait(let what, let selector, _):
            guard selector == nil, let object = KubernetesObject(what) else {
                return need(["get", "list", "watch"], what)
            }
            return need(["get", "list", "watch"], object.type)
        case .delete(let object): return need(["get", "delete"], object.type)
        case .patch(let patch): return need(["get", "patch"], patch.object.type)
        case .setImage(let image): return need(["get", "patch"], image.object.type)
        case .rolloutUndo(let undo):
            let history = undo.object.type.hasPrefix("deploy") ? "replicasets" : "controllerrevisions"
            return need(["get", "patch"], undo.object.type) + need(["list"], history)
        case .jobFrom(let source, _):
            return need(["get"], source.type) + need(["get", "create"], "jobs")
        }
    }
}
