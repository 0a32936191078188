package import Documents
internal import HTTP
internal import Platform
internal import Synchronization

/// The API of a cluster, read by its paths and changed by server-side apply, through a `kubectl proxy`. All calls block.
package final class KubernetesAPI: Sendable {
    /// The field manager of dr's changes.
    package static let manager = "dr"

    private struct Connection {
        var proxy: APIProxy
        var client: HTTPClient
    }

    private let kubectl: Kubectl
    /// The time for which an API server may be away: an upgrade of a control plane with one server takes that long.
    private let patience: Duration
    private let connection = Mutex<Connection?>(nil)

    /// - Parameter kubectl: for one context, without a namespace: the objects name theirs.
    package init(_ kubectl: Kubectl, patience: Duration = .seconds(60)) {
        self.kubectl = kubectl
        self.patience = patience
    }

    deinit { end() }

    /// Bytes of one response. Objects have at most about 1.5 MB.
    private static let longest = 256 << 20

    /// Ends the connection. The next request opens another one.
    package func end() {
        let open = connection.withLock { connection in
            defer { connection = nil }
            return connection
        }
        open?.proxy.end()
    }

    // MARK: Reading

    /// Reads a path.
    /// - Returns: nil if there is nothing at this path.
    /// - Throws: ``KubernetesError``, `CancellationError`.
    package func document(at path: String) throws -> JSONValue? {
        do {
            return try send(HTTPRequest("GET", "http://localhost\(path)"), for: "read \(path)")
        } catch let error as KubernetesError where error.means("NotFound") { return nil }
    }

    /// Reads an object.
    /// - Parameter namespace: nil for a type without namespaces.
    /// - Returns: nil if there is no such object.
    package func object(_ resource: APIResource, _ name: String, in namespace: String?) throws -> JSONValue? {
        try document(at: resource.path(in: namespace, name: name))
    }

    /// Lists the objects of one type, page by page, so that memory holds one page only.
    /// - Parameters:
    ///   - namespace: nil for all namespaces, or for a type without namespaces.
    ///   - pageSize: the number of objects in a page.
    ///   - each: called for each object. The server omits `kind` and `apiVersion` of built-in types: they are added.
    package func list(
        _ resource: APIResource, in namespace: String?, pageSize: Int = 50, each: (JSONValue) throws -> Void
    ) throws {
        let path = resource.path(in: namespace)
        var next: String?
        repeat {
            try Task.checkCancellation()
            let query = "?limit=\(pageSize)" + (next.map { "&continue=\(APIResource.encoded($0))" } ?? "")
            guard let page = try document(at: path + query) else {
                throw KubernetesError(.failed, operation: "list \(resource.name)", "the API server does not serve it")
            }
            guard let items = page["items"]?.array else {
                throw KubernetesError(.failed, operation: "list \(resource.name)", "the response is not a list")
            }
            for item in items where item.object != nil {
                try each(
                    item.adding(["kind": .string(resource.kind), "apiVersion": .string(resource.apiVersion)]))
            }
            let token = page["metadata"]?["continue"]?.text ?? ""
            // A server that repeats its token would be listed for ever.
            guard token != next else { break }
            next = token.isEmpty ? nil : token
        } while next != nil
    }

    // MARK: Changing

    /// Applies one object on the server. The server drops unknown fields, which the caller sees in the result.
    /// - Parameters:
    ///   - namespace: nil for a type without namespaces.
    ///   - forces: take over fields that other managers own.
    ///   - isDryRun: let the server compute the result, and store nothing.
    /// - Returns: the object as the server stores it.
    /// - Throws: ``KubernetesError``: ``KubernetesError/isConflict`` if other managers own changed fields.
    package func apply(
        _ object: JSONValue, _ resource: APIResource, name: String, in namespace: String?, forces: Bool,
        isDryRun: Bool = false
    ) throws -> JSONValue {
        try change(
            resource, name, in: namespace, isDryRun: isDryRun, query: "&force=\(forces)&fieldValidation=Ignore",
            type: "application/apply-patch+yaml", body: object.compact, operation: "apply")
    }

    /// Changes an object by a JSON patch (RFC 6902).
    /// - Returns: the object as the server stores it.
    package func patch(
        _ resource: APIResource, _ name: String, in namespace: String?, with operations: [JSONValue],
        isDryRun: Bool = false
    ) throws -> JSONValue {
        try change(
            resource, name, in: namespace, isDryRun: isDryRun, query: "", type: "application/json-patch+json",
            body: JSONValue.array(operations).compact, operation: "patch")
    }

    private func change(
        _ resource: APIResource, _ name: String, in namespace: String?, isDryRun: Bool, query: String, type: String,
        body: [UInt8], operation: String
    ) throws -> JSONValue {
        let path = resource.path(in: namespace, name: name)
        let all = "?fieldManager=\(Self.manager)\(query)\(isDryRun ? "&dryRun=All" : "")"
        var request = HTTPRequest("PATCH", "http://localhost\(path)\(all)", body: .bytes(body))
        request.headers = [(name: "Content-Type", value: type)]
        return try send(request, for: "\(operation) \(resource.kind) '\(name)'")
    }

    // MARK: Requests

    /// Sends a request, again and again while the API server is away. Every request can be repeated.
    private func send(_ request: HTTPRequest, for operation: String) throws -> JSONValue {
        let deadline = ContinuousClock.now + patience
        var pause = Duration.milliseconds(250)
        while true {
            do {
                return try sendOnce(request, operation)
            } catch let error as KubernetesError where error.isConnectionFailure {
                guard .now + pause < deadline else { throw error }
                try sleepUnlessCancelled(pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    private func sendOnce(_ request: HTTPRequest, _ operation: String) throws -> JSONValue {
        let answer: (HTTPResponse, [UInt8])
        do {
            answer = try client().send(request, limit: Self.longest)
        } catch let error as HTTPError {
            if error.isRetryable { end() }
            throw KubernetesError(
                .failed, operation: operation,
                error.isRetryable ? "\(KubernetesError.silence): \(error.detail)" : error.detail)
        }
        guard answer.0.isSuccess else { throw KubernetesError(answer.0.status, answer.1, operation: operation) }
        do {
            return try JSONValue(parsing: answer.1)
        } catch {
            throw KubernetesError(.failed, operation: operation, "the response is \(error)")
        }
    }

    private func client() throws -> HTTPClient {
        let open = try connection.withLock { connection in
            if let known = connection, !known.proxy.hasEnded { return known }
            let proxy = try APIProxy(kubectl)
            let new = Connection(proxy: proxy, client: HTTPClient(HTTPOptions()))
            connection = new
            return new
        }
        do {
            let socket = try open.proxy.socket()
            return connection.withLock { connection in
                guard open.client.options.unixSocket == nil else { return open.client }
                if let known = connection, known.proxy === open.proxy, known.client.options.unixSocket != nil {
                    return known.client
                }
                var options = HTTPOptions()
                options.unixSocket = socket
                options.proxy = .none
                let client = HTTPClient(options)
                if connection?.proxy === open.proxy { connection?.client = client }
                return client
            }
        } catch let error as KubernetesError {
            end()
            throw error
        }
    }
}

extension KubernetesError {
    fileprivate static let silence = "no answer from the API server"

    /// The error of a response.
    fileprivate init(_ status: Int, _ body: [UInt8], operation: String) {
        guard let value = try? JSONValue(parsing: body), value["kind"]?.text == "Status" else {
            // kubectl itself answers if it does not reach the API server.
            let text = String(decoding: body.prefix(500), as: UTF8.self).split(whereSeparator: \.isNewline).first
            // It invents this status, which says nothing about the API server.
            let words =
                status >= 500
                ? text.map(String.init) ?? "HTTP \(status)" : "HTTP \(status)" + (text.map { ": \($0)" } ?? "")
            self.init(.failed, operation: operation, status >= 500 ? "\(Self.silence): \(words)" : words)
            return
        }
        let reason = value["reason"]?.text ?? "HTTP \(status)"
        let lines = (value["message"]?.text ?? "no message").split(whereSeparator: \.isNewline)
        let message = "\(lines.joined(separator: " ")) (\(reason))"
        switch status {
        case 401:
            self.init(
                .hopeless, operation: operation, message,
                hint: "the credentials of this context are not valid; log in again")
        case 403:
            self.init(
                .hopeless, operation: operation, message,
                hint:
                    "the user of this context lacks the permission; check it with `kubectl auth can-i` and grant it")
        case 429, 504: self.init(.failed, operation: operation, "\(Self.silence): \(message)")
        default: self.init(.failed, operation: operation, message)
        }
    }

    /// True if the API server gave this reason: "NotFound", "Forbidden".
    package func means(_ reason: String) -> Bool { detail.contains("(\(reason))") }

    /// True if another manager owns a field that an apply would change.
    package var isConflict: Bool { detail.contains("Apply failed with") || means("Conflict") }

    /// True if no API server answered, so that a later attempt may succeed.
    package var isConnectionFailure: Bool {
        let words = [
            Self.silence, "was refused", "connection refused", "i/o timeout", "TLS handshake timeout",
            "connection reset", "unexpected EOF", ": EOF", "no route to host", "context deadline exceeded",
            "etcdserver:", "Client.Timeout exceeded", "network is unreachable",
        ]
        return words.contains(where: detail.contains)
    }
}
