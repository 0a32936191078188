package import Platform

/// One way to tell people.
package protocol Channel: Sendable {
    /// For reports: "slack", "webhook-2". No part of it is secret.
    var name: String { get }
    var filter: NoticeFilter { get }

    /// Tries once. It blocks, for half a minute at most where the other side is silent.
    /// - Returns: what the other side answered: "HTTP 202".
    /// - Throws: ``DeliveryError``; `CancellationError`.
    func deliver(_ notice: Notice) throws -> String
}

/// A notice that did not get through.
package struct DeliveryError: OperationError, Equatable {
    /// What happened, without the parts of addresses that are secret.
    package var detail: String
    package var hint: String?
    package var isRetryable: Bool
    /// What the other side asked for.
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
