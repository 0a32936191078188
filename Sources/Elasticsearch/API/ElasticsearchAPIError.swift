package import BackupRepository
internal import Documents
internal import HTTP

/// A request to Elasticsearch that did not give what was asked for.
package struct ElasticsearchAPIError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// No connection: refused, unknown name, time-out, TLS.
        case unreachable
        /// The connection broke after the request was sent: the cluster may or may not have acted on it.
        case answerLost
        /// 401: no credentials, or wrong ones.
        case unauthenticated
        /// 403: the credentials' role lacks a privilege.
        case forbidden
        /// 404 in the cluster's own words.
        case missing
        /// 429 or 503 in the cluster's own words: worth another try later.
        case busy
        /// An answer that is not of this API.
        case notElasticsearch
        case refused
    }

    package var reason: Reason
    /// "PUT http://host/_snapshot/…", without query and credentials.
    package var operation: String
    package var detail: String
    /// The cluster's name for the error: "snapshot_missing_exception".
    package var type: String?
    /// What the request needed.
    var needs: String?

    package var description: String { "\(operation): \(detail)" }

    package var hint: String? {
        switch reason {
        case .unreachable: "is `url:` of this component right, and does the cluster run?"
        case .answerLost: "see the cluster's log; the next run removes what may have been left"
        case .unauthenticated: "check username and password, `bearer_token:` or `api_key:` of this component"
        case .forbidden: needs.map { "the credentials' role needs \($0)" }
        case .missing: nil
        case .busy: "the cluster is busy or has no elected master; try again later"
        case .notElasticsearch: "`url:` must lead to Elasticsearch or OpenSearch itself"
        case .refused: refusalHint
        }
    }

    private var refusalHint: String? {
        if detail.contains("path.repo") {
            return "list the location under path.repo in the configuration of every master and data node, "
                + "restart them, and see that all of them mount it"
        }
        if detail.contains("repository type [s3]") || detail.contains("Unknown s3 client") {
            return "S3 needs the repository-s3 plugin (built in from Elasticsearch 8) and, in the keystore of every "
                + "node, s3.client.<client>.access_key and secret_key"
        }
        if type == "cluster_block_exception" {
            return "the index or the cluster is read-only: free disk space, or remove the block"
        }
        if type == "repository_verification_exception" || type == "repository_exception" {
            return "every master and data node must be able to write to the repository: see the cluster's log"
        }
        return nil
    }

    /// The same for a report.
    package func asComponentError(_ operation: String) -> ComponentError {
        let kind: ComponentError.Reason =
            switch reason {
            case .unreachable, .answerLost, .busy: .unreachable
            case .unauthenticated, .forbidden, .notElasticsearch: .misconfigured
            case .missing, .refused: .refused
            }
        return ComponentError(kind, operation: operation, detail, hint: hint)
    }
}

extension ElasticsearchAPIError {
    /// Reads an answer that is not a success: `{"error": {"type", "reason", "root_cause", "caused_by"}, "status"}`,
    /// or whatever a proxy says.
    init(_ response: HTTPResponse, _ body: JSONValue?, of call: ElasticsearchCall, operation: String) {
        self.operation = operation
        needs = call.needs
        let error = body?["error"]
        type = error?["type"]?.text
        detail = Self.text(of: error) ?? "status \(response.status)"
        switch response.status {
        case 401: reason = .unauthenticated
        case 403 where type == "cluster_block_exception": reason = .refused
        case 403: reason = .forbidden
        case 404 where body?.object != nil: reason = .missing
        case 429, 503: reason = .busy
        case 502, 504: (reason, detail) = (.answerLost, "a proxy got no answer (\(response.status))")
        case _ where error == nil: reason = .notElasticsearch
        default: reason = .refused
        }
    }

    init(_ error: HTTPError) {
        operation = error.operation
        detail = error.detail
        reason =
            switch error.reason {
            case .stalled, .reset: .answerLost
            case .aborted: .notElasticsearch
            case .connect, .resolve, .proxy, .timeout, .tls, .other: .unreachable
            }
    }

    /// An error inside an answer of status 200, as listings of several repositories have it.
    init(inside error: JSONValue, operation: String) {
        self.operation = operation
        type = error["type"]?.text
        detail = Self.text(of: error) ?? "an error without a reason"
        reason = type?.hasSuffix("missing_exception") == true ? .missing : .refused
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
