internal import Documents
package import HTTP

/// A notification as one JSON document, sent by POST:
///
/// ```json
/// {"event": "disaster_declared", "severity": "critical", "timestamp": "2026-11-24T10:00:00Z", "stack": "monitoring",
///  "scenario": "complete_cluster_loss", "run": "5f0c", "message": "…", "facts": {"rto_seconds": "14400"},
///  "status_page": "major_outage"}
/// ```
///
/// `scenario`, `run` and `status_page` are present if they apply.
package struct WebhookFormat: NoticeFormat {
    package var url: String
    package var headers: [HTTPHeaders.Field]

    /// Makes another document; nil for this one.
    package var template: WebhookTemplate?

    package init(url: String, headers: [HTTPHeaders.Field] = [], template: WebhookTemplate? = nil) {
        self.url = url
        self.headers = headers
        self.template = template
    }

    package func requests(for notice: Notice) -> [HTTPRequest] {
        guard let template else { return [.json("POST", url, body: Self.document(notice), headers: headers)] }
        let fields = [(name: "Content-Type", value: "application/json")] + headers
        return [HTTPRequest("POST", url, headers: fields, body: .text(template.render(notice)))]
    }

    static func document(_ notice: Notice) -> JSONValue {
        var document: [String: JSONValue] = [
            "event": .string(notice.event.rawValue), "severity": .string(notice.severity.rawValue),
            "timestamp": .string(notice.timestamp), "stack": .string(notice.stack),
            "message": .string(notice.summary), "facts": .object(notice.facts.mapValues { .string($0) }),
        ]
        document["scenario"] = notice.scenario.map { .string($0) }
        document["run"] = notice.run.map { .string($0) }
        document["status_page"] = notice.statusPage.map { .string($0) }
        return .object(document)
    }
}
