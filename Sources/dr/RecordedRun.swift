import ArgumentParser
import BackupRepository
import Documents
import Operations
import Platform
import StackConfiguration

/// Runs the work of a command, and writes the metrics of the run at its end: also if the work or the configuration fails.
///
/// - Parameters:
///   - session: makes the session.
///   - isDryRun: true for a run that changes nothing, which writes no metrics.
func recorded(
    as activity: RunMetrics.Activity, _ options: GlobalOptions, unless isDryRun: Bool = false,
    session make: () async throws -> Session, _ work: (Session) async throws -> Void
) async throws {
    let output = Output(options: options)
    let session: Session
    do { session = try await make() } catch {
        // Without this, an alert would see only silence while the configuration is wrong.
        if !isDryRun, error is DocumentError, let partial = Session.ofInvalidConfiguration(options) {
            await RunMetrics(of: activity, in: partial, telling: output, knowsObjectives: false)
                .end(exitCode: Int(ExitStatus.usage.rawValue))
        }
        throw error
    }
    guard !isDryRun else { return try await work(session) }
    let metrics = RunMetrics(of: activity, in: session, telling: output)
    do {
        try await work(session)
        await metrics.end(exitCode: 0)
    } catch {
        let status = (error as? ExitStatus) ?? ExitStatus(error)
        await metrics.end(exitCode: Int(status.rawValue))
        throw error
    }
}

extension Session {
    /// A session for the metrics of a run whose configuration is invalid; nil if it names no place for them.
    fileprivate static func ofInvalidConfiguration(_ options: GlobalOptions) -> Session? {
        guard let file = try? ConfigurationFile.locate(explicit: options.config),
            let part = ConfigurationFile.metricsPart(of: file)
        else { return nil }
        return Session(options.output, file: file, part, kinds: supportedKinds, pool: BlockingPool(threads: 4))
    }
}
