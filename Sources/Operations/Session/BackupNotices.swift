package import BackupRepository
import FoundationEssentials
import Notifications
import Platform
import StackConfiguration

/// Sends notifications about failed and partial backups. A failed notification does not affect the backup.
package struct BackupNotices {
    package let session: Session
    package let output: Output

    package init(session: Session, output: Output) {
        self.session = session
        self.output = output
    }

    /// The longest delay of the end of a backup.
    private static let patience = Duration.seconds(30)

    /// - Parameter error: the reason why there is no set.
    package func tell(_ error: any Error) async {
        // An interruption or a wrong option concerns only the caller.
        guard !(error is CancellationError), !(error is UsageError) else { return }
        let summary = "\(error)".split(whereSeparator: \.isNewline).first.map(String.init) ?? "unknown"
        await post(.critical, "the backup failed: \(summary)", facts: [:])
    }

    /// - Parameter snapshots: volume snapshots that could not be kept, one line each.
    package func tell(_ set: BackupSet, snapshots: [String] = []) async {
        guard !set.isAsAsked else {
            guard let first = snapshots.first else { return }
            let more = snapshots.count > 1 ? " and \(snapshots.count - 1) more" : ""
            return await post(
                .warning, "the backup is complete, but volume snapshots are missing: \(first)\(more)",
                facts: ["set": set.name.description])
        }
        let failed = set.reasons
        let first = failed.first.map { ": \($0)" } ?? ""
        let more = failed.count > 1 ? " and \(failed.count - 1) more" : ""
        await post(.warning, "the backup is partial\(first)\(more)", facts: ["set": set.name.description])
    }

    private func post(_ severity: Notice.Severity, _ summary: String, facts: [String: String]) async {
        let found = NotificationChannels(session.configuration.notifications)
        for problem in found.problems { output.warn("notifications: \(problem.name): \(problem.reason)") }
        guard !found.channels.isEmpty else { return }
        let dispatcher = Dispatcher(found.channels)
        dispatcher.post(
            Notice(
                .backupFailed, severity: severity, at: session.clock.now, stack: session.configuration.stack,
                summary: summary,
                facts: facts))
        let delivery = await dispatcher.finish(within: Self.patience)
        session.note(delivery)
        for missed in delivery.undelivered { output.warn("\(missed)") }
    }
}
