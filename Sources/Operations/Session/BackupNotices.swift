package import BackupRepository
import Foundation
import Notifications
import Platform
import StackConfiguration

/// Tells people of a backup that failed, wholly or in part. Whether they can be reached changes nothing about it.
package struct BackupNotices {
    package let session: Session
    package let output: Output

    package init(session: Session, output: Output) {
        self.session = session
        self.output = output
    }

    /// How long the end of a backup may be put off.
    private static let patience = Duration.seconds(30)

    /// - Parameter error: why there is no set.
    package func tell(_ error: any Error) async {
        // An interruption and a mistyped command are nobody else's business.
        guard !(error is CancellationError), !(error is UsageError) else { return }
        let summary = "\(error)".split(whereSeparator: \.isNewline).first.map(String.init) ?? "unknown"
        await post(.critical, "the backup failed: \(summary)", facts: [:])
    }

    package func tell(_ set: BackupSet) async {
        guard !set.isAsAsked else { return }
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
        for missed in await dispatcher.finish(within: Self.patience).undelivered { output.warn("\(missed)") }
    }
}
