import Documents
import Foundation
import Notifications
import RecoveryPlan
import StackConfiguration
import Synchronization

/// The notices of one run: delivered in the background, never the reason for a failed recovery.
final class RunNotices: Sendable {
    private let dispatcher = Mutex<Dispatcher?>(nil)
    private let output: Output
    /// How long the end of a run may be put off for notices that are still on their way.
    private static let patience = Duration.seconds(30)

    init(_ output: Output) { self.output = output }

    /// Opens the channels of the configuration. A channel that cannot be used is warned of, and left out.
    func open(_ session: Session) {
        let found = NotificationChannels(session.configuration.notifications)
        for problem in found.problems { output.warn("notifications: \(problem.name): \(problem.reason)") }
        guard !found.channels.isEmpty else { return }
        dispatcher.withLock { $0 = Dispatcher(found.channels) }
    }

    func post(_ notice: Notice) { dispatcher.withLock { $0?.post(notice) } }

    /// Waits until all is delivered or given up, also when the run was interrupted.
    func close() async {
        guard let dispatcher = dispatcher.withLock({ $0 }) else { return }
        for missed in await dispatcher.finish(within: Self.patience).undelivered { output.warn("\(missed)") }
    }
}
