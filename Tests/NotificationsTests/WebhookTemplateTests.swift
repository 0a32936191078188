import Documents
import Foundation
import HTTP
import Notifications
import Testing

@Suite struct WebhookTemplateTests {
    private var notice: Notice {
        Notice(
            .backupFailed, severity: .critical, at: Date(timeIntervalSince1970: 1_764_457_200.25), stack: "prod",
            summary: "a \"quoted\" text\nof two lines", facts: ["set": "20261129T210000Z"])
    }

    private func body(_ template: String, _ notice: Notice) throws -> JSONValue {
        let format = WebhookFormat(url: "http://127.0.0.1/", template: try WebhookTemplate(template))
        let request = try #require(format.requests(for: notice).first)
        var bytes = [UInt8](repeating: 0, count: request.body?.length ?? 0)
        let read = try #require(request.body).open()
        _ = try bytes.withUnsafeMutableBytes { try read($0) }
        return try JSONValue(parsing: bytes)
    }

    @Test func `values are escaped for JSON`() throws {
        let document = try body(
            #"{"text": "{{message}}", "who": "{{stack}} {{facts.set}}", "all": {{{facts_json}}}, "at": "{{timestamp}}"}"#,
            notice)
        #expect(document["text"] == "a \"quoted\" text\nof two lines" && document["who"] == "prod 20261129T210000Z")
        #expect(document["all"] == ["set": "20261129T210000Z"] && document["at"] == "2025-11-29T23:00:00Z")
    }

    @Test func `the runbook's document has its fields, with those of the notification by default`() throws {
        let document = try body("runbook", notice)
        #expect(
            document
                == [
                    "alert_type": "backup_failed", "severity": "critical", "source": "dr",
                    "message": "a \"quoted\" text\nof two lines", "timestamp": "2025-11-29T23:00:00.250Z",
                    "metadata": ["set": "20261129T210000Z"],
                ])
        var alert = notice
        alert.alert = .init(type: "t", source: "s", message: "m")
        #expect(
            try body("runbook", alert)
                == [
                    "alert_type": "t", "severity": "critical", "source": "s", "message": "m",
                    "timestamp": "2025-11-29T23:00:00.250Z",
                ])
    }

    @Test(arguments: [
        (#"{"text": {{message}}}"#, "does not make valid JSON"), (#"{"text": "{{mesage}}"}"#, "'mesage'"),
        ("{{#facts}", "not valid Mustache"), (#"{"a": "{{scenario}}",}"#, "does not make valid JSON"),
        (#"{"a": 1{{#run}}, "run": "{{.}}"{{/run}}"#, "does not make valid JSON"),
    ])
    func `a mistake in a template is found before it is used`(text: String, reason: String) {
        #expect {
            _ = try WebhookTemplate(text)
        } throws: { "\($0)".contains(reason) }
    }

    @Test func `a component that is down and well again is one matter, which also a filter for failed checks admits`() {
        func notice(_ event: Notice.Event) -> Notice {
            Notice(event, severity: .info, at: Date(), stack: "s", summary: "x", facts: ["component": "loki"])
        }
        #expect(notice(.componentDown).topic == notice(.componentRecovered).topic)
        #expect(Notice.Event.componentDown.effect == .raises && Notice.Event.componentRecovered.effect == .closes)
        #expect(NoticeFilter(events: [.checkFailed]).admits(notice(.componentDown)))
        #expect(!NoticeFilter(events: [.componentDown]).admits(notice(.checkFailed)))
    }
}
