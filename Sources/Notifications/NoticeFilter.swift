/// Which notices a channel gets.
package struct NoticeFilter: Equatable, Sendable {
    /// All when empty.
    package var events: [Notice.Event]
    /// The least that counts. What closes a matter always does: whoever was told that it began hears that it ended.
    package var severity: Notice.Severity

    package init(events: [Notice.Event] = [], severity: Notice.Severity = .info) {
        self.events = events
        self.severity = severity
    }

    package func admits(_ notice: Notice) -> Bool {
        let isMeant = events.isEmpty || events.contains(notice.event)
        return isMeant && (notice.severity.rank >= severity.rank || notice.event.effect == .closes)
    }
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
