package import BackupRepository
internal import FoundationEssentials
package import HTTP

/// A request to Prometheus that failed.
package typealias PrometheusAPIError = APIError<PrometheusRefusal>

/// The reasons for which Prometheus refuses.
package enum PrometheusRefusal: APIReason {
    /// No connection: refused, unknown name, time-out, TLS.
    case unreachable
    /// The connection broke after the request was sent: the server may or may not have acted on it.
    case answerLost
    /// The server opens its TSDB or replays the WAL.
    case starting
    case adminAPIDisabled
    /// The server runs in agent mode and has no usable TSDB.
    case agentMode
    /// 401 or 403.
    case unauthorized
    /// 404, 405, a redirect, or an answer that does not belong to this API.
    case notPrometheus
    /// The server's disk is full.
    case noSpace
    /// The server cannot write to its data directory.
    case permission
    /// A block has no `tombstones` file, which the server links into every snapshot.
    case missingTombstones
    /// The folder `snapshots` is on another file system than the blocks, so that hard links are impossible.
    case otherFileSystem
    /// The server cannot make hard links to its blocks, or their file system does not support them.
    case noLinks
    /// The server could not read a block while it answered a query.
    case corruptBlock
    /// Any other error that the server reports.
    case refused

    package init(_ error: HTTPError) {
        self =
            switch error.reason {
            case .stalled, .reset: .answerLost
            case .aborted: .notPrometheus
            case .connect, .resolve, .proxy, .timeout, .tls, .other: .unreachable
            }
    }

    package var code: String { componentReason.rawValue }

    package func hint(for error: PrometheusAPIError) -> String? {
        switch self {
        case .unreachable: "check that `url:` of this component is right, and that the server runs"
        case .answerLost: "check the server's log; the time-out of a proxy before it may be too short for a snapshot"
        case .starting: "the server is not ready yet; try again when /-/ready answers 200"
        case .adminAPIDisabled: "start Prometheus with --web.enable-admin-api"
        case .agentMode: "an agent keeps no blocks: back up the server that it writes to"
        case .unauthorized: "check username and password, or the bearer token, of this component"
        case .notPrometheus: "`url:` must lead to Prometheus itself, with its --web.route-prefix if it has one"
        case .noSpace: "free space on the server's data volume: a snapshot writes the head as a new block"
        case .permission: "the server's user must own its data directory"
        case .missingTombstones: "write an empty 'tombstones' file of 9 bytes into the block that lacks it"
        case .otherFileSystem: Self.otherFileSystemHint
        case .noLinks:
            "Prometheus makes snapshots of hard links: its user must own the blocks' files (restored ones may belong to "
                + "root), 'chunks' must hold files only, and their file system must support hard links"
        case .corruptBlock, .refused: nil
        }
    }

    static let otherFileSystemHint =
        "Prometheus makes snapshots of hard links, which need one file system: make 'snapshots' a plain folder of the "
        + "data directory, neither a link nor a mount point"

    /// Messages of a server that cannot make hard links.
    fileprivate static let linkFailures = [
        "operation not permitted", "operation not supported", "function not implemented", "too many links",
    ]
    /// Messages of a server that read a damaged block.
    fileprivate static let corruption = ["checksum mismatch", "invalid checksum", "out of range", "enough bytes"]

    /// The reason for a backup's report.
    fileprivate var componentReason: ComponentError.Reason {
        switch self {
        case .unreachable, .answerLost, .starting: .unreachable
        case .adminAPIDisabled, .agentMode, .notPrometheus, .permission, .unauthorized, .missingTombstones,
            .otherFileSystem, .noLinks:
            .misconfigured
        case .noSpace: .noSpace
        case .corruptBlock: .damaged
        case .refused: .refused
        }
    }
}

extension PrometheusAPIError {
    /// The error in the form of a backup's report.
    package func asComponentError(_ operation: String) -> ComponentError {
        ComponentError(reason.componentReason, operation: operation, detail, hint: hint)
    }

    /// Reads an answer that is not a success.
    ///
    /// The status alone is ambiguous: a disabled admin API is a 500, and a query that reads a corrupt block a 422.
    init(_ answer: APIAnswer) {
        let (reason, detail) = Self.reading(answer)
        self.init(reason, operation: answer.operation, detail: detail, status: answer.status)
    }

    private static func reading(_ answer: APIAnswer) -> (Reason, detail: String) {
        let envelope = try? JSONDecoder().decode(Answer<Ignored>.self, from: Data(answer.body))
        if let envelope, envelope.status == "error" {
            let text = envelope.error ?? ""
            let reason: Reason =
                switch envelope.errorType {
                case "unavailable" where text.contains("admin APIs disabled"): .adminAPIDisabled
                case _ where text.contains("unavailable with Prometheus Agent"): .agentMode
                case _ where text.contains("no space left on device"): .noSpace
                case _ where text.contains("permission denied"): .permission
                case _ where text.contains("cross-device link"): .otherFileSystem
                case _ where text.contains("create snapshot tombstones") && text.contains("no such file"):
                    .missingTombstones
                case _ where text.contains("snapshot") && Reason.linkFailures.contains(where: text.contains): .noLinks
                case _ where answer.status == 503 || text.contains("TSDB not ready"): .starting
                case "execution" where Reason.corruption.contains(where: text.contains): .corruptBlock
                default: .refused
                }
            return (reason, text.isEmpty ? "status \(answer.status)" : text)
        }
        switch answer.status {
        case 503: return (.starting, "the server is starting (503)")
        case 401, 403: return (.unauthorized, "access refused (\(answer.status))")
        case 200..<300: return (.notPrometheus, "the answer is not that of Prometheus")
        case 300..<400:
            let place = answer.response.headers["location"].map { " to '\($0.prefix { $0 != "?" })'" } ?? ""
            return (.notPrometheus, "redirected\(place)")
        case 404: return (.notPrometheus, "no such address (404)")
        case 405: return (.notPrometheus, "the method is not allowed (405)")
        case 502, 504: return (.answerLost, "a proxy got no answer (\(answer.status))")
        default: return (.refused, "status \(answer.status)")
        }
    }
}

/// The envelope of every answer: `{"status":"success","data":…}` or `{"status":"error","errorType":…,"error":…}`.
struct Answer<Content: Decodable>: Decodable {
    var status: String
    var data: Content?
    var errorType: String?
    var error: String?
}

/// Decodes from anything.
struct Ignored: Decodable {
    init(from decoder: any Decoder) {}
}
