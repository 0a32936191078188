package import Documents
internal import Platform
internal import Synchronization

/// The ways into clusters that this process has open: one `kubectl port-forward` for each server, started when a
/// request first needs it and again after it ended, as it does when the server's pod is replaced.
package final class PortForwards: Sendable {
    private let environment: [String: String]
    private let open = Mutex<[ClusterAddress: PortForward]>([:])

    package init(environment: [String: String]) { self.environment = environment }

    /// Blocks until the server has a port on this machine.
    /// - Returns: the port on 127.0.0.1; nil if dr runs in this cluster and reaches the server by its name.
    /// - Throws: ``KubernetesError``; `CancellationError`.
    package func port(of server: ClusterAddress) throws -> UInt16? {
        if isInside(server) { return nil }
        let forward = open.withLock { open in
            if let known = open[server], !known.hasEnded { return known }
            let new = PortForward(server, environment: environment)
            open[server] = new
            return new
        }
        return try forward.port()
    }

    /// Ends the way to a server, unless another port has replaced it meanwhile.
    package func drop(_ server: ClusterAddress, port: UInt16) {
        let dropped = open.withLock { open -> PortForward? in
            guard let known = open[server], known.isAt(port) else { return nil }
            open[server] = nil
            return known
        }
        dropped?.end()
    }

    /// True if this process is a pod of the address's cluster: its own names then lead there.
    private func isInside(_ server: ClusterAddress) -> Bool {
        server.context == nil && server.kind == .services && environment["KUBECONFIG"] == nil
            && environment["KUBERNETES_SERVICE_HOST"] != nil
    }
}
