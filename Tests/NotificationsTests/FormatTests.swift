import Documents
import Foundation
import HTTP
import Lab
import Testing

@testable import Notifications

/// The documents exactly as they are sent.
@Suite struct FormatTests {
    /// Returns the messages that a receiver got, and the channel's answer.
    private func sent(
        _ notice: Notice, _ format: (String) -> any NoticeFormat
    ) throws -> (messages: [HTTPMessage], documents: [JSONValue], answer: String) {
        let server = try ScriptedServer { _, _ in .reply(.response(202)) }
        defer { server.stop() }
        let answer = try HTTPChannel("c", NoticeFilter(), format: format(server.url), over: HTTPExchange()).deliver(
            notice)
        return (server.requests, try server.requests.map { try JSONValue(parsing: $0.body) }, answer)
    }

    @Test func `a webhook gets the document`() throws {
        let result = try sent(.sample(.disasterDeclared, statusPage: "major_outage")) {
            WebhookFormat(url: "\($0)/hook?key=1", headers: [(name: "Authorization", value: "Bearer t")])
        }
        #expect(result.messages[0].firstLine == "POST /hook?key=1 HTTP/1.1" && result.answer == "HTTP 202")
        #expect(result.messages[0]["content-type"] == "application/json")
        #expect(result.messages[0]["authorization"] == "Bearer t")
        #expect(
            result.documents == [
                [
                    "event": "disaster_declared", "severity": "critical", "timestamp": "2026-11-24T10:16:50Z",
                    "stack": "monitoring", "scenario": "complete_cluster_loss", "run": "r1",
                    "message": "it is <gone> & done", "facts": ["rto_seconds": "14400"], "status_page": "major_outage",
                ]
            ])
    }

    @Test func `Slack blocks are escaped and mention no users`() throws {
        let document = try #require(try sent(.sample(.stepFailed)) { SlackFormat(url: $0) }.documents.first)
        #expect(document["text"]?.text?.hasSuffix("it is &lt;gone&gt; &amp; done") == true)
        let types = document["blocks"]?.array?.compactMap { $0["type"]?.text }
        #expect(types == ["header", "section", "section", "context"])
        #expect(document["blocks"]?.array?[2]["fields"]?.array?.last?["text"] == "*rto seconds*\n14400")
    }

    @Test(arguments: [
        (Notice.Event.disasterDeclared, ["trigger"]), (.recoveryStarted, ["acknowledge"]),
        (.recoveryFailed, ["trigger"]), (.recoveryCompleted, ["resolve"]), (.postmortemScheduled, []),
    ])
    func `pager duty opens and closes one incident`(event: Notice.Event, actions: [String]) throws {
        let result = try sent(.sample(event)) { PagerDutyFormat(url: $0, routingKey: "R") }
        #expect(result.documents.compactMap { $0["event_action"]?.text } == actions)
        for document in result.documents {
            #expect(document["dedup_key"] == "dr/monitoring/r1" && document["routing_key"] == "R")
            guard actions == ["trigger"] else { continue }
            #expect(document["payload"]?["summary"] == "monitoring: it is <gone> & done")
            #expect(document["payload"]?["severity"] == "critical")
            #expect(document["payload"]?["source"] == "monitoring")
        }
        #expect(result.messages.allSatisfy { $0.target == "/v2/enqueue" })
        #expect(result.answer == (actions.isEmpty ? "not for this channel" : "HTTP 202"))
    }

    @Test func `a status address gets the status in its place`() throws {
        let format: (String) -> any NoticeFormat = { StatusAddress(template: "\($0)/set/{status}?t=1") }
        let result = try sent(.sample(.disasterDeclared, statusPage: "major_outage"), format)
        #expect(result.messages.map(\.target) == ["/set/major_outage?t=1"])
        #expect(try sent(.sample(.stepFailed), format).messages.isEmpty)
    }

    /// A page that stores incidents as Statuspage does.
    @Test func `a status page shows the incident from its beginning to its end`() throws {
        let incidents = #"[{"id": "other"}, {"id": "i1", "metadata": {"dr": {"topic": "monitoring/r1"}}}]"#
        let server = try ScriptedServer { request, number in
            let isListed = request.target.hasSuffix("/unresolved")
            return .reply(.response(200, [], isListed ? (number > 3 ? incidents : "[]") : "{}"))
        }
        defer { server.stop() }
        let page = StatusPage(
            "status_page", NoticeFilter(), url: server.url, page: "p", components: ["c1"], hasIncidents: true,
            token: "t")
        #expect(
            try page.deliver(.sample(.disasterDeclared, statusPage: "major_outage"))
                == "1 component: major_outage, incident opened")
        #expect(try page.deliver(.sample(.stepFailed)) == "not for this channel")
        #expect(try page.deliver(.sample(.test)) == "HTTP 200, nothing changed")
        #expect(
            try page.deliver(.sample(.recoveryCompleted, statusPage: "operational"))
                == "1 component: operational, incident updated")
        #expect(
            server.requests.map { "\($0.method) \($0.target)" } == [
                "PATCH /v1/pages/p/components/c1", "GET /v1/pages/p/incidents/unresolved", "POST /v1/pages/p/incidents",
                "GET /v1/pages/p/components", "PATCH /v1/pages/p/components/c1",
                "GET /v1/pages/p/incidents/unresolved", "PATCH /v1/pages/p/incidents/i1",
            ])
        #expect(server.requests.allSatisfy { $0["authorization"] == "OAuth t" })
        let last = try JSONValue(parsing: server.requests[6].body)
        #expect(last["incident"]?["status"] == "resolved" && last["incident"]?["components"] == ["c1": "operational"])
    }

    @Test func `the error for a refused notification contains no secrets`() throws {
        let server = try ScriptedServer { request, _ in
            .reply(.response(403, [], "no access to \(request.target) for T0KEN"))
        }
        defer { server.stop() }
        let url = "\(server.url)/services/T0/B0?x=T0KEN"
        let channel = HTTPChannel(
            "c", NoticeFilter(), format: WebhookFormat(url: url), over: HTTPExchange(secrets: [url, "T0KEN"]))
        let error = #expect(throws: DeliveryError.self) { try channel.deliver(.sample(.stepFailed)) }
        #expect(error?.detail == "\(server.url): HTTP 403: no access to *** for ***")
        #expect(error?.isRetryable == false && error?.hint == "check the channel's credentials")
    }

    @Test(arguments: [(500, true), (429, true), (404, false), (301, false)])
    func `statuses that pass are worth another try`(status: Int, isRetryable: Bool) throws {
        let server = try ScriptedServer { _, _ in .reply(.response(status, [(name: "Retry-After", value: "7")])) }
        defer { server.stop() }
        let channel = HTTPChannel("c", NoticeFilter(), format: SlackFormat(url: server.url), over: HTTPExchange())
        let error = #expect(throws: DeliveryError.self) { try channel.deliver(.sample(.stepFailed)) }
        #expect(error?.isRetryable == isRetryable && error?.retryAfter == .seconds(7))
    }
}
