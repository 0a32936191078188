import Components
import Documents
import FoundationEssentials
import HTTP
package import Notifications
package import StackConfiguration

/// The channels of `dr.yaml`, with their secrets.
package struct NotificationChannels {
    package private(set) var channels: [any Channel] = []
    /// The unusable channels with the reason: "slack: environment variable 'X' is not set". They must not prevent a
    /// backup or a recovery.
    package private(set) var problems: [(name: String, reason: String)] = []

    package init(_ configuration: NotificationConfiguration) {
        let secrets = ChannelSecrets()
        add("webhook", entries: configuration.webhooks, channel: \.channel) { name, entry in
            let url = try secrets.address(entry.url)
            let format = WebhookFormat(
                url: url, headers: try secrets.fields(entry.headers),
                template: try entry.template.map(WebhookTemplate.init))
            return HTTPChannel(
                name, entry.channel.filter, format: format,
                over: HTTPExchange(secrets.options(entry.tls), secrets: [url] + format.headers.map(\.value)))
        }
        add("slack", entries: configuration.slack, channel: \.channel) { name, entry in
            let url = try secrets.address(entry.url)
            return HTTPChannel(
                name, entry.channel.filter, format: SlackFormat(url: url),
                over: HTTPExchange(secrets.options(), secrets: [url])
            )
        }
        add("pagerduty", entries: configuration.pagerDuty, channel: \.channel) { name, entry in
            let key = try secrets.value(entry.routingKey)
            return HTTPChannel(
                name, entry.channel.filter, format: PagerDutyFormat(url: entry.url, routingKey: key),
                over: HTTPExchange(secrets.options(), secrets: [key]))
        }
        add("alertmanager", entries: configuration.alertmanager, channel: \.channel) { name, entry in
            let options = try HTTPOptions(
                entry.access, environment: secrets.environment, userAgent: Release.userAgent)
            let format = AlertmanagerFormat(
                url: entry.access.url, expiry: Int(entry.expires.duration.components.seconds))
            return HTTPChannel(name, entry.channel.filter, format: format, over: HTTPExchange(options))
        }
        add("email", entries: configuration.email, channel: \.channel) { name, entry in
            var server = MailServer(url: entry.server)
            server.requiresTLS = entry.startTLS
            server.username = entry.username
            server.password = try entry.password?.resolve(environment: secrets.environment)
            server.caFile = entry.caFile
            server.isInsecure = entry.insecure
            return MailChannel(name, entry.channel.filter, server: server, from: entry.from, to: entry.to)
        }
        add("status_page", entries: configuration.statusPage.map { [$0] } ?? [], channel: \.channel) { name, entry in
            if let secret = entry.address {
                let url = try secrets.address(secret)
                let format = StatusAddress(template: url, headers: try secrets.fields(entry.headers))
                return HTTPChannel(
                    name, entry.channel.filter, format: format,
                    over: HTTPExchange(secrets.options(), secrets: [url] + format.headers.map(\.value)))
            }
            return StatusPage(
                name, entry.channel.filter, url: entry.url, page: entry.page ?? "", components: entry.components,
                hasIncidents: entry.hasIncidents, token: try secrets.value(entry.token), options: secrets.options())
        }
    }

    /// Adds the channels of one kind. The default name is the kind, with a number from the second channel on.
    private mutating func add<Entry>(
        _ kind: String, entries: [Entry], channel: KeyPath<Entry, ChannelOptions>,
        _ make: (String, Entry) throws -> any Channel
    ) {
        for (index, entry) in entries.enumerated() {
            let name = entry[keyPath: channel].name ?? (index == 0 ? kind : "\(kind)-\(index + 1)")
            do { channels.append(try make(name, entry)) } catch { problems.append((name, "\(error)")) }
        }
    }
}

/// The secrets of channels, from the locations in `dr.yaml`.
private struct ChannelSecrets {
    let environment = ProcessInfo.processInfo.environment

    func value(_ secret: Secret?) throws -> String { try secret?.resolve(environment: environment) ?? "" }

    func address(_ secret: Secret?) throws -> String {
        let url = try value(secret)
        let isURL = ["http://", "https://"].contains { url.lowercased().hasPrefix($0) }
        guard isURL, url.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f }) else {
            throw DeliveryError(
                "the value of \(secret.map { "\($0)" } ?? "the secret") is not a URL that starts with http:// or https://",
                isRetryable: false)
        }
        return url
    }

    func fields(_ secrets: [String: Secret]) throws -> [HTTPHeaders.Field] {
        try secrets.sorted { $0.key < $1.key }.map { (name: $0.key, value: try value($0.value)) }
    }

    func options(_ tls: TLSOptions = TLSOptions()) -> HTTPOptions {
        var options = HTTPOptions()
        options.userAgent = Release.userAgent
        options.trust(tls)
        return options
    }
}
