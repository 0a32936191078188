internal import Documents
package import HTTP

/// PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview
///
/// All events of one run have one key: the first event opens an incident, the last one resolves it.
package struct PagerDutyFormat: NoticeFormat {
    /// The base URL: `https://events.pagerduty.com`, or the URL of PagerDuty's European region.
    package var url: String
    package var routingKey: String

    package init(url: String = "https://events.pagerduty.com", routingKey: String) {
        self.url = url
        self.routingKey = routingKey
    }

    package func requests(for notice: Notice) -> [HTTPRequest] {
        let actions =
            switch notice.event.effect {
            case .raises: ["trigger"]
            case .acknowledges: ["acknowledge"]
            case .closes: ["resolve"]
            case .tries: ["trigger", "resolve"]
            case .informs: [String]()
            }
        return actions.map { .json("POST", "\(url)/v2/enqueue", body: document(notice, $0)) }
    }

    func document(_ notice: Notice, _ action: String) -> JSONValue {
        var document: [String: JSONValue] = [
            "routing_key": .string(routingKey), "event_action": .string(action),
            "dedup_key": .string("dr/\(notice.topic)"),
        ]
        guard action == "trigger" else { return .object(document) }
        document["client"] = "dr"
        document["payload"] = [
            "summary": .string(String("\(notice.stack): \(notice.summary)".prefix(1024))),
            "source": .string(notice.stack), "severity": .string(notice.severity.rawValue),
            "timestamp": .string(notice.timestamp), "class": .string(notice.event.rawValue),
            "custom_details": .object(
                Dictionary(notice.lines.map { ($0.name, JSONValue.string($0.value)) }) { first, _ in first }),
        ]
        return .object(document)
    }
}
