import ArgumentParser
import BackupRepository
import Cryptography
import Documents
import ObjectStorage
import Operations
import Platform
import RecoveryPlan
import Reporting
import StackConfiguration

/// The exit codes. They are part of the command line's contract, since scripts test them. A command throws one after
/// it has printed its result.
enum ExitStatus: Int32, Error {
    case done = 0
    case failed = 1
    case usage = 2
    case partial = 3
    case checkFailed = 4
    case objectiveMissed = 5
    case held = 6
    case repositoryDamaged = 7
    case interrupted = 130
    /// The reader of standard output closed it: the code that a shell reports for SIGPIPE.
    case readerGone = 141
}

extension ExitStatus {
    init(_ error: any Error) {
        self =
            switch error {
            case is CancellationError: .interrupted
            case let error as StandardOutputError: error.isReaderGone ? .readerGone : .failed
            case is DocumentError, is UsageError: .usage
            case is CMSError: .usage  // a certificate or key file that cannot be used
            case is RestoreFailure, is ReportVerification.Refusal, is PackError: .checkFailed
            case let error as JournalError: ExitStatus(error.reason)
            case let error as RepositoryError: ExitStatus(error.reason)
            default: DR.exitCode(for: error) == .validationFailure ? .usage : .failed
            }
    }

    private init(_ reason: JournalError.Reason) {
        self =
            switch reason {
            case .held: .held
            case .tampered: .checkFailed
            case .noSuchRun: .usage
            case .cannotWrite, .cannotRead: .failed
            }
    }

    private init(_ reason: RepositoryError.Reason) {
        self =
            switch reason {
            case .damaged, .newerVersion, .untrusted, .otherRepository: .repositoryDamaged
            case .noSuchSet, .noSuchComponent, .noSuchPath, .noSigningKey: .usage
            case .setRemoved, .notEncrypted: .checkFailed
            case .notARepository, .alreadyExists, .target, .noSpace, .encrypted, .otherStack, .archived: .failed
            }
    }
}
