internal import Documents
internal import Foundation
internal import Synchronization

/// A stand-in for a cluster's API server, for recovery plans with the real kubectl.
///
/// It supports namespaces, server-side apply with field managers and conflicts, workloads with replicas, scale and
/// pods, and watches. It responds to a watch after a change or a time limit and then closes it; kubectl starts a new
/// one.
package final class KubernetesStandIn: Sendable {
    package let server: StandInServer
    private let cluster: SharedCluster

    package var url: String { server.url }

    /// - Parameters:
    ///   - port: the port; nil for a free one.
    ///   - settling: the time until a workload reaches its desired state, or a namespace is deleted.
    ///   - contract: `fixtures/contracts/kubernetes.json`.
    package init(port: UInt16? = nil, settling: Duration = .milliseconds(50), contract: APIContract? = nil) async throws
    {
        let cluster = SharedCluster(KubernetesCluster(settling: settling))
        self.cluster = cluster
        server = try await StandInServer("kubernetes", port: port, contract: contract) { request in
            guard request.query["watch"] == "true" || request.query["watch"] == "1" else {
                return cluster.state.withLock { $0.answer(request) }
            }
            return await Self.watch(request, cluster)
        }
    }

    private final class SharedCluster: Sendable {
        let state: Mutex<KubernetesCluster>
        init(_ cluster: KubernetesCluster) { state = Mutex(cluster) }
    }

    private static func watch(_ request: StandInRequest, _ cluster: SharedCluster) async -> StandInAnswer {
        let asked = request.query["timeoutSeconds"].flatMap { Int($0) } ?? 2
        let deadline = ContinuousClock.now + .seconds(min(asked, 2))
        var request = request
        if request.query["resourceVersion", default: ""].isEmpty {
            // Return changes from now on, in addition to existing objects. The version must not change during the wait.
            request.query["from"] = "\(cluster.state.withLock { $0.version })"
        }
        while true {
            let (answer, isWorthIt) = cluster.state.withLock { $0.watch(request) }
            if isWorthIt || ContinuousClock.now >= deadline { return answer }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return answer }
        }
    }

    /// Reads or changes the state of the cluster directly.
    @discardableResult
    package func with<Value: Sendable>(_ body: @Sendable (inout KubernetesCluster) -> Value) -> Value {
        cluster.state.withLock { body(&$0) }
    }

    /// A file for `KUBECONFIG`. The context `lab` is this cluster; the current context, `elsewhere`, does not exist.
    package var kubeconfig: String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - {name: lab, cluster: {server: "\(url)"}}
        - {name: elsewhere, cluster: {server: "http://127.0.0.1:1"}}
        users: [{name: nobody, user: {}}]
        contexts:
        - {name: lab, context: {cluster: lab, user: nobody}}
        - {name: elsewhere, context: {cluster: elsewhere, user: nobody}}
        current-context: elsewhere

        """
    }
}
