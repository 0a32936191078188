internal import Foundation

/// An HTTP/1.1 message as transferred: first line, header lines, body.
package struct HTTPMessage: Sendable {
    package var firstLine: String
    /// The headers in order, with names as sent.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(_ firstLine: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.firstLine = firstLine
        self.headers = headers
        self.body = body
    }

    /// Creates a response with a `Content-Length`.
    package static func response(
        _ status: Int, _ headers: [(name: String, value: String)] = [], _ body: String = ""
    ) -> HTTPMessage {
        let length = [(name: "Content-Length", value: "\(body.utf8.count)")]
        return HTTPMessage("HTTP/1.1 \(status) Scripted", headers: headers + length, body: [UInt8](body.utf8))
    }

    package subscript(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var method: String { firstLine.split(separator: " ").first.map(String.init) ?? "" }
    /// The path and query of a request.
    package var target: String { firstLine.split(separator: " ").dropFirst().first.map(String.init) ?? "" }
    package var status: Int { firstLine.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }

    /// Returns the current time in the format of the `Date` header.
    static func date() -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date())
    }

    package var head: String {
        headers.reduce(firstLine + "\r\n") { "\($0)\($1.name): \($1.value)\r\n" } + "\r\n"
    }

    package var bytes: [UInt8] { [UInt8](head.utf8) + body }
}

extension LoopbackConnection {
    /// Blocks until the next complete message. A body without a length, as old servers send it, ends with the
    /// connection.
    /// - Parameter isReplyTo: the request method of a response; nil for a request.
    /// - Returns: nil if the peer closed the connection first.
    package func readMessage(isReplyTo method: String? = nil) -> HTTPMessage? {
        guard var message = readHead() else { return nil }
        let hasNoBody = method == "HEAD" || (method != nil && [204, 304].contains(message.status))
        if hasNoBody { return message }
        if method == nil, message["expect"]?.lowercased() == "100-continue" {
            // Clients wait a second for it before they send the body.
            guard send([UInt8]("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else { return nil }
            message.headers.removeAll { $0.name.lowercased() == "expect" }
        }
        if message["transfer-encoding"]?.lowercased() == "chunked" {
            guard let body = readChunks() else { return nil }
            message.body = body
            message.headers.removeAll { $0.name.lowercased() == "transfer-encoding" }
            message.headers.append((name: "Content-Length", value: "\(body.count)"))
        } else if let length = message["content-length"].flatMap({ Int($0) }) {
            guard let body = read(length) else { return nil }
            message.body = body
        } else if method != nil {
            while let bytes = receive() { message.body += bytes }
        }
        return message
    }

    /// Reads exactly `count` bytes.
    private func read(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            guard let more = receive(upTo: min(count - bytes.count, 256 << 10)) else { return nil }
            bytes += more
        }
        return bytes
    }

    private func readHead() -> HTTPMessage? {
        guard let firstLine = receiveLine() else { return nil }
        var message = HTTPMessage(firstLine)
        while true {
            guard let line = receiveLine() else { return nil }
            guard !line.isEmpty else { return message }
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            message.headers.append((name: String(line[..<colon]), value: String(value)))
        }
    }

    private func readChunks() -> [UInt8]? {
        var body: [UInt8] = []
        while true {
            guard let line = receiveLine(), let size = Int(line.prefix { $0 != ";" }, radix: 16) else { return nil }
            guard size > 0 else {
                while let trailer = receiveLine(), !trailer.isEmpty {}
                return body
            }
            guard let chunk = read(size), receiveLine() != nil else { return nil }
            body += chunk
        }
    }
}
