package import Components
package import Documents
internal import FoundationEssentials
internal import Platform

/// The settings of a Prometheus' canary.
package struct PrometheusCanarySettings: CanarySettings {
    package var pushgateway = ""
    /// The longest wait for a scrape.
    package var timeout: Period?

    package init() {}

    package static let keys: [Key<Self>] = [
        Key(
            "pushgateway", \.pushgateway, as: .serverURL, required: true,
            about: "A Pushgateway that the Prometheus scrapes. Prometheus accepts a canary only through a scrape."),
        Key(
            "timeout", \.timeout, as: .period, about: "Longest wait until the canary is scraped. Default: 60s."
        ),
    ]

    package func canary(in component: PrometheusComponent, _ context: ComponentContext) throws -> (any Canary)? {
        PrometheusCanary(
            api: try component.api(context),
            pushgateway: CheckedServer(url: pushgateway, client: context.client()),
            patience: timeout?.duration ?? .seconds(60))
    }
}

/// The canary in Prometheus: a series on a Pushgateway, because Prometheus only stores scraped samples. The backup
/// waits until it was scraped.
struct PrometheusCanary: Canary {
    private static let metric = "dr_canary"
    let api: PrometheusAPI
    let pushgateway: CheckedServer
    /// Longest wait for a scrape.
    let patience: Duration

    func write(_ value: String) throws -> Int {
        let text = "# TYPE \(Self.metric) gauge\n\(Self.metric){value=\"\(value)\"} 1\n"
        try pushgateway.write("PUT", "/metrics/job/\(Self.metric)", body: Array(text.utf8), type: "text/plain")
        let deadline = ContinuousClock.now + patience
        while true {
            let now = WallClock.system.milliseconds
            if try values(around: now).contains(value) { return now }
            guard ContinuousClock.now < deadline else {
                throw CheckFailure(
                    "-", "it was not scraped within \(patience): check that the Pushgateway is among the targets")
            }
            try sleepUnlessCancelled(.milliseconds(500))
        }
    }

    func values(around time: Int) throws -> [String] {
        try api.samples("last_over_time(\(Self.metric)[1d])", at: Double(time) / 1000)
            .compactMap { $0.labels["value"] }
    }
}
