import Documents
import Foundation
import Notifications
import Synchronization

extension Notice {
    static func sample(
        _ event: Event, severity: Severity = .critical, run: String? = "r1", statusPage: String? = nil
    ) -> Notice {
        Notice(
            event, severity: severity, at: Date(timeIntervalSince1970: 1_795_515_410), stack: "monitoring",
            scenario: "complete_cluster_loss", run: run, summary: "it is <gone> & done",
            facts: ["rto_seconds": "14400"], statusPage: statusPage)
    }
}

/// A channel with a scripted result that keeps the notifications it got.
final class ScriptedChannel: Channel {
    let name: String
    let filter: NoticeFilter
    private let act: @Sendable (Int) throws -> Void
    private let state = Mutex((tries: 0, delivered: [Notice.Event]()))

    /// - Parameter act: called with the number of the try, from 0; may throw and may block.
    init(
        _ name: String = "scripted", _ filter: NoticeFilter = NoticeFilter(),
        act: @escaping @Sendable (Int) throws -> Void
    ) {
        self.name = name
        self.filter = filter
        self.act = act
    }

    var tries: Int { state.withLock { $0.tries } }
    var delivered: [Notice.Event] { state.withLock { $0.delivered } }

    func deliver(_ notice: Notice) throws -> String {
        let number = state.withLock { state in
            state.tries += 1
            return state.tries - 1
        }
        try act(number)
        state.withLock { $0.delivered.append(notice.event) }
        return "done"
    }
}
