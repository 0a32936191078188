internal import Documents
package import HTTP

/// A message for a Slack incoming webhook, in Block Kit: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
package struct SlackFormat: NoticeFormat {
    package var url: String

    package init(url: String) { self.url = url }

    package func requests(for notice: Notice) -> [HTTPRequest] { [.json("POST", url, body: Self.document(notice))] }

    /// Slack's limits apply: 150 characters in a header, 3000 in a text, ten fields of 2000 in a section.
    static func document(_ notice: Notice) -> JSONValue {
        let title = "\(sign(notice)) \(notice.event.title): \(notice.stack)"
        let fields = notice.lines.prefix(10).map { line -> JSONValue in
            markdown("*\(escaped(line.name))*\n\(escaped(line.value))", limit: 2000)
        }
        return [
            // The text that a telephone shows in its notification.
            "text": .string(escaped("\(title): \(notice.summary)")),
            "blocks": [
                ["type": "header", "text": ["type": "plain_text", "text": .string(String(title.prefix(150)))]],
                ["type": "section", "text": markdown(escaped(notice.summary), limit: 3000)],
                ["type": "section", "fields": .array(fields)],
                [
                    "type": "context",
                    "elements": [markdown("\(notice.severity.rawValue), \(notice.timestamp)", limit: 2000)],
                ],
            ],
        ]
    }

    private static func sign(_ notice: Notice) -> String {
        switch (notice.event.effect, notice.severity) {
        case (.closes, _): "✅"
        case (_, .critical): "🔴"
        case (_, .warning): "🟠"
        case (_, .info): "🔵"
        }
    }

    private static func markdown(_ text: String, limit: Int) -> JSONValue {
        ["type": "mrkdwn", "text": .string(String(text.prefix(limit)))]
    }

    /// Escapes by https://docs.slack.dev/messaging/formatting-message-text#escaping: otherwise "<!channel>" in a text
    /// would notify all members of the channel.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
