internal import Documents
package import HTTP

/// A page of Statuspage, or of a service with the same API: https://developer.statuspage.io
///
/// Components get the status of the notification. The first notification of a run opens an incident, the last one
/// resolves it. The incident's metadata contain the run, so that a resumed run finds it again.
package struct StatusPage: Channel {
    package let name: String
    package let filter: NoticeFilter
    /// The base URL of the API, the identity of the page, and of the components that represent the stack.
    private let url: String
    private let page: String
    private let components: [String]
    private let hasIncidents: Bool
    private let exchange: HTTPExchange
    private let headers: [HTTPHeaders.Field]

    /// - Parameter token: the token in `Authorization: OAuth …`.
    package init(
        _ name: String, _ filter: NoticeFilter, url: String = "https://api.statuspage.io", page: String,
        components: [String], hasIncidents: Bool, token: String, options: HTTPOptions = HTTPOptions()
    ) {
        self.name = name
        self.filter = filter
        self.url = url
        self.page = page
        self.components = components
        self.hasIncidents = hasIncidents
        exchange = HTTPExchange(options, secrets: [token])
        headers = [(name: "Authorization", value: "OAuth \(token)")]
    }

    package func deliver(_ notice: Notice) throws -> String {
        if notice.event == .test {
            // Test without a change that the public sees.
            return "HTTP \(try send("GET", "components").status), nothing changed"
        }
        var done: [String] = []
        if let status = notice.statusPage {
            for component in components {
                _ = try send("PATCH", "components/\(component)", body: ["component": ["status": .string(status)]])
            }
            done.append("\(components.count) component\(components.count == 1 ? "" : "s"): \(status)")
        }
        if hasIncidents, let change = try tellIncident(notice) { done.append(change) }
        return done.isEmpty ? "not for this channel" : done.joined(separator: ", ")
    }

    private func tellIncident(_ notice: Notice) throws -> String? {
        let status: JSONValue
        switch notice.event {
        case .disasterDeclared, .incidentOpened: status = "investigating"
        case .recoveryStarted, .objectiveAtRisk, .incidentEscalated: status = "identified"
        case .recoveryCompleted, .incidentResolved: status = "resolved"
        default: return nil
        }
        var incident: [String: JSONValue] = ["status": status, "body": .string(notice.summary)]
        if let state = notice.statusPage {
            incident["components"] = .object(Dictionary(components.map { ($0, JSONValue.string(state)) }) { $1 })
        }
        if let open = try openIncident(notice.topic) {
            _ = try send("PATCH", "incidents/\(open)", body: ["incident": .object(incident)])
            return "incident updated"
        }
        guard notice.event.effect != .closes else { return nil }
        incident["name"] = .string("\(notice.event.title): \(notice.stack)")
        incident["component_ids"] = .array(components.map { .string($0) })
        incident["metadata"] = ["dr": ["topic": .string(notice.topic)]]
        _ = try send("POST", "incidents", body: ["incident": .object(incident)])
        return "incident opened"
    }

    private func openIncident(_ topic: String) throws -> String? {
        let body = try send("GET", "incidents/unresolved").body
        guard let incidents = (try? JSONValue(parsing: body))?.array else {
            throw DeliveryError("the status page's list of incidents is not a JSON array", isRetryable: false)
        }
        return incidents.first { $0["metadata"]?["dr"]?["topic"]?.text == topic }?["id"]?.text
    }

    private func send(
        _ method: String, _ path: String, body: JSONValue? = nil
    ) throws -> (status: Int, body: [UInt8]) {
        let address = "\(url)/v1/pages/\(page)/\(path)"
        return try exchange.send(
            body.map { .json(method, address, body: $0, headers: headers) }
                ?? HTTPRequest(method, address, headers: headers))
    }
}

/// Any other status page: a POST of the notification's document to an address in which `{status}` is replaced by the
/// notification's status. A notification without a status is not sent.
package struct StatusAddress: NoticeFormat {
    package var template: String
    package var headers: [HTTPHeaders.Field]

    package init(template: String, headers: [HTTPHeaders.Field] = []) {
        self.template = template
        self.headers = headers
    }

    package func requests(for notice: Notice) -> [HTTPRequest] {
        guard let status = notice.statusPage, status.allSatisfy({ $0.isLetter || $0 == "_" }) else { return [] }
        return [
            .json(
                "POST", template.replacing("{status}", with: status), body: WebhookFormat.document(notice),
                headers: headers)
        ]
    }
}
