/// Selects the notifications of a channel.
package struct NoticeFilter: Equatable, Sendable {
    /// The events to deliver; empty for all.
    package var events: [Notice.Event]
    /// The lowest severity to deliver. A notification that closes a matter is always delivered, so that a channel that
    /// received its beginning also receives its end.
    package var severity: Notice.Severity

    package init(events: [Notice.Event] = [], severity: Notice.Severity = .info) {
        self.events = events
        self.severity = severity
    }

    package func admits(_ notice: Notice) -> Bool {
        let isMeant = events.isEmpty || events.contains(notice.event) || events.contains { $0.covers(notice.event) }
        return isMeant && (notice.severity.rank >= severity.rank || notice.event.effect == .closes)
    }
}

extension Notice.Event {
    /// A component that is down is also a failed check.
    fileprivate func covers(_ other: Notice.Event) -> Bool { self == .checkFailed && other == .componentDown }
}

extension Notice.Severity {
    var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }
}
