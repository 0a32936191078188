internal import BackupRepository
internal import HTTP

/// A request to Loki that failed.
typealias LokiAPIError = APIError<LokiRefusal>

/// The reasons for which Loki refuses.
enum LokiRefusal: APIReason {
    /// No answer.
    case unreachable
    /// 503: the server is starting.
    case starting
    /// 401 or 403.
    case unauthorized
    /// 404, 405, a redirect, or an answer that does not belong to this API.
    case notLoki
    case refused

    init(_ error: HTTPError) { self = .unreachable }

    var code: String { componentReason.rawValue }

    func hint(for error: LokiAPIError) -> String? {
        switch self {
        case .unreachable: "check that `url:` of this component is right, and that Loki runs"
        case .starting: "it answers about fifteen seconds after its start"
        case .unauthorized:
            "check username and password, or the bearer token, of this component: it may call /config, /metrics, "
                + "/flush and buildinfo"
        case .notLoki: "`url:` must lead to Loki itself, with its path prefix if it has one"
        case .refused: nil
        }
    }

    fileprivate var componentReason: ComponentError.Reason {
        switch self {
        case .unreachable, .starting: .unreachable
        case .notLoki: .misconfigured
        case .unauthorized, .refused: .refused
        }
    }
}

extension LokiAPIError {
    /// Reads an answer that is not a success.
    init(_ answer: APIAnswer) {
        let (reason, detail): (Reason, String) =
            switch answer.status {
            case 401, 403: (.unauthorized, "access refused (\(answer.status))")
            case 503: (.starting, "the server is not ready (503)")
            case 300..<400, 404, 405: (.notLoki, "no such address (\(answer.status))")
            default: (.refused, "status \(answer.status)")
            }
        self.init(reason, operation: answer.operation, detail: detail, status: answer.status)
    }

    var componentError: ComponentError {
        ComponentError(reason.componentReason, operation: operation, detail, hint: hint)
    }
}
