package import Components
import Documents
import FoundationEssentials
package import Kubernetes
import Operations
import Platform
import RecoveryPlan
import StackConfiguration

extension Place {
    /// True for data, false for a server.
    var isStorage: Bool {
        switch kind {
        case .directory, .bucket: true
        case .server, .cluster: false
        }
    }

    /// The port of a server URL; nil without one.
    var port: UInt16? {
        guard case .server(let url) = kind else { return nil }
        return URLComponents(string: url)?.port.flatMap { UInt16(exactly: $0) }
    }
}

extension Session {
    /// All places that a drill must not use.
    /// - Parameter contexts: the contexts of kubectl.
    func livePlaces(_ contexts: KubernetesContexts) -> [Place] {
        var places = configuration.components.flatMap(\.places)
        switch configuration.store.url {
        case .directory(let path): places.append(Place("the repository", .directory(path)))
        case .s3(let bucket, let prefix):
            places.append(
                Place("the repository", .bucket(name: bucket, prefix: prefix, endpoint: configuration.store.endpoint)))
        }
        // kubectl's current context counts as live.
        let named =
            [contexts.current, configuration.kubernetes.context] + configuration.components.map(\.clusterContext)
        for context in Set(named.compactMap { $0 } + configuration.drill.liveContexts).sorted() {
            places.append(Place("kubectl", .cluster(context: context, server: contexts.servers[context])))
        }
        return places
    }
}

extension ComponentConfiguration {
    /// The context of the cluster that has the component's data or its server; nil for none, or for the stack's.
    fileprivate var clusterContext: String? {
        if let context = volume?.context { return context }
        guard let url = settings.server?.url, case .success(let address) = ClusterAddress.parse(url) else { return nil }
        return address.context
    }
}

extension Plan {
    /// Returns the places that the plan's actions use in addition to those of the components.
    /// - Parameters:
    ///   - allowed: the steps that may run programs.
    ///   - namespace: the drill's namespace, the only permitted one.
    ///   - scopes: the types of the drill's cluster.
    ///   - sharesLiveCluster: true if that namespace may be in the live stack's cluster.
    /// - Returns: the places, and the reasons to refuse the drill.
    package func reach(
        programs allowed: [String], namespace: String, contexts: KubernetesContexts, scopes: TypeScopes = TypeScopes(),
        sharesLiveCluster: Bool = false
    ) -> (places: [Place], refusals: [String]) {
        var places: [Place] = []
        var refusals: [String] = []
        for step in steps {
            for action in step.actions.map(\.action) {
                switch action {
                case let action as RestoreAction:
                    if let to = action.to { places.append(Place("step '\(step.id)'", .directory(to))) }
                case let action as HTTPAction:
                    guard case .text(let url) = action.url else {
                        refusals.append("step '\(step.id)' calls a secret URL, which dr cannot check")
                        continue
                    }
                    places.append(Place("step '\(step.id)'", .server(url: url)))
                case let action as KubectlAction:
                    if !sharesLiveCluster {
                        guard let context = action.context, !context.isEmpty else {
                            refusals.append(
                                "step '\(step.id)' uses kubectl's current context: choose a separate context for the "
                                    + "drill, or allow drills in the live cluster with drill.kubernetes.live_cluster")
                            continue
                        }
                        places.append(
                            Place("step '\(step.id)'", .cluster(context: context, server: contexts.servers[context])))
                    }
                    var own = action.namespace
                    if case .createNamespace(let name) = action.verb { own = name }
                    if own != namespace {
                        refusals.append(
                            "step '\(step.id)' uses \(own.map { "namespace '\($0)'" } ?? "its context's namespace"), "
                                + "and not the drill's namespace: write ${namespace} there, a parameter that drills set"
                        )
                    }
                    // kubectl ignores the namespace for objects outside of namespaces.
                    if let type = action.verb.changedType, scopes.isNamespaced(type) != true {
                        refusals.append(
                            "step '\(step.id)' changes a \(type), which "
                                + "\(scopes.isNamespaced(type) == nil ? "the cluster does not know" : "belongs to no namespace")"
                        )
                    }
                case is RunAction where !allowed.contains(step.id):
                    refusals.append(
                        "step '\(step.id)' runs a program, which may change the live stack: set its parameter to [] "
                            + "under drill.parameters, or add the step to drill.programs if it is harmless")
                default: break
                }
            }
        }
        return (places, refusals)
    }
}
