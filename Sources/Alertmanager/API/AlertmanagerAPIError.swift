internal import BackupRepository
internal import Documents
internal import HTTP
internal import Platform

/// A request to Alertmanager that failed.
typealias AlertmanagerAPIError = APIError<AlertmanagerRefusal>

/// The reasons for which Alertmanager refuses.
enum AlertmanagerRefusal: APIReason {
    /// No answer.
    case unreachable
    /// 429 or 5xx after all tries.
    case failing
    /// 401 or 403.
    case unauthorized
    /// A redirect, 405, an answer that does not belong to this API, and 404 for a document that every server has.
    case notAlertmanager
    /// The server does not accept the silence.
    case refused

    init(_ error: HTTPError) { self = .unreachable }

    var code: String { componentReason.rawValue }

    func hint(for error: AlertmanagerAPIError) -> String? {
        switch self {
        case .unreachable: "check that `url:` of this component is right, and that Alertmanager runs"
        case .failing: "check the server's log"
        case .unauthorized: "check username and password, or the bearer token, of this component"
        case .notAlertmanager:
            "`url:` must lead to Alertmanager itself, with its path prefix if it has one; it must be 0.16 or later"
        case .refused: nil
        }
    }

    fileprivate var componentReason: ComponentError.Reason {
        switch self {
        case .unreachable, .failing: .unreachable
        case .notAlertmanager: .misconfigured
        case .unauthorized, .refused: .refused
        }
    }
}

extension AlertmanagerAPIError {
    /// Reads an answer that is not a success.
    init(_ answer: APIAnswer, method: String) {
        let reason: Reason =
            switch answer.status {
            case 401, 403: .unauthorized
            case 429, 500...: .failing
            case 300..<400, 405: .notAlertmanager
            case 404 where method == "GET": .notAlertmanager
            default: .refused
            }
        let words = Self.words(answer).map { "\($0) (\(answer.status))" } ?? "status \(answer.status)"
        self.init(reason, operation: answer.operation, detail: words, status: answer.status)
    }

    /// The server's message: the API answers with a JSON string, its checks of a request with an object.
    private static func words(_ answer: APIAnswer) -> String? {
        let document = answer.document
        let text =
            document?.text ?? document?["message"]?.text ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first.map { String($0.prefix(200)) } ?? ""
        return line.isEmpty ? nil : line.printable
    }

    var componentError: ComponentError {
        ComponentError(reason.componentReason, operation: operation, detail, hint: hint)
    }
}
