package import Components
import Documents
import Foundation
import Operations
import Platform
import RecoveryPlan
import StackConfiguration

extension Place {
    /// Whether it is data, and not a server.
    var isStorage: Bool {
        switch kind {
        case .directory, .bucket: true
        case .server, .cluster: false
        }
    }

    /// Of a server that names one.
    var port: UInt16? {
        guard case .server(let url) = kind else { return nil }
        return URLComponents(string: url)?.port.flatMap { UInt16(exactly: $0) }
    }
}

extension Session {
    /// Everything that a drill must not touch.
    /// - Parameter contexts: of kubectl.
    func livePlaces(_ contexts: KubernetesContexts) -> [Place] {
        var places = configuration.components.flatMap(\.places)
        switch configuration.store.url {
        case .directory(let path): places.append(Place("the repository", .directory(path)))
        case .s3(let bucket, let prefix):
            places.append(
                Place("the repository", .bucket(name: bucket, prefix: prefix, endpoint: configuration.store.endpoint)))
        }
        // What kubectl would take where nothing is said is taken for the live one.
        for context in [contexts.current].compactMap({ $0 }) + configuration.drill.liveContexts {
            places.append(Place("kubectl", .cluster(context: context, server: contexts.servers[context])))
        }
        return places
    }
}

extension Plan {
    /// What the plan's actions would touch beside the components' own places.
    /// - Parameters:
    ///   - allowed: steps that may run programs.
    ///   - namespace: the drill's own, the only one that it may work in.
    /// - Returns: places, and what no drill may do at all.
    package func reach(
        programs allowed: [String], namespace: String, _ contexts: KubernetesContexts
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
                        refusals.append("step '\(step.id)' calls a secret address, of which nothing is known")
                        continue
                    }
                    places.append(Place("step '\(step.id)'", .server(url: url)))
                case let action as KubectlAction:
                    guard let context = action.context else {
                        refusals.append(
                            "step '\(step.id)' drives kubectl in its current context: give the drill one of its own")
                        continue
                    }
                    places.append(
                        Place("step '\(step.id)'", .cluster(context: context, server: contexts.servers[context])))
                    var own = action.namespace
                    if case .createNamespace(let name) = action.verb { own = name }
                    if own != namespace {
                        refusals.append(
                            "step '\(step.id)' works in \(own.map { "namespace '\($0)'" } ?? "its context's namespace"), "
                                + "and not in the drill's own: write ${namespace} there, a parameter that drills set")
                    }
                case is RunAction where !allowed.contains(step.id):
                    refusals.append(
                        "step '\(step.id)' runs a program, which may do anything to the live stack: empty its parameter "
                            + "under drill.parameters, or name the step in drill.programs if it is harmless")
                default: break
                }
            }
        }
        return (places, refusals)
    }
}
