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
    private let client: APIClient<ElasticsearchAPIError.Reason>

    /// - Parameters:
    ///   - url: of any node, or of what balances the load before them.
    ///   - apiKey: the encoded form, `base64(id:key)`, as the server hands it out.
    ///   - retries: of requests that can be repeated; the rest is sent once.
    package init(
        url: String, client: HTTPClient, apiKey: String? = nil, retries: RetryPolicy = RetryPolicy(attempts: 4),
        pool: BlockingPool
    ) {
        self.client = APIClient(
            url: url, client: client, pool: pool, headers: apiKey.map { [("Authorization", "ApiKey \($0)")] } ?? [],
            retries: retries)
        location = self.client.location
        hasAPIKey = apiKey != nil
    }

    /// The answer to a call.
    func send(_ call: ElasticsearchCall) async throws -> JSONValue {
        let answer = try await client.send(request(for: call)) { attempt in
            if case .answered(let answer) = attempt, call.accepts.contains(answer.status) { return false }
            return call.isRetried && attempt.mayPass
        }
        guard answer.isSuccess || call.accepts.contains(answer.status), let value = answer.document else {
            throw ElasticsearchAPIError(answer, of: call)
        }
        return value
    }

    /// The answer to a call, or nil where the server says that there is no such thing.
    func find(_ call: ElasticsearchCall) async throws -> JSONValue? {
        do {
            return try await send(call)
        } catch let error as ElasticsearchAPIError where error.reason == .missing { return nil }
    }

    private func request(for call: ElasticsearchCall) -> HTTPRequest {
        // Commas and asterisks are what multi-index expressions are made of.
        var request = client.request(
            call.method, segments: call.path,
            query: call.query.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }, keeping: ",*",
            json: call.body)
        request.stallTimeout = call.stallTimeout
        request.isSentOnce = call.isSentOnce
        return request
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
