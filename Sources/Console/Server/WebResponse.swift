/// The response to a request.
package struct WebResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// A body that a separate thread writes; `length` is nil if it is not known before.
        case stream(length: Int?, @Sendable (ResponseStream) throws -> Void)
    }

    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: Body

    package init(_ status: Int = 200, type: String, _ bytes: [UInt8]) {
        self.status = status
        headers = [("Content-Type", type)]
        body = .bytes(bytes)
    }

    package init(_ status: Int = 200, type: String = "text/plain; charset=utf-8", text: String) {
        self.init(status, type: type, Array(text.utf8))
    }

    package static func html(_ text: String, status: Int = 200) -> WebResponse {
        WebResponse(status, type: "text/html; charset=utf-8", text: text)
    }

    package static func json(_ text: String, status: Int = 200) -> WebResponse {
        WebResponse(status, type: "application/json", text: text + "\n")
    }

    /// True for a refusal: the server then closes the connection, so that a client that is not admitted holds none.
    package var endsConnection: Bool { [400, 401, 403, 413, 421, 429].contains(status) }

    /// A response whose body `write` makes. If `write` throws, the transfer breaks off, so that the client notices.
    package static func stream(
        type: String, length: Int? = nil, _ write: @escaping @Sendable (ResponseStream) throws -> Void
    ) -> WebResponse {
        var response = WebResponse(type: type, [])
        response.body = .stream(length: length, write)
        return response
    }

    package static func redirect(to path: String) -> WebResponse {
        var response = WebResponse(303, text: "see \(path)\n")
        response.headers.append(("Location", path))
        return response
    }

    /// Returns the response with another header.
    package func with(_ name: String, _ value: String) -> WebResponse {
        var response = self
        response.headers.append((name, value))
        return response
    }
}
