import Platform

/// An error as `--json` prints it: `{"error": {"reason": …, "message": …, "exitCode": …}}`.
///
/// The reasons are part of the command line's contract: scripts test them. docs/output.md and the schema list them.
struct Failure: Encodable {
    private var error: Body

    private struct Body: Encodable {
        var reason: String
        /// The error in one or more lines, without its hint.
        var message: String
        /// The operation that failed, if it is known.
        var operation: String?
        /// The file, key, component or program of the operation, if it is known.
        var object: String?
        var hint: String?
        var exitCode: Int32
    }

    /// - Parameter message: the error as printed on standard error.
    init(_ error: any Error, message: String, _ status: ExitStatus) {
        let marker = "\nhint: "
        let parts = message.split(separator: marker, maxSplits: 1)
        // If a file has several errors, each has its own hint, which stays in the message.
        let isSingle = message.ranges(of: marker).count == 1
        let known = error as? any OperationError
        self.error = Body(
            reason: known?.reasonCode ?? status.reason, message: String(isSingle ? parts.first ?? "" : message[...]),
            operation: known?.place.operation, object: known?.place.object,
            hint: isSingle ? parts.last.map { String($0).trimmingLineEnds } : nil, exitCode: status.rawValue)
    }

    /// For a command that failed without printing a result.
    init(_ status: ExitStatus) {
        error = Body(
            reason: status.reason, message: "see standard error", operation: nil, object: nil, hint: nil,
            exitCode: status.rawValue)
    }
}

extension ExitStatus {
    /// The reason code of an error without its own.
    var reason: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .usage: "usage"
        case .partial: "partial"
        case .checkFailed: "verification_failed"
        case .objectiveMissed: "objective_missed"
        case .held: "held"
        case .repositoryDamaged: "repository_damaged"
        case .interrupted: "interrupted"
        case .readerGone: "reader_gone"
        }
    }
}

extension String {
    fileprivate var trimmingLineEnds: String {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}
