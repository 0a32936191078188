internal import Kubernetes

extension Plan {
    /// Lets a workload start if no step scales it up later: it would stay at 0 replicas for ever. A plan for several
    /// stacks holds workloads of components that this stack may not back up.
    package mutating func releaseUnscaledWorkloads() {
        let scaled = steps.flatMap(\.actions).compactMap { action -> KubernetesObject? in
            guard case .scale(let object, _, _)? = (action.action as? KubectlAction)?.verb else { return nil }
            return object
        }
        for index in steps.indices {
            guard var apply = steps[index].action?.action as? KubectlAction,
                case .apply(let path, let hold) = apply.verb
            else { continue }
            apply.verb = .apply(path, hold: hold.filter { object in scaled.contains { $0 == object } })
            steps[index].action?.action = apply
        }
    }
}
