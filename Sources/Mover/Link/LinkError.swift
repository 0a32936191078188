package import Platform

/// A failure of the link between the coordinator and a mover.
package struct LinkError: OperationError, Equatable {
    package enum Reason: String, Sendable {
        /// The bytes that arrived are not those of a link, or were damaged on the way. Attaching again mends it.
        case malformed = "mover_link_damaged"
        /// A newer connection took its place, or the other side was silent for too long.
        case broken = "mover_link_broken"
        /// The mover works for another run.
        case refused = "mover_refused"
        /// It could not be attached again in time.
        case lost = "mover_lost"
        /// One side ended the link.
        case closed = "mover_link_closed"
    }

    package var reason: Reason
    package var detail: String
    package var hint: String?

    package init(_ reason: Reason, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String { reason.rawValue }
    package var place: ErrorPlace { ErrorPlace(operation: "link to the mover") }
}
