import Documents
import FoundationEssentials
import Notifications
import RecoveryPlan
import StackConfiguration
import Synchronization

/// The notifications of one run, delivered in the background. Their failure never fails a recovery.
final class RunNotices: Sendable {
    private let dispatcher = Mutex<Dispatcher?>(nil)
    /// The session whose metrics count the notifications.
    private let session = Mutex<Session?>(nil)
    private let output: Output
    /// The longest delay of the end of a run for undelivered notifications.
    private static let patience = Duration.seconds(30)

    init(_ output: Output) { self.output = output }

    /// Opens the channels of the configuration. Warns of an unusable channel, and skips it.
    func open(_ session: Session) {
        let found = NotificationChannels(session.configuration.notifications)
        for problem in found.problems { output.warn("notifications: \(problem.name): \(problem.reason)") }
        guard !found.channels.isEmpty else { return }
        dispatcher.withLock { $0 = Dispatcher(found.channels) }
        self.session.withLock { $0 = session }
    }

    /// - Returns: the reason for which no notification is sent; nil if it is queued.
    @discardableResult
    func post(_ notice: Notice) -> String? {
        dispatcher.withLock { dispatcher in
            guard let dispatcher else { return "no usable channel is configured" }
            dispatcher.post(notice)
            return nil
        }
    }

    /// Waits until every notification is delivered or given up, even if the run was interrupted.
    func close() async {
        guard let dispatcher = dispatcher.withLock({ $0 }) else { return }
        let delivery = await dispatcher.finish(within: Self.patience)
        session.withLock { $0 }?.note(delivery)
        for missed in delivery.undelivered { output.warn("\(missed)") }
    }
}
