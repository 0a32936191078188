internal import Components
internal import Documents
internal import FoundationEssentials
internal import Platform

/// Checks that the server appends samples: its counter must rise between two readings. A counter above zero is not
/// enough, because a restored server that scrapes nothing counts its own start.
struct Ingestion: RecoveryCheck {
    let name = "ingestion"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    private let api: PrometheusAPI
    /// The configured longest wait for the counter to rise.
    private let interval: Duration?
    var target: String { "more samples appended within \(interval.map { "\($0)" } ?? "the server's longest interval")" }
    var timeLimit: Duration? { (interval ?? Self.longestWait) + .seconds(30) }

    private static let counter = "prometheus_tsdb_head_samples_appended_total"
    /// The wait if the server does not show its configuration: the default interval of scrapes, and some margin.
    private static let usualWait = Duration.seconds(70)
    private static let longestWait = Duration.seconds(600)

    /// The longest time that new samples may take, by the server's configuration; nil when the server does not show it.
    private let configuredWait: @Sendable () -> Duration?

    init(_ subject: CheckedComponent, _ api: PrometheusAPI, configuredWait: (@Sendable () -> Duration?)? = nil) {
        self.subject = subject
        self.api = api
        self.configuredWait = configuredWait ?? { Self.configuredWait(of: api) }
        interval = subject.context.sampleInterval
    }

    func measure() throws -> Components.Measurement {
        let wait = min(interval ?? configuredWait() ?? Self.usualWait, interval ?? Self.longestWait)
        let clock = ContinuousClock()
        let began = clock.now
        let first = try api.counter(Self.counter)
        while true {
            let waited = clock.now - began
            guard waited < wait else {
                return .failed(
                    "0 samples in \(wait)",
                    "the server appends nothing: check its targets, and that its disk has free space")
            }
            try sleepUnlessCancelled(min(.seconds(1), wait - waited))
            let now = try api.counter(Self.counter)
            if now < first { return .failed("the counter fell", "the server was restarted between the two readings") }
            if now > first {
                let seconds = max((clock.now - began) / .seconds(1), 0.001)
                guard now.isFinite else {
                    return .failed("\(now) samples", "the server's counter of samples is not a finite number")
                }
                return .passed("\(Self.text((now - first) / seconds)) samples/s")
            }
        }
    }

    private static func configuredWait(of api: PrometheusAPI) -> Duration? {
        guard let yaml = try? api.configurationText() else { return nil }
        return .seconds(LoadedConfiguration(yaml: yaml).patience)
    }

    /// A rate for operators. A rate above 0 is never shown as 0: "1204", "0.3", "0.004".
    static func text(_ rate: Double) -> String {
        guard rate < 10 else { return Units.fixed(rate, 0) }
        return rate < 0.1 ? Units.significant(rate, digits: 1) : Units.fixed(rate, 1)
    }
}
