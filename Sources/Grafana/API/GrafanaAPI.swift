package import Documents
package import HTTP
package import Platform

/// A thin client of Grafana's HTTP API: encodes, authenticates, tries again, and puts refusals into words.
///
/// Calls throw ``GrafanaAPIError`` and `CancellationError`. Safe from many threads.
package struct GrafanaAPI: Sendable {
    /// Without user, query and trailing slash, fit for messages.
    package let location: String
    package let pool: BlockingPool
    private let base: String
    private let client: HTTPClient
    private let retries: RetryPolicy

    /// - Parameters:
    ///   - url: with the sub-path that Grafana is served from, if it has one: "https://host/grafana".
    ///   - client: with the credentials.
    ///   - retries: of each call. The default outlasts a restart of the server.
    package init(url: String, client: HTTPClient, pool: BlockingPool, retries: RetryPolicy = RetryPolicy()) {
        base = String(url.prefix(url.count - url.reversed().prefix { $0 == "/" }.count))
        location = String(HTTPRequest("GET", base).summary.dropFirst("GET ".count))
        self.client = client
        self.pool = pool
        self.retries = retries
    }

    /// Longest answer accepted, in bytes: a page of 5,000 search results has about two million.
    private static let longestAnswer = 256 << 20

    /// The answer, whatever its status; 429 and what may pass are tried again first. Blocks: for a pool's thread.
    package func perform(_ request: GrafanaRequest) throws -> GrafanaAnswer {
        var message = HTTPRequest(request.method, base + request.target)
        message.headers = request.headers + [("Accept", "application/json")]
        if let organization = request.organization {
            message.headers.append(("X-Grafana-Org-Id", String(organization)))
        }
        if let body = request.body {
            message.headers.append(("Content-Type", "application/json"))
            message.body = .bytes(body.compact)
        }
        message.isSentOnce = !request.isIdempotent
        let operation = message.summary
        return try retries.run {
            do {
                let (response, body) = try client.send(message, limit: Self.longestAnswer)
                let answer = GrafanaAnswer(status: response.status, body: body, operation: operation)
                let isWorthAnother =
                    switch response.status {
                    case 429: true
                    case 502, 503, 504, 500: request.isIdempotent
                    default: false
                    }
                guard isWorthAnother, Self.mayPass(answer) else { return .done(answer) }
                return .again(AnswerGiven(answer: answer), retryAfter: response.retryAfter)
            } catch let error as HTTPError {
                let wasNotSent = [.connect, .resolve, .proxy].contains(error.reason)
                let failure = GrafanaAPIError(.unreachable, error.operation, error.detail)
                guard error.isRetryable, request.isIdempotent || wasNotSent else { throw failure }
                return .again(failure)
            }
        } orLast: { (error: AnswerGiven) in
            error.answer
        }
    }

    /// The answer, whatever its status.
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

    /// The JSON of a successful call; of an answer without a body `null`.
    package func send(_ request: GrafanaRequest) async throws -> JSONValue {
        try await pool.run {
            let answer = try perform(request)
            guard answer.isSuccess else { throw GrafanaAPIError(answer) }
            return answer.body.isEmpty ? .null : try answer.json()
        }
    }

    /// A 500 that says what is wrong with the request will say so again; one about a lock or a lost database will not.
    private static func mayPass(_ answer: GrafanaAnswer) -> Bool {
        guard answer.status == 500, let message = answer.message?.lowercased() else { return true }
        return !["invalid", "validation", "not found", "provenance", "could not find"].contains(where: message.contains)
    }

    /// Carries an answer out of the tries: when none is left, the caller judges it.
    private struct AnswerGiven: Error {
        var answer: GrafanaAnswer
    }
}

extension RetryPolicy {
    /// As `run`, but an error of one type becomes a value when there is no other try.
    fileprivate func run<Value, Failure: Error>(
        _ body: () throws -> Outcome<Value>, orLast value: (Failure) -> Value
    ) throws -> Value {
        do {
            return try run(body)
        } catch let error as Failure { return value(error) }
    }
}
