package import Components
package import Documents

/// The channels that get notifications about backups, disasters and recoveries.
package struct NotificationConfiguration: Equatable, Sendable {
    package var webhooks: [WebhookConfiguration] = []
    package var slack: [SlackConfiguration] = []
    package var pagerDuty: [PagerDutyConfiguration] = []
    package var alertmanager: [AlertmanagerConfiguration] = []
    package var email: [MailConfiguration] = []
    package var statusPage: StatusPageConfiguration?

    package init() {}
}

extension NotificationConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "webhooks", \.webhooks, as: .list(of: .section()),
            about: "URLs that get a JSON document for each event."),
        Key("slack", \.slack, as: .list(of: .section()), about: "Slack channels, by incoming webhook."),
        Key(
            "pagerduty", \.pagerDuty, as: .list(of: .section()),
            about: "PagerDuty services, by Events API v2 integration."),
        Key("alertmanager", \.alertmanager, as: .list(of: .section()), about: "Alertmanager servers, by API v2."),
        Key("email", \.email, as: .list(of: .section()), about: "Mail recipients."),
        Key(
            "status_page", \.statusPage, as: .section(),
            about: "Status page that shows the state of the stack to users."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        let chosen =
            webhooks.map(\.channel) + slack.map(\.channel) + pagerDuty.map(\.channel) + alertmanager.map(\.channel)
            + email.map(\.channel)
        let names = chosen.compactMap(\.name)
        for name in Set(names) where names.count(where: { $0 == name }) > 1 {
            reader.complain(written.section, "the name '\(name)' is given to more than one channel")
        }
    }
}

/// A URL that accepts events. It is a secret because such URLs contain tokens.
package struct WebhookConfiguration: Equatable, Sendable {
    package var channel = ChannelOptions()
    package var url: Secret?
    package var headers: [String: Secret] = [:]
    package var tls = TLSOptions()
    /// The template of the body; nil for dr's own document.
    package var template: String?

    package init() {}
}

extension WebhookConfiguration: Section {
    package static let keys: [Key<Self>] =
        [
            Key(
                "url", \.url, as: .secret, required: true,
                about: "URL of the webhook. It is a secret because it usually contains a token."),
            Key("headers", \.headers, as: .headers, about: "Header fields of the request, such as Authorization."),
            Key("tls", \.tls, as: .section(), about: "TLS settings for https."),
            Key(
                "template", \.template, as: .template,
                about: "Mustache template of the JSON body, or 'runbook'. Default: the document of dr."),
        ] + ChannelOptions.keys.map { $0.within(\.channel) }
}

package struct SlackConfiguration: Equatable, Sendable {
    package var channel = ChannelOptions()
    package var url: Secret?

    package init() {}
}

extension SlackConfiguration: Section {
    package static let keys: [Key<Self>] =
        [Key("url", \.url, as: .secret, required: true, about: "URL of the incoming webhook.")]
        + ChannelOptions.keys.map { $0.within(\.channel) }
}

package struct PagerDutyConfiguration: Equatable, Sendable {
    package var channel = ChannelOptions()
    package var routingKey: Secret?
    package var url = "https://events.pagerduty.com"

    package init() {}
}

extension PagerDutyConfiguration: Section {
    package static let keys: [Key<Self>] =
        [
            Key(
                "routing_key", \.routingKey, as: .secret, required: true,
                about: "Integration key of the Events API v2 service."
            ),
            Key(
                "url", \.url, as: .httpURL,
                about:
                    "Base URL of the API. Default: https://events.pagerduty.com; in Europe: https://events.eu.pagerduty.com."
            ),
        ] + ChannelOptions.keys.map { $0.within(\.channel) }
}

package struct AlertmanagerConfiguration: Equatable, Sendable {
    package var channel = ChannelOptions()
    package var access = HTTPAccess()
    package var expires = Period.days(1)

    package init() {}
}

extension AlertmanagerConfiguration: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { $0.within(\.access) }
        + [
            Key(
                "expires", \.expires, as: .period,
                about: "Time after which an alert expires if no event resolves it. Default: 1d.")
        ]
        + ChannelOptions.keys.map { $0.within(\.channel) }

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) { access.validate(written, &reader) }
}

/// A page of Statuspage, or a URL for any other status page.
package struct StatusPageConfiguration: Equatable, Sendable {
    package var channel = ChannelOptions()
    package var url = "https://api.statuspage.io"
    package var page: String?
    package var token: Secret?
    package var components: [String] = []
    package var hasIncidents = true
    package var address: Secret?
    package var headers: [String: Secret] = [:]

    package init() {}
}

extension StatusPageConfiguration: Section {
    package static let keys: [Key<Self>] =
        [
            Key(
                "url", \.url, as: .httpURL,
                about: "Base URL of the Statuspage API. Default: https://api.statuspage.io."),
            Key("page", \.page, as: .identifier, about: "Id of the page."),
            Key("token", \.token, as: .secret, about: "API key with permission to change the page."),
            Key(
                "components", \.components, as: .list(of: .identifier),
                about: "Ids of the components that show the status."
            ),
            Key("incidents", \.hasIncidents, as: .flag, about: "Also open and resolve incidents. Default: true."),
            Key(
                "address", \.address, as: .secret,
                about: "For any other status page: URL that gets a POST request; dr replaces {status} in it."),
            Key("headers", \.headers, as: .headers, about: "Header fields of that request."),
        ] + ChannelOptions.keys.map { $0.within(\.channel) }

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        guard address == nil else {
            for key in ["url", "page", "token", "components", "incidents"] where written.contains(key) {
                reader.complain(written[key], "'\(key)' and 'address' exclude each other")
            }
            return
        }
        if page == nil || token == nil {
            reader.complain(written.section, "a status page needs 'page' and 'token', or 'address'")
        }
        if written.contains("headers") { reader.complain(written["headers"], "'headers' needs 'address'") }
    }
}
