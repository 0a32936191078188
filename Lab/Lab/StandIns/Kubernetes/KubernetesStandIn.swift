internal import Documents
internal import Foundation
internal import Synchronization

/// A stand-in for a cluster's API server, as far as recovery plans need one for the real kubectl: namespaces, objects that
/// are applied by the server (with owners of fields, hence conflicts), workloads with replicas, a scale and pods, watches.
///
/// It answers a watch when something has happened, or after a while, and ends it then; kubectl watches on.
package final class KubernetesStandIn: Sendable {
    package let server: StandInServer
    private let cluster: SharedCluster

    package var url: String { server.url }

    /// - Parameters:
    ///   - port: nil for a free one.
    ///   - settling: how long a workload takes to become what it is told to be, and a namespace to vanish.
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
            // From now on, besides what there is: the number must not move while this waits.
            request.query["from"] = "\(cluster.state.withLock { $0.version })"
        }
        while true {
            let (answer, isWorthIt) = cluster.state.withLock { $0.watch(request) }
            if isWorthIt || ContinuousClock.now >= deadline { return answer }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return answer }
        }
    }

    /// Looks at the cluster, or does to it what no request does.
    @discardableResult
    package func with<Value: Sendable>(_ body: @Sendable (inout KubernetesCluster) -> Value) -> Value {
        cluster.state.withLock { body(&$0) }
    }

    /// For `KUBECONFIG`: `lab` means this cluster; the current context, `elsewhere`, means none.
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
