internal import Documents
internal import Foundation
internal import Glibc
internal import Synchronization

/// The server of a node, to which the API server forwards `exec`, `portforward` and `log`.
final class KubeletServer: Sendable {
    private let server: LoopbackServer

    var port: UInt16 { server.port }

    /// - Parameter find: returns the pod of a namespace and name on this node.
    init(_ find: @escaping @Sendable (String, String) -> PodRunner?) throws {
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
            case "exec" where segments.count == 4: Self.exec(request, query, pod, segments[3], connection)
            case "portForward": Self.forward(request, connection)
            case "containerLogs" where segments.count == 4: ContainerLog(pod, segments[3], query).send(to: connection)
            default: connection.send(HTTPMessage.response(404, [], "not found").bytes)
            }
        }
    }

    func stop() { server.stop() }

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

/// A query with repeated names.
struct Query {
    private let items: [(name: String, value: String)]

    init(_ text: String) {
        items = text.split(separator: "&").map { item in
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.replacing("+", with: " ").removingPercentEncoding ?? String($0) }
            return (pair[0], pair.count == 2 ? pair[1] : "")
        }
    }

    func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    subscript(_ name: String) -> String? { items.first { $0.name == name }?.value }

    func isTrue(_ name: String) -> Bool { ["1", "true"].contains(self[name] ?? "") }
}

/// The output of a container, as a client asks for it.
struct ContainerLog {
    private let pod: PodRunner
    private let container: String
    private let query: Query

    init(_ pod: PodRunner, _ container: String, _ query: Query) {
        self.pod = pod
        self.container = container
        self.query = query
    }

    func send(to connection: LoopbackConnection) {
        let logs = pod.logs(container)
        let isPrevious = query.isTrue("previous")
        guard let file = isPrevious ? logs.dropLast().last : logs.last else {
            let text =
                isPrevious
                ? "previous terminated container \"\(container)\" in pod \"\(pod.pod.name)\" not found"
                : "container \"\(container)\" in pod \"\(pod.pod.name)\" is waiting to start"
            connection.send(HTTPMessage.response(400, [], text).bytes)
            return
        }
        var content = FileManager.default.contents(atPath: file).map { Array($0) } ?? []
        var position = content.count
        if let lines = query["tailLines"].flatMap({ Int($0) }) {
            let ends = content.indices.dropLast().filter { content[$0] == 10 }
            if lines < ends.count + 1 { content = lines > 0 ? Array(content[(ends[ends.count - lines] + 1)...]) : [] }
        }
        if let limit = query["limitBytes"].flatMap({ Int($0) }) { content = Array(content.prefix(max(0, limit))) }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        guard connection.send(head), send(content, connection) else { return }
        let process = pod.process(container)
        while query.isTrue("follow"), let process {
            let isOver = process.exitStatus != nil
            let more = Self.read(file, from: position)
            position += more.count
            guard send(more, connection), !isOver else { break }
            usleep(100_000)
        }
        connection.send("0\r\n\r\n")
    }

    private func send(_ content: [UInt8], _ connection: LoopbackConnection) -> Bool {
        guard !content.isEmpty else { return true }
        return connection.send("\(String(content.count, radix: 16))\r\n") && connection.send(content + [13, 10])
    }

    private static func read(_ file: String, from position: Int) -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: file) else { return [] }
        defer { try? handle.close() }
        guard (try? handle.seek(toOffset: UInt64(clamping: position))) != nil else { return [] }
        return (try? handle.readToEnd()).flatMap { $0 }.map { Array($0) } ?? []
    }
}
