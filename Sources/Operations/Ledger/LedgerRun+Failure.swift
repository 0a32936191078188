package import BackupRepository
import Documents
import Platform

extension LedgerRun {
    /// Writes the end of a run that an error stopped.
    ///
    /// A usage error says nothing about the backups: a run without an entry of its begin writes none.
    /// - Parameter exitCode: of the command, for an error that is neither an interruption nor a usage error.
    package mutating func end(
        _ verdict: String, after error: any Error, exitCode: Int = 1, in repository: Repository?
    ) async {
        if begun == nil, error.isUsage { return withdraw() }
        let isInterrupted = error is CancellationError
        await end(
            verdict, exitCode: isInterrupted ? 130 : error.isUsage ? 2 : exitCode, in: repository
        ) { $0.reason = isInterrupted ? "interrupted" : "\(error)" }
    }
}

extension Error {
    /// True if the operator must change the command, the configuration or the plan.
    fileprivate var isUsage: Bool {
        switch self {
        case is UsageError, is DocumentError: true
        case let error as RepositoryError:
            [.noSuchSet, .noSuchComponent, .noSuchPath, .noSigningKey].contains(error.reason)
        default: false
        }
    }
}
