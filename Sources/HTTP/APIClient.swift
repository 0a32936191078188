package import Documents
package import Platform

/// A client of one server's HTTP API: it builds requests, authenticates, tries again, and reads the answers.
///
/// The meaning of a status or of the server's words is known to each API alone, which says it with its ``APIReason``.
/// Calls throw ``APIError`` and `CancellationError`.
package struct APIClient<Reason: APIReason>: Sendable {
    /// The address without user, query and trailing slash, fit for messages.
    package let location: String
    package let pool: BlockingPool
    private let base: String
    private let client: HTTPClient
    private let headers: [HTTPHeaders.Field]
    private let retries: RetryPolicy
    private let longestAnswer: Int

    /// - Parameters:
    ///   - url: with the path prefix that the server is served from, if it has one: "https://host/sub".
    ///   - client: with user and password, or the bearer token.
    ///   - headers: fields of each request: other credentials than those of `client`.
    ///   - retries: of each request that may be sent again.
    ///   - longestAnswer: in bytes.
    package init(
        url: String, client: HTTPClient, pool: BlockingPool, headers: [HTTPHeaders.Field] = [], retries: RetryPolicy,
        longestAnswer: Int = 32 << 20
    ) {
        base = String(url.prefix(url.count - url.reversed().prefix { $0 == "/" }.count))
        location = String(HTTPRequest("GET", base).summary.dropFirst("GET ".count))
        self.client = client
        self.pool = pool
        self.headers = headers
        self.retries = retries
        self.longestAnswer = longestAnswer
    }

    // MARK: Requests

    /// A request of a path that is already encoded.
    package func request(_ method: String, path: String, stallTimeout: Duration? = nil) -> HTTPRequest {
        HTTPRequest(method, base + path, stallTimeout: stallTimeout)
    }

    /// A request with a JSON document, or without a body.
    /// - Parameters:
    ///   - segments: of the path; each is percent-encoded, slashes included.
    ///   - kept: characters of segments and query values that are not encoded.
    package func request(
        _ method: String, segments: [String], query: [(name: String, value: String)] = [], keeping kept: String = "",
        json: JSONValue? = nil
    ) -> HTTPRequest {
        let path = "/" + segments.map { PercentEncoding.encode($0, keeping: kept) }.joined(separator: "/")
        let pairs = query.map { name, value in
            "\(PercentEncoding.encode(name))=\(PercentEncoding.encode(value, keeping: kept))"
        }
        var request = request(method, path: path + (pairs.isEmpty ? "" : "?\(pairs.joined(separator: "&"))"))
        request.headers.append(("Accept", "application/json"))
        if let json {
            request.headers.append(("Content-Type", "application/json"))
            request.body = .bytes(json.compact)
        }
        return request
    }

    /// A POST of a form, as a browser sends it.
    package func request(path: String, form: [(name: String, value: String)]) -> HTTPRequest {
        var request = request("POST", path: path)
        request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        request.body = .text(
            form.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        )
        return request
    }

    // MARK: Answers

    /// The answer, whatever its status, after the last try. Blocks: for a thread of the pool.
    /// - Parameter mayPass: true if another try may end differently, and does no harm.
    package func perform(
        _ request: HTTPRequest, retryingIf mayPass: (APIAttempt) -> Bool = \.mayPass
    ) throws -> APIAnswer {
        var request = request
        request.headers += headers
        let operation = request.summary
        do {
            return try retries.run {
                do {
                    let (response, body) = try client.send(request, limit: longestAnswer)
                    let answer = APIAnswer(response: response, body: body, operation: operation)
                    guard mayPass(.answered(answer)) else { return .done(answer) }
                    return .again(LastAnswer(answer: answer), retryAfter: response.retryAfter)
                } catch let error as HTTPError {
                    let failure = APIError<Reason>(error)
                    guard error.isRetryable, mayPass(.failed(error)) else { throw failure }
                    return .again(failure)
                }
            }
        } catch let last as LastAnswer { return last.answer }
    }

    /// The answer, whatever its status, after the last try.
    package func send(
        _ request: HTTPRequest, retryingIf mayPass: @escaping @Sendable (APIAttempt) -> Bool = { $0.mayPass }
    ) async throws -> APIAnswer {
        try await pool.run { try perform(request, retryingIf: mayPass) }
    }
}

/// An answer to a request, whatever its status.
package struct APIAnswer: Sendable {
    package var response: HTTPResponse
    package var body: [UInt8]
    /// The method and the URL without query, for messages.
    package var operation: String

    package init(response: HTTPResponse, body: [UInt8], operation: String) {
        self.response = response
        self.body = body
        self.operation = operation
    }

    package var status: Int { response.status }
    package var isSuccess: Bool { response.isSuccess }
    /// The body, where it is JSON.
    package var document: JSONValue? { try? JSONValue(parsing: body) }
}

/// The outcome of one try.
package enum APIAttempt {
    case answered(APIAnswer)
    case failed(HTTPError)

    /// True for a server that is busy (429, 503), a proxy without an answer (502, 504), and a transfer that failed.
    package var mayPass: Bool {
        switch self {
        case .answered(let answer): [429, 502, 503, 504].contains(answer.status)
        case .failed: true
        }
    }
}

/// Carries an answer out of the tries: after the last one, the caller judges it.
private struct LastAnswer: Error {
    var answer: APIAnswer
}
