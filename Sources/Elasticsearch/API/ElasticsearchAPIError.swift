package import BackupRepository
internal import Documents
package import HTTP

/// A request to Elasticsearch that failed.
package typealias ElasticsearchAPIError = APIError<ElasticsearchRefusal>

/// The reasons for which Elasticsearch refuses.
package enum ElasticsearchRefusal: APIReason {
    /// No connection: refused, unknown name, time-out, TLS.
    case unreachable
    /// The connection broke after the request was sent: the cluster may or may not have acted on it.
    case answerLost
    /// 401: no credentials, or wrong ones.
    case unauthenticated
    /// 403: the credentials' role lacks a privilege.
    case forbidden
    /// 404 from the cluster itself.
    case missing
    /// 429 or 503 from the cluster itself: a later attempt may succeed.
    case busy
    /// An answer that does not belong to this API.
    case notElasticsearch
    case refused

    package init(_ error: HTTPError) {
        self =
            switch error.reason {
            case .stalled, .reset: .answerLost
            case .aborted: .notElasticsearch
            case .connect, .resolve, .proxy, .timeout, .tls, .other: .unreachable
            }
    }

    package var code: String { componentReason.rawValue }

    package func hint(for error: ElasticsearchAPIError) -> String? {
        switch self {
        case .unreachable: "check that `url:` of this component is right, and that the cluster runs"
        case .answerLost: "check the cluster's log; the next run removes a snapshot that may be left behind"
        case .unauthenticated: "check username and password, `bearer_token:` or `api_key:` of this component"
        case .forbidden: error.needs.map { "the credentials' role needs \($0)" }
        case .missing: nil
        case .busy: "the cluster is busy or has no elected master; try again later"
        case .notElasticsearch: "`url:` must lead to Elasticsearch or OpenSearch itself"
        case .refused: Self.refusalHint(error)
        }
    }

    private static func refusalHint(_ error: ElasticsearchAPIError) -> String? {
        if error.detail.contains("path.repo") {
            return "list the location under path.repo in the configuration of every master and data node, "
                + "restart them, and check that all of them mount it"
        }
        if error.detail.contains("repository type [s3]") || error.detail.contains("Unknown s3 client") {
            return "S3 needs the repository-s3 plugin (built in from Elasticsearch 8) and, in the keystore of every "
                + "node, s3.client.<client>.access_key and secret_key"
        }
        if error.type == "cluster_block_exception" {
            return "the index or the cluster is read-only: free disk space, or remove the block"
        }
        if error.type == "repository_verification_exception" || error.type == "repository_exception" {
            return "every master and data node must be able to write to the repository: check the cluster's log"
        }
        return nil
    }

    /// The reason for a report.
    fileprivate var componentReason: ComponentError.Reason {
        switch self {
        case .unreachable, .answerLost, .busy: .unreachable
        case .unauthenticated, .forbidden, .notElasticsearch: .misconfigured
        case .missing, .refused: .refused
        }
    }
}

extension ElasticsearchAPIError {
    /// The error in the form of a report.
    package func asComponentError(_ operation: String) -> ComponentError {
        ComponentError(reason.componentReason, operation: operation, detail, hint: hint)
    }

    /// Reads an answer that is not a success: `{"error": {"type", "reason", "root_cause", "caused_by"}, "status"}`, or
    /// the body that a proxy sends.
    init(_ answer: APIAnswer, of call: ElasticsearchCall) {
        let body = answer.document
        let error = body?["error"]
        let type = error?["type"]?.text
        var detail = Self.text(of: error) ?? "status \(answer.status)"
        let reason: Reason
        switch answer.status {
        case 401: reason = .unauthenticated
        case 403 where type == "cluster_block_exception": reason = .refused
        case 403: reason = .forbidden
        case 404 where body?.object != nil: reason = .missing
        case 429, 503: reason = .busy
        case 502, 504: (reason, detail) = (.answerLost, "a proxy got no answer (\(answer.status))")
        case _ where error == nil: reason = .notElasticsearch
        default: reason = .refused
        }
        self.init(
            reason, operation: answer.operation, detail: detail, status: answer.status, type: type, needs: call.needs)
    }

    /// An error inside an answer of status 200, as listings of several repositories have it.
    init(inside error: JSONValue, operation: String) {
        let type = error["type"]?.text
        self.init(
            type?.hasSuffix("missing_exception") == true ? .missing : .refused, operation: operation,
            detail: Self.text(of: error) ?? "the error has no reason", type: type)
    }

    private static func text(of error: JSONValue?) -> String? {
        guard let error else { return nil }
        if let text = error.text { return text }
        guard let outer = error["reason"]?.text else { return error["type"]?.text }
        var cause = error["caused_by"], innermost: String?
        while let each = cause {
            innermost = each["reason"]?.text ?? innermost
            cause = each["caused_by"]
        }
        guard let innermost, !outer.contains(innermost) else { return outer }
        return "\(outer): \(innermost)"
    }
}
