package import BackupRepository
internal import FoundationEssentials
internal import HTTP

/// A request to Prometheus that did not give what was asked for.
package struct PrometheusAPIError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// No connection: refused, unknown name, time-out, TLS.
        case unreachable
        /// The connection broke after the request was sent: the server may or may not have acted on it.
        case answerLost
        /// The server opens its TSDB or replays the WAL.
        case starting
        case adminAPIDisabled
        /// The server runs in agent mode and has no TSDB to speak of.
        case agentMode
        /// 401 or 403.
        case unauthorized
        /// 404, 405, a redirect, or an answer that is not of this API.
        case notPrometheus
        /// The server's disk is full.
        case noSpace
        /// The server may not write to its own data directory.
        case permission
        /// A block has no `tombstones` file, which the server links into every snapshot.
        case missingTombstones
        /// The folder `snapshots` is on another file system than the blocks, and hard links cannot lead there.
        case otherFileSystem
        /// The server may not make hard links to its blocks, or their file system has none.
        case noLinks
        /// The server could not read a block while it answered a query.
        case corruptBlock
        /// Any other error that the server reports.
        case refused
    }

    package var reason: Reason
    /// "POST http://host/api/v1/…", without query and credentials.
    package var operation: String
    package var detail: String

    package var description: String { "\(operation): \(detail)" }

    /// What to do about it, where that can be said.
    package var hint: String? {
        switch reason {
        case .unreachable: "is `url:` of this component right, and does the server run?"
        case .answerLost: "see the server's log; a proxy before it may have a time-out that is too short for a snapshot"
        case .starting: "the server is not ready yet; try again when /-/ready answers 200"
        case .adminAPIDisabled: "start Prometheus with --web.enable-admin-api"
        case .agentMode: "an agent keeps no blocks: back up the server that it writes to"
        case .unauthorized: "check username and password, or the bearer token, of this component"
        case .notPrometheus: "`url:` must lead to Prometheus itself, with its --web.route-prefix if it has one"
        case .noSpace: "free space on the server's data volume: the head block is written anew into a snapshot"
        case .permission: "the server's user must own its data directory"
        case .missingTombstones: "write an empty 'tombstones' file of 9 bytes into the block that has none"
        case .otherFileSystem: Self.otherFileSystemHint
        case .noLinks:
            "Prometheus makes snapshots of hard links: its user must own the blocks' files (restored ones may belong to "
                + "root), there must be only files in 'chunks', and their file system must have hard links"
        case .corruptBlock, .refused: nil
        }
    }

    static let otherFileSystemHint =
        "Prometheus makes snapshots of hard links, which need one file system: make 'snapshots' a plain folder of the "
        + "data directory, neither a link nor a mount point"

    /// The same for a backup's report.
    package func asComponentError(_ operation: String) -> ComponentError {
        let kind: ComponentError.Reason =
            switch reason {
            case .unreachable, .answerLost, .starting: .unreachable
            case .adminAPIDisabled, .agentMode, .notPrometheus, .permission, .unauthorized, .missingTombstones,
                .otherFileSystem, .noLinks:
                .misconfigured
            case .noSpace: .noSpace
            case .corruptBlock: .damaged
            case .refused: .refused
            }
        return ComponentError(kind, operation: operation, detail, hint: hint)
    }
}

extension PrometheusAPIError {
    /// Reads an answer that is not a success.
    ///
    /// The status alone says little: a disabled admin API is a 500, and a query that meets a corrupt block a 422.
    init(_ response: HTTPResponse, body: [UInt8], operation: String) {
        self.operation = operation
        let answer = try? JSONDecoder().decode(Answer<Ignored>.self, from: Data(body))
        if let answer, answer.status == "error" {
            let text = answer.error ?? ""
            detail = text.isEmpty ? "status \(response.status)" : text
            reason =
                switch answer.errorType {
                case "unavailable" where text.contains("admin APIs disabled"): .adminAPIDisabled
                case _ where text.contains("unavailable with Prometheus Agent"): .agentMode
                case _ where text.contains("no space left on device"): .noSpace
                case _ where text.contains("permission denied"): .permission
                case _ where text.contains("cross-device link"): .otherFileSystem
                case _ where text.contains("create snapshot tombstones") && text.contains("no such file"):
                    .missingTombstones
                case _ where text.contains("snapshot") && Self.linkFailures.contains(where: text.contains): .noLinks
                case _ where response.status == 503 || text.contains("TSDB not ready"): .starting
                case "execution" where Self.corruption.contains(where: text.contains): .corruptBlock
                default: .refused
                }
            return
        }
        detail = "status \(response.status)"
        switch response.status {
        case 503: (reason, detail) = (.starting, "the server is starting (503)")
        case 401, 403: (reason, detail) = (.unauthorized, "access refused (\(response.status))")
        case 200..<300: (reason, detail) = (.notPrometheus, "the answer is not that of Prometheus")
        case 300..<400:
            let place = response.headers["location"].map { " to '\($0.prefix { $0 != "?" })'" } ?? ""
            (reason, detail) = (.notPrometheus, "redirected\(place)")
        case 404: (reason, detail) = (.notPrometheus, "no such address (404)")
        case 405: (reason, detail) = (.notPrometheus, "the method is not allowed (405)")
        case 502, 504: (reason, detail) = (.answerLost, "a proxy got no answer (\(response.status))")
        default: reason = .refused
        }
    }

    init(_ error: HTTPError) {
        operation = error.operation
        detail = error.detail
        reason =
            switch error.reason {
            case .stalled, .reset: .answerLost
            case .aborted: .notPrometheus
            case .connect, .resolve, .proxy, .timeout, .tls, .other: .unreachable
            }
    }

    private static let linkFailures = [
        "operation not permitted", "operation not supported", "function not implemented", "too many links",
    ]
    private static let corruption = ["checksum mismatch", "invalid checksum", "out of range", "enough bytes"]
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
