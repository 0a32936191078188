internal import BackupRepository
package import Documents
package import HTTP
package import Platform

/// The client of Alertmanager's HTTP API, version 2.
///
/// Calls block: run them on a pool's thread. They throw `ComponentError` and `CancellationError`. Safe from many
/// threads.
package struct AlertmanagerAPI: Sendable {
    /// Without user, query and trailing slash, fit for messages.
    package var location: String { client.location }
    package var pool: BlockingPool { client.pool }
    private let client: APIClient<AlertmanagerRefusal>
    /// All silences come in one answer: 100,000 of them have some fifty million bytes.
    private static let longestAnswer = 64 << 20

    /// - Parameters:
    ///   - url: with the server's path prefix, if it has one: "https://host/alertmanager".
    ///   - client: with the credentials.
    package init(
        url: String, client: HTTPClient, pool: BlockingPool,
        retries: RetryPolicy = RetryPolicy(attempts: 3, base: .milliseconds(200), cap: .seconds(2))
    ) {
        self.client = APIClient(
            url: url, client: client, pool: pool, retries: retries, longestAnswer: Self.longestAnswer)
    }

    package func status() throws -> AlertmanagerStatus {
        let answer = try perform(client.request("GET", segments: ["api", "v2", "status"]))
        guard let status = answer.document.flatMap({ AlertmanagerStatus($0) }) else { throw Self.stranger(answer) }
        return status
    }

    /// Every silence that the server knows, also the expired ones that it keeps for its `--data.retention`.
    package func silences() throws -> SilenceList {
        let answer = try perform(client.request("GET", segments: ["api", "v2", "silences"]))
        guard let entries = answer.document?.array else { throw Self.stranger(answer) }
        // The field has whole seconds. The whole second counts, for silences that have just begun or ended.
        let time = answer.response.date.map { $0.multipliedClamped(by: 1000).addingClamped(999) }
        return SilenceList(entries, time: time)
    }

    /// Creates a silence, or changes one if the form has an `id`.
    ///
    /// Sent once: if the answer is lost, the server may have created the silence.
    /// - Returns: the id that the silence has now.
    package func post(_ form: JSONValue) throws -> String {
        var request = client.request("POST", segments: ["api", "v2", "silences"], json: form)
        request.isSentOnce = true
        let answer = try perform(request) { attempt in
            if case .answered(let answer) = attempt { answer.status == 429 } else { false }
        }
        guard let id = answer.document?["silenceID"]?.text, !id.isEmpty else { throw Self.stranger(answer) }
        return id
    }

    /// Ends a silence at once.
    package func expire(_ id: String) throws {
        _ = try perform(client.request("DELETE", segments: ["api", "v2", "silence", id]))
    }

    // MARK: Responses

    /// - Returns: the answer of a success.
    private func perform(
        _ request: HTTPRequest, retryingIf mayPass: (APIAttempt) -> Bool = isWorthAnotherTry
    ) throws -> APIAnswer {
        do {
            let answer = try client.perform(request, retryingIf: mayPass)
            guard answer.isSuccess else { throw AlertmanagerAPIError(answer, method: request.method) }
            return answer
        } catch let error as AlertmanagerAPIError { throw error.componentError }
    }

    /// A server that refuses the connection is down; one that does not answer in time may be busy.
    private static func isWorthAnotherTry(_ attempt: APIAttempt) -> Bool {
        if case .failed(let error) = attempt, error.reason == .connect { return false }
        return attempt.mayPass
    }

    private static func stranger(_ answer: APIAnswer) -> ComponentError {
        AlertmanagerAPIError(
            .notAlertmanager, operation: answer.operation, detail: "the answer is not Alertmanager's"
        ).componentError
    }
}
