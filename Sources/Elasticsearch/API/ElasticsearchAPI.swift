internal import Documents
package import HTTP
package import Platform

/// The calls of the HTTP API of Elasticsearch and OpenSearch that snapshots need.
///
/// Calls throw ``ElasticsearchAPIError`` and `CancellationError`.
package struct ElasticsearchAPI: Sendable {
    /// Without user, query and trailing slash, fit for messages.
    package let location: String
    let hasAPIKey: Bool
    private let client: APIClient<ElasticsearchAPIError.Reason>

    /// - Parameters:
    ///   - url: of any node, or of a load balancer before the nodes.
    ///   - apiKey: the encoded form, `base64(id:key)`, as the server returns it.
    ///   - retries: of requests that can be repeated; the others are sent once.
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
        try await client.pool.run { try value(call) }
    }

    /// The answer to a call. Blocks: for a pool's thread.
    func value(_ call: ElasticsearchCall) throws -> JSONValue {
        let answer = try client.perform(request(for: call)) { attempt in
            if case .answered(let answer) = attempt, call.accepts.contains(answer.status) { return false }
            return call.isRetried && attempt.mayPass
        }
        guard answer.isSuccess || call.accepts.contains(answer.status), let value = answer.document else {
            throw ElasticsearchAPIError(answer, of: call)
        }
        return value
    }

    /// The answer to a call, or nil if the server answers that the object does not exist.
    func find(_ call: ElasticsearchCall) async throws -> JSONValue? {
        do {
            return try await send(call)
        } catch let error as ElasticsearchAPIError where error.reason == .missing { return nil }
    }

    private func request(for call: ElasticsearchCall) -> HTTPRequest {
        // Multi-index expressions consist of names, commas and asterisks.
        var request = client.request(
            call.method, segments: call.path,
            query: call.query.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }, keeping: ",*",
            json: call.body)
        request.stallTimeout = call.stallTimeout
        request.isSentOnce = call.isSentOnce
        return request
    }
}

/// One request, and the privilege that it needs.
struct ElasticsearchCall: Sendable {
    var method: String
    /// Segments, not encoded.
    var path: [String]
    var query: [String: String] = [:]
    var body: JSONValue?
    /// The privilege, in the words of Elasticsearch's roles: "the cluster privilege 'create_snapshot'".
    var needs: String
    /// True if a failed request may be sent again.
    var isRetried = true
    /// See `HTTPRequest.isSentOnce`.
    var isSentOnce = false
    /// Statuses besides 2xx whose body is a valid answer.
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
