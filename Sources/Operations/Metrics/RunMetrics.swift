import BackupRepository
import Documents
import FoundationEssentials
import Metrics
import Platform
import StackConfiguration

/// The metrics of one run of a command: collects its result and writes them, also after a failure. A failure to write
/// is only a warning.
package struct RunMetrics {
    package enum Activity: String, CaseIterable, Sendable {
        case backup, prune, verify, restore, drill, rehearsal, heal, check, ready, rekey, copy, repair, tier, thaw
        case importing = "import"
        case keyTest = "key_test"
        case dailyReport = "daily_report"
        case healthReport = "health_report"
    }

    /// The result in the label `result`.
    enum Result: String {
        case success, partial, failed, refused, interrupted

        /// - Parameter exitCode: of the command. A missed objective (5) is not a failure of the run itself.
        init(exitCode: Int) {
            switch exitCode {
            case 0, 5: self = .success
            case 3: self = .partial
            case 2: self = .refused
            case 130, 141: self = .interrupted
            default: self = .failed
            }
        }
    }

    private let session: Session
    private let activity: Activity
    private let output: Output
    private let began: Timestamp
    private let start = ContinuousClock.now
    private let knowsObjectives: Bool

    /// - Parameter knowsObjectives: false if the configuration could be read in part only. The objectives of the run
    ///   before then stay, since an alert compares with them.
    package init(
        of activity: Activity, in session: Session, telling output: Output, knowsObjectives: Bool = true
    ) {
        self.knowsObjectives = knowsObjectives
        self.session = session
        self.activity = activity
        self.output = output
        began = session.now()
    }

    /// Writes the metrics of the run.
    package func end(exitCode: Int) async {
        guard session.writesMetrics else { return }
        noteRun(exitCode)
        session.noteStoreUse()
        let export = MetricsExport(
            configuration: session.configuration.metrics, stack: session.configuration.stack, pool: session.pool)
        let (path, changes, now) = (session.metricsRecordPath, session.collected.all, session.now().seconds)
        let (record, problems) = await session.pool.run {
            var problems: [String] = []
            let (record, problem) = MetricsRecord.update(at: path, now: now) { book in
                for change in changes { book.apply(change) }
            } then: { record in
                // In here, so that of two runs the later one writes the file last.
                problems += [export.writeTextfile(record.book.ordered)].compactMap { $0 }
            }
            if let problem { problems.append("metrics: '\(path)' could not be written: \(problem)") }
            return (record, problems)
        }
        for problem in problems { output.warn(problem) }
        // An interrupted command must end soon.
        guard !Task.isCancelled else { return }
        for problem in await export.push(record.book.ordered, began: record.began, now: now) { output.warn(problem) }
    }

    private func noteRun(_ exitCode: Int) {
        let samples = session.samples
        let collected = session.collected
        let now = Double(session.now().seconds)
        let labels = ["activity": activity.rawValue]
        let result = Result(exitCode: exitCode)
        collected.note(.replace(samples.one(.buildInfo, 1, labels: ["version": Release.version])))
        if knowsObjectives { session.noteObjectives() }
        collected.note(
            .add(samples.one(.runs, 1, labels: labels.merging(["result": result.rawValue]) { $1 })))
        collected.note(.merge(samples.one(.runEnd, now, labels: labels)))
        collected.note(.merge(samples.one(.runExitCode, Double(exitCode), labels: labels)))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        collected.note(.merge(samples.one(.runDuration, (seconds * 1000).rounded() / 1000, labels: labels)))
        switch result {
        case .success:
            collected.note(.merge(samples.one(.runSuccess, 1, labels: labels)))
            collected.note(.merge(samples.one(.runSuccessTime, now, labels: labels)))
        case .failed, .partial: collected.note(.merge(samples.one(.runSuccess, 0, labels: labels)))
        case .refused:
            // A scheduled backup that the configuration no longer fits must be seen; a typing error passes with the
            // next run.
            if activity == .backup { collected.note(.merge(samples.one(.runSuccess, 0, labels: labels))) }
        case .interrupted: break
        }
        guard activity == .backup, result != .interrupted else { return }
        let hasSet = collected.has(.backupTime) || [.success, .partial].contains(result)
        collected.note(.replace(samples.one(.backupAttempt, Double(began.seconds))))
        collected.note(.replace(samples.one(.backupAttemptSuccess, hasSet ? 1 : 0)))
    }
}
