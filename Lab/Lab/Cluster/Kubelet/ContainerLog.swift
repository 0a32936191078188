internal import Foundation
internal import Glibc

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
