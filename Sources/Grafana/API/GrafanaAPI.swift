package import Documents
package import HTTP
package import Platform

/// A thin client of Grafana's HTTP API: encodes, authenticates, retries, and describes refusals.
///
/// Calls throw ``GrafanaAPIError`` and `CancellationError`. Safe from many threads.
package struct GrafanaAPI: Sendable {
    /// Without user, query and trailing slash, fit for messages.
    package let location: String
    package let pool: BlockingPool
    private let client: APIClient<GrafanaAPIError.Reason>
    /// All alert rules come in one answer: 10,000 of them have some thirty million bytes. A page of 5,000 search results
    /// has two million.
    private static let longestAnswer = 64 << 20

    /// - Parameters:
    ///   - url: with the sub-path that Grafana is served from, if it has one: "https://host/grafana".
    ///   - client: with the credentials.
    ///   - retries: of each call. The default outlasts a restart of the server.
    package init(url: String, client: HTTPClient, pool: BlockingPool, retries: RetryPolicy = RetryPolicy()) {
        self.client = APIClient(
            url: url, client: client, pool: pool, retries: retries, longestAnswer: Self.longestAnswer)
        location = self.client.location
        self.pool = pool
    }

    /// The answer, with any status; 429 and temporary failures are retried first. Blocks: for a pool's thread.
    package func perform(_ request: GrafanaRequest) throws -> GrafanaAnswer {
        var message = client.request(
            request.method, segments: request.path, query: request.query, json: request.body)
        message.headers = request.headers + message.headers
        if let organization = request.organization {
            message.headers.append(("X-Grafana-Org-Id", String(organization)))
        }
        message.isSentOnce = !request.isIdempotent
        return try client.perform(message) { attempt in
            switch attempt {
            case .answered(let answer) where answer.status == 500: request.isIdempotent && Self.mayPass(answer)
            case .answered(let answer): attempt.mayPass && (request.isIdempotent || answer.status == 429)
            case .failed(let error): request.isIdempotent || [.connect, .resolve, .proxy].contains(error.reason)
            }
        }
    }

    /// The answer, with any status.
    package func call(_ request: GrafanaRequest) async throws -> GrafanaAnswer {
        try await pool.run { try perform(request) }
    }

    /// The JSON of a success. Blocks: for a pool's thread.
    package func value(_ request: GrafanaRequest) throws -> JSONValue {
        let answer = try perform(request)
        guard answer.isSuccess else { throw GrafanaAPIError(answer) }
        return try answer.json()
    }

    /// The JSON of a successful GET.
    package func get(
        _ segments: [String], query: [(name: String, value: String)] = [], organization: Int? = nil
    ) async throws -> JSONValue {
        try await pool.run {
            try value(GrafanaRequest("GET", segments, query: query, organization: organization))
        }
    }

    /// The JSON of a successful call; `null` for an answer without a body.
    package func send(_ request: GrafanaRequest) async throws -> JSONValue {
        try await pool.run {
            let answer = try perform(request)
            guard answer.isSuccess else { throw GrafanaAPIError(answer) }
            return answer.body.isEmpty ? .null : try answer.json()
        }
    }

    /// A 500 that names a fault of the request is permanent; one about a lock or a lost database is not.
    private static func mayPass(_ answer: GrafanaAnswer) -> Bool {
        guard let message = answer.message?.lowercased() else { return true }
        return !["invalid", "validation", "not found", "provenance", "could not find"].contains(where: message.contains)
    }
}
