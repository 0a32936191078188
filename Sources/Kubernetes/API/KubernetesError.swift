package import Platform

/// A request to a cluster that failed, or a state that it did not reach.
package struct KubernetesError: OperationError, Equatable {
    package enum Reason: Equatable, Sendable {
        case failed
        /// The objects did not reach the wanted state in time.
        case notSo
        /// Another attempt cannot succeed.
        case hopeless
    }

    package var reason: Reason
    /// The operation and its object: "kubectl scale statefulset/metrics".
    package var operation: String
    package var detail: String
    package var hint: String?
    /// True if the API server could not be reached or was not ready, so that a later request may succeed.
    package var isUnreachable = false

    package init(_ reason: Reason, operation: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
        self.hint = hint
    }

    /// True if the user lacks the permission.
    package var isForbidden: Bool { reason == .hopeless && detail.contains("(Forbidden)") }

    /// True if the API server did not accept the credentials, or the user lacks the permission.
    package var isDenied: Bool { isForbidden || reason == .hopeless && detail.contains("Unauthorized") }

    package var reasonCode: String { "kubernetes_failed" }
    package var place: ErrorPlace { ErrorPlace(operation: operation) }
}
