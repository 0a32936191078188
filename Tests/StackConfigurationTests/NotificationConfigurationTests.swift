import Documents
import Notifications
import Testing

@testable import StackConfiguration

@Suite struct NotificationConfigurationTests {
    private func text(_ notifications: String) -> String {
        """
        store: {url: "file:///b"}
        components: {tree: {kind: files, data: /d}}
        notifications: \(notifications)
        """
    }

    @Test func `every kind of channel is read`() throws {
        let notifications = try parse(
            text(
                """
                {webhooks: [{url: {env: W}, events: [backup_failed], headers: {X-Team: {env: T}}}],
                 alertmanager: [{url: "http://a:9093", expires: 2h, severity: warning}],
                 email: [{server: "smtps://m:465", from: a@b.c, to: [d@e.f], username: u, password: {file: p}}],
                 status_page: {page: p1, token: {env: S}, components: [c1], incidents: false}}
                """)
        ).notifications
        #expect(notifications.webhooks[0].channel.filter == NoticeFilter(events: [.backupFailed]))
        #expect(notifications.alertmanager[0].channel.filter.severity == .warning)
        #expect(notifications.alertmanager[0].expires == .hours(2))
        #expect(notifications.email[0].server == "smtps://m:465" && notifications.email[0].startTLS)
        #expect(notifications.statusPage?.hasIncidents == false)
    }

    @Test(arguments: [
        ("{webhooks: [{url: \"https://x/T0KEN\"}]}", "this file must not contain secrets"),
        ("{slack: [{url: {env: S}, events: [test]}]}", "'test' cannot be filtered"),
        ("{slack: [{url: {env: S}, severity: bad}]}", "unknown value 'bad'"),
        ("{email: [{server: \"http://m\", from: a@b.c, to: [d@e.f]}]}", "does not start with smtp://"),
        ("{email: [{server: \"smtp://m\", from: \"A <a@b.c>\", to: [d@e.f]}]}", "is not a plain mail address"),
        ("{email: [{server: \"smtp://m\", from: a@b.c, to: []}]}", "'to' is empty"),
        (
            "{email: [{server: \"smtp://m\", from: a@b.c, to: [d@e.f], username: u, password: {env: P}, starttls: false}]}",
            "the password would be sent unencrypted"
        ),
        ("{status_page: {page: p}}", "needs 'page' and 'token', or 'address'"),
        ("{status_page: {address: {env: A}, page: p}}", "'page' and 'address' exclude each other"),
        ("{slack: [{url: {env: S}, name: a}], webhooks: [{url: {env: S}, name: a}]}", "more than one channel"),
    ])
    func `mistakes are refused`(notifications: String, complaint: String) {
        let found = complaints(text(notifications))
        #expect(found.contains { $0.contains(complaint) }, "\(found)")
        #expect(!found.contains { $0.contains("T0KEN") })
    }
}
