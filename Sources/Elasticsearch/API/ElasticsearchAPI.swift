internal import Documents
package import HTTP
package import Platform

/// The HTTP API of Elasticsearch and OpenSearch, as far as snapshots need it.
///
/// Calls throw ``ElasticsearchAPIError`` and `CancellationError`.
package struct ElasticsearchAPI: Sendable {
    /// Without user, query and trailing slash, fit for messages.
    package let location: String
    let hasAPIKey: Bool
    private let base: String
    private let client: HTTPClient
    private let apiKey: String?
    private let retries: RetryPolicy
    private let pool: BlockingPool

    /// - Parameters:
    ///   - url: of any node, or of what balances the load before them.
    ///   - apiKey: the encoded form, `base64(id:key)`, as the server hands it out.
    ///   - retries: of requests that can be repeated; the rest is sent once.
    package init(
        url: String, client: HTTPClient, apiKey: String? = nil, retries: RetryPolicy = RetryPolicy(attempts: 4),
        pool: BlockingPool
    ) {
        base = String(url.prefix(url.count - url.reversed().prefix { $0 == "/" }.count))
        location = String(HTTPRequest("GET", base).summary.dropFirst("GET ".count))
        self.client = client
        self.apiKey = apiKey
        hasAPIKey = apiKey != nil
        self.retries = retries
        self.pool = pool
    }

    /// Longest answer that is read, in bytes: the mappings of one index, or all templates of a cluster.
    private static let limit = 64 << 20

    /// The answer to a call.
    func send(_ call: ElasticsearchCall) async throws -> JSONValue {
        let request = request(for: call)
        let policy = call.isRetried ? retries : RetryPolicy(attempts: 1)
        return try await pool.run { [client] in
            try policy.run { () throws -> RetryPolicy.Outcome<JSONValue> in
                let (response, body): (HTTPResponse, [UInt8])
                do {
                    (response, body) = try client.send(request, limit: Self.limit)
                } catch let error as HTTPError {
                    let failure = ElasticsearchAPIError(error)
                    guard error.isRetryable else { throw failure }
                    return .again(failure)
                }
                let value = try? JSONValue(parsing: body)
                if response.isSuccess || call.accepts.contains(response.status), let value { return .done(value) }
                let failure = ElasticsearchAPIError(response, value, of: call, operation: request.summary)
                guard [429, 502, 503, 504].contains(response.status) else { throw failure }
                return .again(failure, retryAfter: response.retryAfter)
            }
        }
    }

    /// The answer to a call, or nil where the server says that there is no such thing.
    func find(_ call: ElasticsearchCall) async throws -> JSONValue? {
        do {
            return try await send(call)
        } catch let error as ElasticsearchAPIError where error.reason == .missing { return nil }
    }

    private func request(for call: ElasticsearchCall) -> HTTPRequest {
        var url = base + "/" + call.path.map(Self.encoded).joined(separator: "/")
        if !call.query.isEmpty {
            let pairs = call.query.sorted { $0.key < $1.key }
            url += "?" + pairs.map { "\($0.key)=\(Self.encoded($0.value))" }.joined(separator: "&")
        }
        var request = HTTPRequest(call.method, url, stallTimeout: call.stallTimeout)
        request.headers.append(("Accept", "application/json"))
        if let apiKey { request.headers.append(("Authorization", "ApiKey \(apiKey)")) }
        if let body = call.body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = .bytes(body.compact)
        }
        request.isSentOnce = call.isSentOnce
        return request
    }

    /// All but RFC 3986's unreserved characters in percent-encoding, and what multi-index expressions are made of.
    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ","), UInt8(ascii: "*"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
            }
        }
        return result
    }
}

/// One request, and what it takes to be allowed it.
struct ElasticsearchCall: Sendable {
    var method: String
    /// Segments, not encoded.
    var path: [String]
    var query: [String: String] = [:]
    var body: JSONValue?
    /// In the words of Elasticsearch's roles: "the cluster privilege 'create_snapshot'".
    var needs: String
    /// Whether it may be sent again when it failed.
    var isRetried = true
    /// See `HTTPRequest.isSentOnce`.
    var isSentOnce = false
    /// Statuses besides 2xx whose body is an answer.
    var accepts: Set<Int> = []
    var stallTimeout: Duration?

    init(
        _ method: String, _ path: [String], query: [String: String] = [:], body: JSONValue? = nil, needs: String
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.needs = needs
    }
}
