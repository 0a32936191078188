package import Documents
package import HTTP
package import Foundation

/// A client of an API server, as a kubelet uses it: JSON requests over HTTP or HTTPS. Every call blocks its thread.
package struct KubernetesClient: Sendable {
    /// The address of the API server without a trailing slash.
    package let url: String
    /// The certificate of the server's authority in PEM; nil for plain HTTP.
    let authority: String?
    private let http: HTTPClient

    /// The host and port of the API server.
    var address: (host: String, port: String)? {
        guard let parts = URLComponents(string: url), let host = parts.host else { return nil }
        return (host, "\(parts.port ?? (parts.scheme == "https" ? 443 : 80))")
    }

    package struct Answer: Sendable {
        package var status: Int
        package var body: JSONValue

        package var isSuccess: Bool { (200..<300).contains(status) }
        /// The server's explanation of an error.
        package var message: String { body["message"]?.text ?? "status \(status)" }
    }

    package init(url: String, options: HTTPOptions = HTTPOptions()) {
        var options = options
        options.proxy = .none
        options.leastRate = 0
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        authority = options.caFile
        http = HTTPClient(options)
    }

    /// Reads the server's address and the client's certificate or token with kubectl.
    /// - Parameters:
    ///   - kubeconfig: the path of a file for `KUBECONFIG`.
    ///   - context: nil for the current context.
    ///   - folder: receives certificates and keys that the file contains inline.
    package init(kubeconfig: String, context: String? = nil, folder: URL) async throws {
        var arguments = ["config", "view", "--raw", "--flatten", "--minify", "-o", "json", "--kubeconfig", kubeconfig]
        if let context { arguments += ["--context", context] }
        let run = try await CommandRun.run(try LabTool.path("kubectl"), arguments)
        guard run.status == 0, let document = try? JSONValue(parsing: Array(run.output.utf8)),
            let cluster = document["clusters"]?.array?.first?["cluster"], let server = cluster["server"]?.text
        else { throw LabError("cannot read '\(kubeconfig)': \(run.errors)") }
        let user = document["users"]?.array?.first?["user"]
        func file(_ name: String, _ encoded: JSONValue?) throws -> String? {
            guard let text = encoded?.text, let data = Data(base64Encoded: text) else { return nil }
            let file = folder.appending(path: name)
            try data.write(to: file)
            return file.path
        }
        var options = HTTPOptions(
            caFile: try file("authority.pem", cluster["certificate-authority-data"]),
            clientCertificate: try file("client.pem", user?["client-certificate-data"]),
            clientKey: try file("client.key", user?["client-key-data"]))
        if let token = user?["token"]?.text { options.authorization = .bearer(token: token) }
        self.init(url: server, options: options)
    }

    /// - Parameter type: the content type, which selects the kind of a patch.
    /// - Throws: `HTTPError` if the server does not respond. An error response is a result.
    package func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil, type: String = "application/json"
    ) throws -> Answer {
        let request = HTTPRequest(
            method, url + path, headers: [("Accept", "application/json"), ("Content-Type", type)],
            body: body.map { .bytes($0.compact) })
        let (response, bytes) = try http.send(request, limit: 64 << 20)
        return Answer(status: response.status, body: (try? JSONValue(parsing: bytes)) ?? .null)
    }

    package func get(_ path: String) throws -> Answer { try call("GET", path) }

    /// Returns the items of a list.
    /// - Throws: `LabError` with the server's message if it refuses.
    package func list(_ path: String) throws -> [JSONValue] {
        let answer = try get(path)
        guard answer.isSuccess else { throw LabError("GET \(path): \(answer.message)") }
        return answer.body["items"]?.array ?? []
    }

    /// Changes an object with a JSON merge patch (RFC 7386).
    package func merge(_ path: String, _ change: JSONValue) throws -> Answer {
        try call("PATCH", path, change, type: "application/merge-patch+json")
    }
}
