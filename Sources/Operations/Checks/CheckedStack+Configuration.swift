import Documents
import Foundation
import HTTP
package import RecoveryChecks
package import StackConfiguration

extension CheckedStack {
    /// The stack of a configuration, as checks see it.
    package init(_ session: Session) {
        let settings = session.configuration.checks
        self.init(components: session.configuration.components.map { Components.checked($0, session) })
        interval = settings.interval?.duration
        tenants = settings.tenants
        endpoints = settings.endpoints.map { endpoint in
            Endpoint(
                name: endpoint.name, server: CheckedServer(url: endpoint.url, client: Self.client),
                isCritical: endpoint.critical, status: endpoint.expect, text: endpoint.contains,
                timeLimit: endpoint.timeout?.duration)
        }
        serviceLevel = settings.sla.map { ServiceLevel($0, components: components(of: "prometheus")) }
        sentinels = settings.sentinels.sorted { $0.key < $1.key }.compactMap { name, sentinel in
            components.first { $0.name == name }.flatMap { Self.sentinel(sentinel, of: $0) }
        }
    }

    private static var client: HTTPClient {
        var options = HTTPOptions()
        options.userAgent = Release.userAgent
        return HTTPClient(options)
    }

    private static func sentinel(_ settings: SentinelConfiguration, of component: Component) -> (any Sentinel)? {
        if component.kind == "files" {
            return component.home.map {
                FileSentinel(component: component.name, path: "\($0)/\(settings.file ?? ".dr-sentinel")")
            }
        }
        guard let server = component.server else { return nil }
        switch component.kind {
        case "grafana": return GrafanaSentinel(component: component.name, server: server)
        case "loki": return LokiSentinel(component: component.name, server: server, tenant: settings.tenant)
        case "elasticsearch":
            return ElasticsearchSentinel(
                component: component.name, server: server, indices: component.indices, index: settings.index)
        case "prometheus":
            return settings.pushgateway.map { url in
                PrometheusSentinel(
                    component: component.name, server: server, pushgateway: CheckedServer(url: url, client: client),
                    patience: settings.timeout?.duration ?? .seconds(60))
            }
        default: return nil
        }
    }
}

extension ServiceLevel {
    /// What is asked where the configuration names no expression: metrics as the common client libraries name them.
    private static let expressions: [Objective: String] = [
        .availability: "100 * avg(avg_over_time(up[$window]))",
        .latencyP95:
            "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[$window])))",
        .throughput: "60 * sum(rate(http_requests_total[$window]))",
    ]
    private static let thresholds: [Objective: Double] = [.availability: 99.95, .latencyP95: 2, .throughput: 45]

    /// A period as PromQL writes it, which has no months.
    private static func notation(_ period: Period) -> String {
        period.months % 12 == 0 ? period.description : "\(period.duration.components.seconds / 86_400)d"
    }

    package init(_ settings: ServiceLevelConfiguration, components: [CheckedStack.Component]) {
        let written: [Objective: ObjectiveConfiguration] = [
            .availability: settings.availability, .latencyP95: settings.latencyP95, .throughput: settings.throughput,
        ]
        var rules: [Objective: Rule] = [:]
        for (objective, own) in written {
            rules[objective] = Rule(
                expression: own.query ?? Self.expressions[objective] ?? "",
                threshold: own.threshold ?? Self.thresholds[objective] ?? 0)
        }
        self.init(
            prometheus: components.first { settings.component == nil || $0.name == settings.component }, rules: rules,
            window: Self.notation(settings.window))
    }
}
