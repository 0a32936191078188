package import Components
package import Documents

/// Whom to tell about backups, disasters and recoveries.
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
            about: "Addresses that are sent a JSON document for each event."),
        Key("slack", \.slack, as: .list(of: .section()), about: "Slack channels, by their incoming webhooks."),
        Key(
            "pagerduty", \.pagerDuty, as: .list(of: .section()),
            about: "PagerDuty services, by their Events API v2 integrations."),
        Key("alertmanager", \.alertmanager, as: .list(of: .section()), about: "Alertmanagers, by their API v2."),
        Key("email", \.email, as: .list(of: .section()), about: "People who get a mail."),
        Key("status_page", \.statusPage, as: .section(), about: "The page that shows users how the stack is."),
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

/// An address that takes events. Such addresses carry tokens, hence the secret.
package struct WebhookConfiguration: Equatable, Sendable {
    package var channel = ChannelOptions()
    package var url: Secret?
    package var headers: [String: Secret] = [:]
    package var tls = TLSOptions()

    package init() {}
}

extension WebhookConfiguration: Section {
    package static let keys: [Key<Self>] =
        [
            Key(
                "url", \.url, as: .secret, required: true,
                about: "The address; it usually holds a token, so it is a secret."),
            Key("headers", \.headers, as: .headers, about: "Header fields to send with it, such as Authorization."),
            Key("tls", \.tls, as: .section(), about: "Certificates for https."),
        ] + ChannelOptions.keys.map { $0.within(\.channel) }
}

package struct SlackConfiguration: Equatable, Sendable {
    package var channel = ChannelOptions()
    package var url: Secret?

    package init() {}
}

extension SlackConfiguration: Section {
    package static let keys: [Key<Self>] =
        [Key("url", \.url, as: .secret, required: true, about: "The address of an incoming webhook.")]
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
                about: "The integration key of an Events API v2 service."
            ),
            Key(
                "url", \.url, as: .httpURL,
                about:
                    "Base URL of the API; https://events.pagerduty.com if left out, https://events.eu.pagerduty.com in Europe."
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
                about: "An alert that nothing closed ends after this long; 1d if left out.")
        ]
        + ChannelOptions.keys.map { $0.within(\.channel) }

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) { access.validate(written, &reader) }
}

/// A page of Statuspage, or an address for any other.
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
                about: "Base URL of Statuspage's API; https://api.statuspage.io if left out."),
            Key("page", \.page, as: .identifier, about: "Identity of the page."),
            Key("token", \.token, as: .secret, about: "API key that may change the page."),
            Key(
                "components", \.components, as: .list(of: .identifier),
                about: "Identities of the components that show the status."
            ),
            Key("incidents", \.hasIncidents, as: .flag, about: "Open and resolve incidents too; true if left out."),
            Key(
                "address", \.address, as: .secret,
                about: "For any other page: an address that is sent a POST, in which {status} is replaced."),
            Key("headers", \.headers, as: .headers, about: "Header fields to send to that address."),
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
