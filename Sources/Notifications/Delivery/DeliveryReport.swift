/// What became of the notices of one run.
package struct DeliveryReport: Codable, Equatable, Sendable {
    package var delivered: Int
    package var undelivered: [Undelivered]

    package init(delivered: Int = 0, undelivered: [Undelivered] = []) {
        self.delivered = delivered
        self.undelivered = undelivered
    }
}

/// A notice that a channel did not get.
package struct Undelivered: Codable, Equatable, Sendable, CustomStringConvertible {
    /// The channel's name.
    package var channel: String
    package var event: Notice.Event
    /// Without secrets.
    package var reason: String

    package var description: String { "\(channel) was not told of \(event.rawValue): \(reason)" }
}

/// How long a notice is worth trying.
package struct DeliveryPolicy: Equatable, Sendable {
    /// Since the first try; those behind it in the same channel wait as long.
    package var patience: Duration
    /// Upper bounds of the first wait, which doubles with each try, and of any.
    package var firstWait: Duration
    package var longestWait: Duration
    /// Notices that wait in one channel.
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
