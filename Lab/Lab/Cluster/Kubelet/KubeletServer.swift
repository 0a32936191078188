internal import Documents
internal import Foundation
internal import Glibc
internal import Synchronization

/// The server of a node, to which the API server forwards `exec`, `portforward` and `log`.
final class KubeletServer: Sendable {
    private let server: LoopbackServer
    private let streams: StreamTable

    var port: UInt16 { server.port }

    /// - Parameter find: returns the pod of a namespace and name on this node.
    init(_ find: @escaping @Sendable (String, String) -> PodRunner?) throws {
        let streams = StreamTable()
        self.streams = streams
        server = try LoopbackServer { connection in
            guard let request = connection.readMessage() else { return }
            let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
            let segments = (parts.first ?? "").split(separator: "/").map(String.init)
            let query = Query(parts.count == 2 ? parts[1] : "")
            guard segments.count >= 3, let pod = find(segments[1], segments[2]) else {
                connection.send(HTTPMessage.response(404, [], "pod does not exist").bytes)
                return
            }
            switch segments[0] {
            case "exec" where segments.count == 4:
                streams.during(connection) { Self.exec(request, query, pod, segments[3], connection) }
            case "portForward": streams.during(connection) { Self.forward(request, connection) }
            case "containerLogs" where segments.count == 4: ContainerLog(pod, segments[3], query).send(to: connection)
            default: connection.send(HTTPMessage.response(404, [], "not found").bytes)
            }
        }
    }

    func stop() { server.stop() }

    /// Cuts the connections of all commands and forwarded ports.
    func cutStreams() { streams.cut() }

    private static func exec(
        _ message: HTTPMessage, _ query: Query, _ pod: PodRunner, _ container: String, _ connection: LoopbackConnection
    ) {
        let request = ExecRequest(
            namespace: pod.pod.namespace, pod: pod.pod.name, container: container, command: query.all("command"),
            hasInput: query.isTrue("input") || query.isTrue("stdin"),
            hasOutput: query.isTrue("output") || query.isTrue("stdout"),
            hasErrors: query.isTrue("error") || query.isTrue("stderr"))
        guard let process = pod.process(container) else {
            connection.send(HTTPMessage.response(500, [], "container not found (\"\(container)\")").bytes)
            return
        }
        let fault = pod.context.execFault.withLock { $0 }?(request)
        if isSPDY(message) {
            guard accept(message, "v4.channel.k8s.io", connection) else { return }
            let count = 1 + [request.hasInput, request.hasOutput, request.hasErrors].count { $0 }
            guard let streams = SPDYExecStreams(ConnectionStream(connection), count: count) else { return }
            return ExecSession(streams, fault: fault).run(request, in: process)
        }
        guard let socket = WebSocket(message, on: connection, protocols: ["v5.channel.k8s.io", "v4.channel.k8s.io"])
        else { return }
        ExecSession(WebSocketExecStreams(socket), fault: fault).run(request, in: process)
    }

    private static func forward(_ message: HTTPMessage, _ connection: LoopbackConnection) {
        if isSPDY(message) {
            guard accept(message, "portforward.k8s.io", connection) else { return }
            return PortForward(ConnectionStream(connection)).run()
        }
        guard let socket = WebSocket(message, on: connection, protocols: ["SPDY/3.1+portforward.k8s.io"]) else {
            return
        }
        PortForward(WebSocketStream(socket)).run()
    }

    private static func isSPDY(_ message: HTTPMessage) -> Bool {
        message["upgrade"]?.lowercased().hasPrefix("spdy/") == true
    }

    /// Accepts the upgrade to SPDY if the client offers the protocol, otherwise refuses it.
    private static func accept(_ message: HTTPMessage, _ name: String, _ connection: LoopbackConnection) -> Bool {
        let offered = message.headers.filter { $0.name.lowercased() == "x-stream-protocol-version" }
            .flatMap { $0.value.split(separator: ",") }.map { $0.trimmingCharacters(in: .whitespaces) }
        guard offered.contains(name) else {
            connection.send(HTTPMessage.response(403, [], "unable to upgrade: unable to negotiate protocol").bytes)
            return false
        }
        let answer = HTTPMessage(
            "HTTP/1.1 101 Switching Protocols",
            headers: [
                (name: "Upgrade", value: "SPDY/3.1"), (name: "Connection", value: "Upgrade"),
                (name: "X-Stream-Protocol-Version", value: name),
            ])
        return connection.send(answer.bytes)
    }
}

/// The open streams of a node.
private final class StreamTable: Sendable {
    private let connections = Mutex<[ObjectIdentifier: LoopbackConnection]>([:])

    func during(_ connection: LoopbackConnection, _ body: () -> Void) {
        connections.withLock { $0[ObjectIdentifier(connection)] = connection }
        body()
        connections.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    func cut() {
        for connection in connections.withLock({ $0.values.map(\.self) }) { connection.shutDown() }
    }
}
