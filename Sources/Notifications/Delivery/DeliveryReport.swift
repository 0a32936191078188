/// The result of the notifications of one run.
package struct DeliveryReport: Codable, Equatable, Sendable {
    package var delivered: Int
    package var undelivered: [Undelivered]

    package init(delivered: Int = 0, undelivered: [Undelivered] = []) {
        self.delivered = delivered
        self.undelivered = undelivered
    }
}

/// A notification that a channel did not receive.
package struct Undelivered: Codable, Equatable, Sendable, CustomStringConvertible {
    /// The channel's name.
    package var channel: String
    package var event: Notice.Event
    /// The cause, without secrets.
    package var reason: String

    package var description: String { "'\(channel)' did not receive notification '\(event.rawValue)': \(reason)" }
}

/// The limits for the delivery of a notification.
package struct DeliveryPolicy: Equatable, Sendable {
    /// The time from the first try until the notification is dropped; later ones in the same channel wait as long.
    package var patience: Duration
    /// The upper bound of the first wait, which doubles with each try, and of every wait.
    package var firstWait: Duration
    package var longestWait: Duration
    /// The number of notifications that can wait in one channel.
    package var capacity: Int

    package init(
        patience: Duration = .seconds(600), firstWait: Duration = .seconds(1), longestWait: Duration = .seconds(60),
        capacity: Int = 1000
    ) {
        self.patience = patience
        self.firstWait = firstWait
        self.longestWait = longestWait
        self.capacity = capacity
    }
}
