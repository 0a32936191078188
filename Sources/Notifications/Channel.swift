package import Platform

/// A channel that delivers notifications.
package protocol Channel: Sendable {
    /// The name in reports: "slack", "webhook-2". It contains no secret.
    var name: String { get }
    var filter: NoticeFilter { get }

    /// Tries once. It blocks for at most half a minute if the receiver does not answer.
    /// - Returns: the answer of the receiver: "HTTP 202".
    /// - Throws: ``DeliveryError``; `CancellationError`.
    func deliver(_ notice: Notice) throws -> String
}

/// A notification that was not delivered.
package struct DeliveryError: OperationError, Equatable {
    /// The cause, without the secret parts of addresses.
    package var detail: String
    package var hint: String?
    package var isRetryable: Bool
    /// The wait that the receiver asked for.
    package var retryAfter: Duration?

    package init(_ detail: String, hint: String? = nil, isRetryable: Bool, retryAfter: Duration? = nil) {
        self.detail = detail
        self.hint = hint
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
    }

    package var reasonCode: String { "notification_failed" }
    package var place: ErrorPlace { ErrorPlace() }
}
