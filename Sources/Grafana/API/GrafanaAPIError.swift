package import BackupRepository
package import HTTP

/// A call of Grafana's API that failed.
package typealias GrafanaAPIError = APIError<GrafanaRefusal>

/// The reasons for which Grafana refuses.
package enum GrafanaRefusal: APIReason {
    /// No connection, or a broken one, after all tries.
    case unreachable
    /// 401: the credentials are not accepted, or not for this organisation.
    case unauthorized
    /// 403: the credentials are accepted, but lack the permission.
    case forbidden
    /// 404.
    case notFound
    /// 406: the object exists in a form that this address cannot return.
    case notAcceptable
    /// 409 and 412: another object is there, or it changed meanwhile.
    case conflict
    /// A redirect, or an answer that does not belong to this API.
    case notGrafana
    /// 5xx and 429 after all tries.
    case failing
    /// Any other refusal.
    case refused

    package init(_ error: HTTPError) { self = .unreachable }

    package var code: String { componentReason.rawValue }

    package func hint(for error: GrafanaAPIError) -> String? {
        switch self {
        case .unreachable: "check that `url:` of this component is right, and that the server runs"
        case .failing: "check the server's log"
        case .unauthorized:
            "check username and password, or the bearer token, of this component; after five failed logins Grafana "
                + "blocks a user for five minutes"
        case .forbidden: error.needs.map { "the credentials need \($0)" }
        case .notFound, .notGrafana: "`url:` must lead to Grafana itself, with its sub-path if it has one"
        case .notAcceptable, .conflict, .refused: nil
        }
    }

    /// The reason for a report.
    fileprivate var componentReason: ComponentError.Reason {
        switch self {
        case .unreachable, .failing: .unreachable
        case .unauthorized, .forbidden, .notFound, .notGrafana: .misconfigured
        case .notAcceptable, .conflict, .refused: .refused
        }
    }
}

extension GrafanaAPIError {
    package init(_ reason: Reason, operation: String, _ detail: String, status: Int? = nil) {
        self.init(reason, operation: operation, detail: detail, status: status)
    }

    /// Reads an answer that is not a success.
    package init(_ answer: GrafanaAnswer) {
        let words = answer.message.map { "\($0) (\(answer.status))" } ?? "status \(answer.status)\(answer.plainWords)"
        let (reason, detail): (Reason, String) =
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
        self.init(reason, operation: answer.operation, detail: detail, status: answer.status)
    }

    /// The error in the form of a report.
    /// - Parameter role: the role that the call needs: "role Admin in the organisation".
    package func asComponentError(_ operation: String, role: String) -> ComponentError {
        var error = self
        error.needs = role
        return ComponentError(reason.componentReason, operation: operation, "\(self)", hint: error.hint)
    }
}

extension GrafanaAnswer {
    /// The beginning of a body in plain text, as a proxy or a broken server sends it; empty for a page.
    fileprivate var plainWords: String {
        let line = String(decoding: body.prefix(120), as: UTF8.self).prefix { !$0.isNewline }
        return line.isEmpty || line.hasPrefix("<") || line.hasPrefix("{") ? "" : ": \(line)"
    }
}
