import ArgumentParser
import BackupRepository
import Cryptography
import Documents
import HTTP
import ObjectStorage
import Operations
import Platform
import Components
import RecoveryPlan
import Reporting
import S3

/// An error as `--json` prints it: `{"error": {"reason": …, "message": …, "exitCode": …}}`.
///
/// The reasons are part of the command line's contract: scripts test them. docs/output.md and the schema list them.
struct Failure: Encodable {
    private var error: Body

    private struct Body: Encodable {
        var reason: String
        /// The error in one or more lines, without its hint.
        var message: String
        /// The verb or action that failed, where it is known.
        var operation: String?
        /// The file, key, component or program that it is about, where it is known.
        var object: String?
        var hint: String?
        var exitCode: Int32
    }

    /// - Parameter message: the error as it stands on standard error.
    init(_ error: any Error, message: String, _ status: ExitStatus) {
        let marker = "\nhint: "
        let parts = message.split(separator: marker, maxSplits: 1)
        // Several complaints of one file have a hint each: they stay where they are.
        let isSingle = message.ranges(of: marker).count == 1
        let place = Self.place(of: error)
        self.error = Body(
            reason: Self.reason(of: error, status), message: String(isSingle ? parts.first ?? "" : message[...]),
            operation: place.operation, object: place.object,
            hint: isSingle ? parts.last.map { String($0).trimmingLineEnds } : nil, exitCode: status.rawValue)
    }

    /// For a command that has ended with a status other than 0 and printed nothing.
    init(_ status: ExitStatus) {
        error = Body(
            reason: status.reason, message: "see standard error", operation: nil, object: nil, hint: nil,
            exitCode: status.rawValue)
    }

    // MARK: Reasons

    private static func reason(of error: any Error, _ status: ExitStatus) -> String {
        switch error {
        case let error as RepositoryError: reason(error.reason)
        case let error as ObjectStoreError: reason(error.reason)
        case let error as ComponentError: reason(error.reason)
        case let error as ActionError: reason(error.reason)
        case let error as JournalError: reason(error.reason)
        case let error as ProgramError: reason(error.reason)
        case let error as HTTPError: error.reason == .stalled ? "stalled" : "unreachable"
        case is BackupFailure: "backup_failed"
        case is RunGivenUp: "run_given_up"
        case is RestoreFailure: "restore_damaged"
        case is DocumentError: "configuration"
        case is CMSError: "certificate_or_key"
        case is CredentialError: "credentials"
        case is FileError, is MetricsError, is ScheduleError: "file_error"
        case is StandardOutputError: status.reason
        case is ReportVerification.Refusal: "report_altered"
        case is CheckFailure: "check_error"
        default: status.reason
        }
    }

    private static func reason(_ reason: RepositoryError.Reason) -> String {
        switch reason {
        case .notARepository: "not_a_repository"
        case .alreadyExists: "already_exists"
        case .newerVersion: "newer_version"
        case .damaged: "repository_damaged"
        case .noSuchSet: "no_such_set"
        case .noSuchComponent: "no_such_component"
        case .noSuchPath: "no_such_path"
        case .encrypted: "encrypted"
        case .otherStack: "other_stack"
        case .target: "restore_target"
        case .noSpace: "no_space"
        }
    }

    private static func reason(_ reason: ObjectStoreError.Reason) -> String {
        switch reason {
        case .notFound: "not_found"
        case .alreadyExists: "already_exists"
        case .denied: "denied"
        case .locked: "locked"
        case .credentials: "credentials"
        case .noSuchStore: "no_such_store"
        case .unreachable: "unreachable"
        case .throttled: "throttled"
        case .noSpace: "no_space"
        case .truncated: "truncated"
        case .unsupported: "unsupported"
        case .invalidRange, .tooLarge, .other: "store_error"
        }
    }

    private static func reason(_ reason: ComponentError.Reason) -> String {
        switch reason {
        case .unreachable: "component_unreachable"
        case .refused: "component_refused"
        case .misconfigured: "component_misconfigured"
        case .noSpace: "component_no_space"
        case .damaged: "component_damaged"
        case .other: "component_error"
        }
    }

    private static func reason(_ reason: ActionError.Reason) -> String {
        switch reason {
        case .failed, .notSo: "step_failed"
        case .hopeless: "step_hopeless"
        case .damaged: "step_damaged"
        }
    }

    private static func reason(_ reason: JournalError.Reason) -> String {
        switch reason {
        case .held: ExitStatus.held.reason
        case .tampered: "journal_altered"
        case .noSuchRun: "no_such_run"
        case .cannotWrite: "file_error"
        case .cannotRead: "journal_unreadable"
        }
    }

    private static func reason(_ reason: ProgramError.Reason) -> String {
        switch reason {
        case .missing: "program_missing"
        case .notStarted: "program_failed"
        case .timeout: "program_time_out"
        }
    }

    // MARK: Places

    private static func place(of error: any Error) -> (operation: String?, object: String?) {
        switch error {
        case let error as RepositoryError: (nil, error.object)
        case let error as ObjectStoreError: (error.operation, error.key?.text ?? error.store)
        case let error as ComponentError: (error.operation, nil)
        case let error as ActionError: (error.operation, nil)
        case let error as HTTPError: (error.operation, nil)
        case let error as CMSError: (error.operation, nil)
        case let error as JournalError: (nil, error.object)
        case let error as ProgramError: (nil, error.program)
        case let error as CredentialError: (nil, error.source)
        case let error as FileError: (nil, error.path)
        case let error as MetricsError: (nil, error.path)
        case let error as DocumentError: (nil, error.diagnostics.first?.location.file)
        case let error as ReportVerification.Refusal: (nil, error.file)
        default: (nil, nil)
        }
    }
}

extension ExitStatus {
    /// The reason of an error that says no more than its exit code.
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
