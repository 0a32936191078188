internal import BackupRepository
package import Documents
package import HTTP
package import Platform

/// The client of Alertmanager's HTTP API, version 2: encodes, tries again, and puts refusals into words.
///
/// Calls block: run them on a pool's thread. They throw `ComponentError` and `CancellationError`. Safe from many
/// threads.
package struct AlertmanagerAPI: Sendable {
    /// Without user, query and trailing slash, fit for messages.
    package let location: String
    package let pool: BlockingPool
    private let base: String
    private let client: HTTPClient
    private let retries: RetryPolicy

    /// Longest answer accepted, in bytes: 100,000 silences have some fifty million.
    private static let longestAnswer = 256 << 20

    /// - Parameters:
    ///   - url: with the server's path prefix, if it has one: "https://host/alertmanager".
    ///   - client: with the credentials.
    package init(
        url: String, client: HTTPClient, pool: BlockingPool,
        retries: RetryPolicy = RetryPolicy(attempts: 3, base: .milliseconds(200), cap: .seconds(2))
    ) {
        base = String(url.prefix(url.count - url.reversed().prefix { $0 == "/" }.count))
        location = String(HTTPRequest("GET", base).summary.dropFirst("GET ".count))
        self.client = client
        self.pool = pool
        self.retries = retries
    }

    package func status() throws -> AlertmanagerStatus {
        let (request, value, _) = try get("/api/v2/status")
        guard let status = AlertmanagerStatus(value) else { throw Self.stranger(request) }
        return status
    }

    /// Every silence that the server knows, also those that ended and that it keeps for its `--data.retention`.
    package func silences() throws -> SilenceList {
        let (request, value, response) = try get("/api/v2/silences")
        guard let entries = value.array else { throw Self.stranger(request) }
        // The field has whole seconds. Its second counts to the end, for silences that have just begun or ended.
        return SilenceList(entries, time: response.date.map { $0.multipliedClamped(by: 1000).addingClamped(999) })
    }

    /// Creates a silence, or changes one where the form has an `id`.
    ///
    /// Sent once: without an answer it is not known whether the server has created the silence.
    /// - Returns: the id that the silence has now.
    package func post(_ form: JSONValue) throws -> String {
        var request = HTTPRequest("POST", base + "/api/v2/silences", body: .bytes(form.compact))
        request.headers = [("Accept", "application/json"), ("Content-Type", "application/json")]
        request.isSentOnce = true
        let (response, body) = try retries.run { try attempt(request, isRepeatable: false) }
        guard response.isSuccess else { throw Self.refusal(request, response, body) }
        guard let id = (try? JSONValue(parsing: body))?["silenceID"]?.text, !id.isEmpty else {
            throw Self.stranger(request)
        }
        return id
    }

    /// Ends a silence at once.
    package func expire(_ id: String) throws {
        let request = HTTPRequest("DELETE", base + "/api/v2/silence/\(Self.encoded(id))")
        let (response, body) = try retries.run { try attempt(request, isRepeatable: true) }
        guard response.isSuccess else { throw Self.refusal(request, response, body) }
    }

    /// The status of `/-/ready`, and the first words of the answer. One try: a check measures what there is.
    package func readiness() throws -> (status: Int, words: String) {
        let request = HTTPRequest("GET", base + "/-/ready")
        do {
            let (response, body) = try client.send(request)
            return (response.status, Self.words(body) ?? "")
        } catch let error as HTTPError { throw Self.unreachable(request, error) }
    }

    // MARK: Sending

    private func get(_ path: String) throws -> (HTTPRequest, JSONValue, HTTPResponse) {
        var request = HTTPRequest("GET", base + path)
        request.headers = [("Accept", "application/json")]
        let (response, body) = try retries.run { try attempt(request, isRepeatable: true) }
        guard response.isSuccess else { throw Self.refusal(request, response, body) }
        guard let value = try? JSONValue(parsing: body) else { throw Self.stranger(request) }
        return (request, value, response)
    }

    private func attempt(
        _ request: HTTPRequest, isRepeatable: Bool
    ) throws -> RetryPolicy.Outcome<(HTTPResponse, [UInt8])> {
        do {
            let (response, body) = try client.send(request, limit: Self.longestAnswer)
            let mayPass = response.status == 429 || (isRepeatable && [502, 503, 504].contains(response.status))
            guard mayPass else { return .done((response, body)) }
            return .again(Self.refusal(request, response, body), retryAfter: response.retryAfter)
        } catch let error as HTTPError {
            let failure = Self.unreachable(request, error)
            guard isRepeatable, error.isRetryable, error.reason != .connect else { throw failure }
            return .again(failure)
        }
    }

    /// Everything but RFC 3986's unreserved characters in percent-encoding.
    static func encoded(_ text: String) -> String {
        text.utf8.map { byte -> String in
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII,
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "-._~".unicodeScalars.contains(scalar)
            {
                return String(Character(scalar))
            }
            return "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
        }.joined()
    }

    // MARK: Refusals

    private static let address =
        "`url:` must lead to Alertmanager itself, with its path prefix if it has one"

    /// The server's own words: the API answers with a JSON string, its checks of a request with an object.
    private static func words(_ body: [UInt8]) -> String? {
        let value = try? JSONValue(parsing: body)
        let text = value?.text ?? value?["message"]?.text ?? String(decoding: body.prefix(200), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first.map { String($0.prefix(200)) } ?? ""
        return line.isEmpty ? nil : line.printable
    }

    private static func unreachable(_ request: HTTPRequest, _ error: HTTPError) -> ComponentError {
        ComponentError(
            .unreachable, request.summary, error.detail,
            hint: "is `url:` of this component right, and does Alertmanager run?")
    }

    private static func stranger(_ request: HTTPRequest) -> ComponentError {
        ComponentError(.misconfigured, request.summary, "the answer is not Alertmanager's", hint: address)
    }

    private static func refusal(_ request: HTTPRequest, _ response: HTTPResponse, _ body: [UInt8]) -> ComponentError {
        let words = words(body).map { "\($0) (\(response.status))" } ?? "status \(response.status)"
        return switch response.status {
        case 401, 403:
            ComponentError(
                .refused, request.summary, "access refused (\(response.status))",
                hint: "check username and password, or the bearer token, of this component")
        case 429, 500...: ComponentError(.unreachable, request.summary, words, hint: "see the server's log")
        case 300..<400, 405: ComponentError(.misconfigured, request.summary, words, hint: address)
        case 404 where request.method == "GET":
            ComponentError(
                .misconfigured, request.summary, words,
                hint: "\(address); version 2 of the API needs Alertmanager 0.16 or later")
        default: ComponentError(.refused, request.summary, words)
        }
    }
}
