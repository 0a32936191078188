import Documents
import FoundationEssentials
package import HTTP
import Kubernetes

/// Leads requests to `kube://` addresses into their clusters.
package struct ClusterRouter: ServerRouter {
    private let forwards: PortForwards

    /// Makes `kube://` addresses work for all HTTP clients of this process.
    package static func use() {
        let forwards = PortForwards(environment: ProcessInfo.processInfo.environment)
        ServerRouters.use(ClusterRouter(forwards: forwards), for: ClusterAddress.scheme)
    }

    package func route(to url: String) throws -> ServerRoute {
        let address = try address(url)
        return ServerRoute(url: address.url + address.path, localPort: try forwards.port(of: address.server))
    }

    package func lost(_ route: ServerRoute, to url: String) {
        guard let port = route.localPort, let address = try? address(url) else { return }
        forwards.drop(address.server, port: port)
    }

    private func address(_ url: String) throws -> ClusterAddress {
        switch ClusterAddress.parse(url) {
        case .success(let address): address
        case .failure(let refusal):
            throw KubernetesError(.hopeless, operation: "request", "the URL \(refusal.reason)", hint: refusal.hint)
        }
    }
}
