import Documents
import FoundationEssentials
import HTTP
package import Components
package import StackConfiguration

extension CheckedStack {
    /// The stack of a configuration, for checks.
    package init(_ session: Session) {
        let settings = session.configuration.checks
        self.init(
            components: session.configuration.components.map {
                CheckedComponent($0.settings, session.context(of: $0.name))
            })
        endpoints = settings.endpoints.map { endpoint in
            Endpoint(
                name: endpoint.name, server: CheckedServer(url: endpoint.url, client: Self.client),
                isCritical: endpoint.critical, status: endpoint.expect, text: endpoint.contains,
                timeLimit: endpoint.timeout?.duration)
        }
        serviceLevel = settings.sla.map { ServiceLevel($0, components: components) }
        canaries = session.canaries().compactMap { name, canary in
            (try? canary.get()).map { PlacedCanary(name, $0) }
        }
    }

    private static var client: HTTPClient {
        var options = HTTPOptions()
        options.userAgent = Release.userAgent
        return HTTPClient(options)
    }
}

extension Session {
    /// The configured canaries by component, or the reason why one is unusable.
    func canaries() -> [(component: String, canary: Result<any Canary, CheckFailure>)] {
        configuration.checks.canaries.sorted { $0.key < $1.key }.compactMap { name, canary in
            guard let component = configuration.component(named: name) else { return nil }
            do {
                let made = try canary.settings.canary(of: component.settings, context(of: name))
                return (name, made.map { .success($0) } ?? .failure(CheckFailure("-", "the component has no 'url'")))
            } catch { return (name, .failure(CheckFailure("-", "\(error)"))) }
        }
    }
}

extension ServiceLevel {
    /// The default expressions, with the metric names of the common client libraries.
    private static let expressions: [Objective: String] = [
        .availability: "100 * avg(avg_over_time(up[$window]))",
        .latencyP95:
            "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[$window])))",
        .throughput: "60 * sum(rate(http_requests_total[$window]))",
    ]
    private static let thresholds: [Objective: Double] = [.availability: 99.95, .latencyP95: 2, .throughput: 45]

    /// A period in PromQL, which does not have months.
    private static func notation(_ period: Period) -> String {
        period.months % 12 == 0 ? period.description : "\(period.duration.components.seconds / 86_400)d"
    }

    package init(_ settings: ServiceLevelConfiguration, components: [CheckedComponent]) {
        let written: [Objective: ObjectiveConfiguration] = [
            .availability: settings.availability, .latencyP95: settings.latencyP95.objective,
            .throughput: settings.throughput,
        ]
        var rules: [Objective: Rule] = [:]
        for (objective, own) in written {
            rules[objective] = Rule(
                expression: own.query ?? Self.expressions[objective] ?? "",
                threshold: own.threshold ?? Self.thresholds[objective] ?? 0)
        }
        self.init(
            component: components.first {
                $0.kind.keepsMetrics && (settings.component == nil || $0.name == settings.component)
            }, rules: rules,
            window: Self.notation(settings.window))
    }
}
