internal import Documents
package import Foundation
internal import Synchronization

/// A stand-in for a cluster's API server and controllers, for the real kubectl.
///
/// It serves the usual types, custom resources, server-side apply with field managers and conflicts, and watches.
/// Pods run at once on a simulated node, until a kubelet registers a node and runs them.
package final class KubernetesStandIn: Sendable {
    package let server: StandInServer
    private let cluster: SharedCluster

    package var url: String { server.url }

    /// - Parameters:
    ///   - port: the port; nil for a free one.
    ///   - settling: the time until a workload reaches its desired state, or a namespace is deleted.
    ///   - volumes: the folder for the directories of volumes; nil for volumes without a directory.
    ///   - contract: `fixtures/contracts/kubernetes.json`.
    package init(
        port: UInt16? = nil, settling: Duration = .milliseconds(50), volumes: URL? = nil, contract: APIContract? = nil
    ) async throws {
        let cluster = SharedCluster(KubernetesCluster(settling: settling))
        self.cluster = cluster
        cluster.state.withLock { $0.volumeFolder = volumes }
        server = try await StandInServer("kubernetes", port: port, contract: contract) { request in
            cluster.state.withLock { $0.answer(request) }
        }
        cluster.startControllers()
        server.stream { request in
            guard request.isWatch else { return nil }
            return { _, connection in Self.watch(request, cluster, on: connection) }
        }
    }

    private final class SharedCluster: Sendable {
        let state: Mutex<KubernetesCluster>
        init(_ cluster: KubernetesCluster) { state = Mutex(cluster) }

        /// Runs the controllers without requests, because they also wait for time to pass.
        func startControllers() {
            Thread { [weak self] in
                while self?.state.withLock({ $0.settle() }) != nil { Thread.sleep(forTimeInterval: 0.025) }
            }.start()
        }
    }

    /// Sends the events of a watch as they happen, in chunks, until its time-out.
    private static func watch(
        _ request: StandInRequest, _ cluster: SharedCluster, on connection: LoopbackConnection
    ) -> Bool {
        let asked = request.query["timeoutSeconds"].flatMap { Int($0) } ?? 300
        let deadline = ContinuousClock.now + .seconds(max(0, min(asked, 3600)))
        var watch: KubernetesWatch
        switch cluster.state.withLock({ $0.startWatch(request) }) {
        case .success(let started): watch = started
        case .failure(let refusal): return connection.send(refusal.answer.bytes(isReplyTo: request.method))
        }
        let head = HTTPMessage(
            "HTTP/1.1 200 OK",
            headers: [
                (name: "Content-Type", value: "application/json"), (name: "Transfer-Encoding", value: "chunked"),
            ])
        guard connection.send(head.head) else { return false }
        while ContinuousClock.now < deadline, !connection.hasEnded {
            let lines = cluster.state.withLock { $0.next(of: &watch) }
            let bytes = lines.flatMap { line -> [UInt8] in line.compact + [10] }
            if !bytes.isEmpty {
                let size = String(bytes.count, radix: 16)
                guard connection.send(Array("\(size)\r\n".utf8) + bytes + [13, 10]) else { return false }
            }
            if watch.hasFailed { break }
            if lines.isEmpty { Thread.sleep(forTimeInterval: 0.02) }
        }
        return connection.send("0\r\n\r\n")
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

extension StandInRequest {
    var isWatch: Bool { method == "GET" && ["true", "1"].contains(query["watch"]) }
}
