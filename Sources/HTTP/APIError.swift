package import Platform

/// The reasons for which a server's API refuses: each API has its own list.
package protocol APIReason: Equatable, Sendable {
    /// The reason for a request that brought no answer.
    init(_ error: HTTPError)

    /// The stable word for `--json`.
    var code: String { get }

    /// The advice to the operator for an error of this reason.
    func hint(for error: APIError<Self>) -> String?
}

/// A request to a server's API that did not give the wanted answer.
///
/// It reads `GET http://host/path: the server's words`. The hint stays apart: a caller that reports the error as its own
/// adds it there.
package struct APIError<Cause: APIReason>: OperationError, Equatable {
    package typealias Reason = Cause

    package var reason: Reason
    /// The method and the URL, without query and credentials.
    package var operation: String
    /// The cause in the server's or libcurl's words.
    package var detail: String
    /// The answer's status, where there is an answer.
    package var status: Int?
    /// The server's own name for the error: "snapshot_missing_exception".
    package var type: String?
    /// The role or the privilege that the request needs, for the hint.
    package var needs: String?

    package init(
        _ reason: Reason, operation: String, detail: String, status: Int? = nil, type: String? = nil,
        needs: String? = nil
    ) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
        self.status = status
        self.type = type
        self.needs = needs
    }

    /// For a transfer that failed.
    package init(_ error: HTTPError) {
        self.init(Reason(error), operation: error.operation, detail: error.detail)
    }

    package var reasonCode: String { reason.code }
    package var place: ErrorPlace { ErrorPlace(operation: operation) }
    package var hint: String? { reason.hint(for: self) }
    package var description: String { "\(operation): \(detail)" }
}
