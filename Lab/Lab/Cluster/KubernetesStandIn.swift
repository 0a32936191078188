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
            let slowness = cluster.state.withLock { $0.slowness }
            if slowness > .zero { try? await Task.sleep(for: slowness) }
            return cluster.state.withLock { $0.answer(request) }
        }
        server.translate { request in
            guard request.contentType == KubernetesProtobuf.contentType,
                let object = KubernetesProtobuf.object(request.body)
            else { return request }
            var request = request
            request.body = object.compact
            request.headers["content-type"] = "application/json"
            return request
        }
        cluster.startControllers()
        server.stream { [weak server] request in
            if let outage = cluster.startOutage(at: request) {
                return { [weak server] _, _ in
                    // Before the connection ends: a client that tries again at once must find the server gone.
                    server?.goAway()
                    if let duration = outage.duration {
                        Task.detached { try await server?.goAway(for: duration) }
                    }
                    return false
                }
            }
            if request.isWatch { return { _, connection in Self.watch(request, cluster, on: connection) } }
            guard let target = cluster.streamTarget(of: request) else { return nil }
            return { message, connection in
                Self.splice(request, cluster, to: target, (message, connection))
                return false
            }
        }
    }

    private final class SharedCluster: Sendable {
        let state: Mutex<KubernetesCluster>
        let streamFault = Mutex<(@Sendable (StandInRequest) -> KubernetesStreamFault?)?>(nil)

        init(_ cluster: KubernetesCluster) { state = Mutex(cluster) }

        struct Outage {
            /// Nil for an outage until ``KubernetesStandIn/comeBack()``.
            var duration: Duration?
            var isStart: @Sendable (StandInRequest) -> Bool
        }

        let outages = Mutex<[Outage]>([])

        /// Returns the outage that starts with a request.
        func startOutage(at request: StandInRequest) -> Outage? {
            outages.withLock { outages in
                guard let planned = outages.first, planned.isStart(request) else { return nil }
                return outages.removeFirst()
            }
        }

        func streamTarget(of request: StandInRequest) -> KubernetesTarget? {
            guard let last = request.segments.last, ["exec", "portforward", "attach", "log"].contains(last) else {
                return nil
            }
            let resources = state.withLock { $0.resources }
            let target = KubernetesTarget(request.segments, among: resources)
            return target?.subresource == last ? target : nil
        }

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

    /// Passes a stream on to the kubelet of the pod's node.
    private static func splice(
        _ request: StandInRequest, _ cluster: SharedCluster, to target: KubernetesTarget,
        _ stream: (message: HTTPMessage, connection: LoopbackConnection)
    ) {
        func refuse(_ answer: StandInAnswer) { stream.connection.send(answer.bytes(isReplyTo: request.method)) }
        switch cluster.state.withLock({ $0.forward(request, target, stream.message) }) {
        case .failure(let refusal): refuse(refusal.answer)
        case .success(let forward):
            do {
                let kubelet = try LoopbackConnection(port: forward.port)
                var message = stream.message
                message.firstLine = "\(request.method) \(forward.target) HTTP/1.1"
                message.headers.removeAll { ["host", "authorization"].contains($0.name.lowercased()) }
                message.headers.append((name: "Host", value: "127.0.0.1:\(forward.port)"))
                if message["upgrade"] == nil {
                    message.headers.removeAll { $0.name.lowercased() == "connection" }
                    message.headers.append((name: "Connection", value: "close"))
                }
                let fault = cluster.streamFault.withLock { $0 }?(request)
                KubernetesSplice(client: stream.connection, kubelet: kubelet, fault: fault).run(message)
            } catch {
                refuse(
                    .kubernetes(
                        500, "InternalError",
                        "Internal error occurred: error dialing backend: dial tcp 127.0.0.1:\(forward.port): connect: "
                            + "connection refused"))
            }
        }
    }

    /// Refuses connections for a time; the controllers continue.
    package func goAway(for duration: Duration) async throws { try await server.goAway(for: duration) }

    /// Plans an outage that starts with a request, which gets no response. Several outages happen in their order.
    /// - Parameter duration: nil for an outage until ``comeBack()``.
    package func goAway(for duration: Duration? = nil, at isStart: @escaping @Sendable (StandInRequest) -> Bool) {
        cluster.outages.withLock { $0.append(SharedCluster.Outage(duration: duration, isStart: isStart)) }
    }

    /// Ends an outage without a duration.
    package func comeBack() async throws { try await server.start() }

    /// The number of planned outages that have not begun.
    package var plannedOutages: Int { cluster.outages.withLock { $0.count } }

    /// Selects streams of pods, such as those of `kubectl exec`, that break.
    package func breakStreams(_ fault: (@Sendable (StandInRequest) -> KubernetesStreamFault?)?) {
        cluster.streamFault.withLock { $0 = fault }
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
