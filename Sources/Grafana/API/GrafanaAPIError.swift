package import BackupRepository

/// A call of Grafana's API that did not give what was asked for.
package struct GrafanaAPIError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// No connection, or one that broke, after all tries.
        case unreachable
        /// 401: the credentials are not accepted, or not for this organisation.
        case unauthorized
        /// 403: they are, but may not do this.
        case forbidden
        /// 404.
        case notFound
        /// 406: what is asked for exists in a form that this address cannot give.
        case notAcceptable
        /// 409 and 412: something else is there, or it changed meanwhile.
        case conflict
        /// A redirect, or an answer that is not of this API.
        case notGrafana
        /// 5xx and 429 after all tries.
        case failing
        /// Any other refusal.
        case refused
    }

    package var reason: Reason
    /// "GET http://host/api/…", without query and credentials.
    package var operation: String
    package var detail: String
    package var status: Int?

    package init(_ reason: Reason, _ operation: String, _ detail: String, status: Int? = nil) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
        self.status = status
    }

    /// Reads an answer that is not a success.
    package init(_ answer: GrafanaAnswer) {
        operation = answer.operation
        status = answer.status
        let words = answer.message.map { "\($0) (\(answer.status))" } ?? "status \(answer.status)"
        (reason, detail) =
            switch answer.status {
            case 401: (.unauthorized, words)
            case 403: (.forbidden, words)
            case 404: (.notFound, words)
            case 406: (.notAcceptable, words)
            case 409, 412: (.conflict, words)
            case 300..<400: (.notGrafana, "redirected, as to a login page (\(answer.status))")
            case 429, 500...: (.failing, words)
            default: (.refused, words)
            }
    }

    package var description: String { "\(operation): \(detail)" }

    /// The same for a report.
    /// - Parameter role: what the call needs: "role Admin in the organisation".
    package func asComponentError(_ operation: String, role: String) -> ComponentError {
        let (kind, hint): (ComponentError.Reason, String?) =
            switch reason {
            case .unreachable: (.unreachable, "is `url:` of this component right, and does the server run?")
            case .failing: (.unreachable, "see the server's log")
            case .unauthorized:
                (
                    .misconfigured,
                    "check username and password, or the bearer token, of this component; after five failed logins "
                        + "Grafana blocks a user for five minutes"
                )
            case .forbidden: (.misconfigured, "the credentials need \(role)")
            case .notFound, .notGrafana:
                (.misconfigured, "`url:` must lead to Grafana itself, with its sub-path if it has one")
            case .notAcceptable, .conflict, .refused: (.refused, nil)
            }
        return ComponentError(kind, operation: operation, "\(self)", hint: hint)
    }
}
