package import Components
package import Documents

/// The checks of the stack, and the queries that a backup records for them.
package struct ChecksConfiguration: Equatable, Sendable {
    /// The time limit of one check.
    package var timeout = Period.seconds(30)
    /// The longest wait for new samples; nil to derive it from the server's configuration.
    package var interval: Period?
    /// The names of checks, by profile name.
    package var profiles: [String: [String]] = [:]
    package var sla: ServiceLevelConfiguration?
    package var endpoints: [EndpointConfiguration] = []
    /// True if each backup records queries.
    package var record = true
    package var queries: [RecordedQueryConfiguration] = []
    /// The tenants of multi-tenant servers.
    package var tenants: [String] = []
    /// The canaries, by component name.
    package var canaries: [String: CanaryConfiguration] = [:]

    package init() {}
}

extension ChecksConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("timeout", \.timeout, as: .period, about: "Time-out of one check. Default: 30s."),
        Key(
            "interval", \.interval, as: .period,
            about:
                "Longest wait of 'ingestion' for new samples. Default: from the server's scrape and evaluation intervals."
        ),
        Key(
            "profiles", \.profiles, as: .mapping(of: .list(of: .text)), about: "Named lists of checks, for --profile."
        ),
        Key("sla", \.sla, as: .section(), about: "Service level, as PromQL expressions with thresholds."),
        Key("endpoints", \.endpoints, as: .list(of: .section()), about: "Health endpoints of the stack's components."),
        Key(
            "record", \.record, as: .flag, about: "Record queries with each backup. Default: true."),
        Key(
            "queries", \.queries, as: .list(of: .section()),
            about: "Queries to record, in addition to the default queries."),
        Key(
            "tenants", \.tenants, as: .list(of: .text),
            about: "Tenants of multi-tenant servers."),
    ]
}

/// The service level; each objective may have its own expression and threshold.
package struct ServiceLevelConfiguration: Equatable, Sendable {
    /// The component whose server has the metrics; nil for the first component with metrics.
    package var component: String?
    package var window = Period.hours(1)
    package var availability = ObjectiveConfiguration()
    package var latencyP95 = LatencyConfiguration()
    package var throughput = ObjectiveConfiguration()

    package init() {}
}

extension ServiceLevelConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "component", \.component, as: .text,
            about: "Component whose server has the metrics. Default: the first component with metrics."),
        Key("window", \.window, as: .period, about: "Value of $window in the expressions. Default: 1h."),
        Key(
            "availability", \.availability, as: .section(),
            about: "Availability in per cent. Default threshold: at least 99.95."),
        Key(
            "latency_p95", \.latencyP95, as: .section(),
            about: "95th percentile of the latency. Default threshold: at most 2s."),
        Key(
            "throughput", \.throughput, as: .section(), about: "Throughput per minute. Default threshold: at least 45."),
    ]
}

/// One objective of the service level.
package struct ObjectiveConfiguration: Equatable, Sendable {
    package var query: String?
    package var threshold: Double?

    package init() {}
}

extension ObjectiveConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "query", \.query, as: .text, about: "PromQL expression with one number as its result; dr replaces $window."),
        Key(
            "threshold", \.threshold, as: .decimal,
            about: "Minimum value that meets the objective."),
    ]
}

/// The objective of a latency, whose threshold is a maximum.
package struct LatencyConfiguration: Equatable, Sendable {
    /// The threshold in seconds.
    package var objective = ObjectiveConfiguration()

    package init() {}
}

extension LatencyConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "query", \.objective.query, as: .text,
            about: "PromQL expression with one number of seconds as its result; dr replaces $window."),
        Key(
            "threshold", \.objective.threshold, as: .secondsOrLength,
            about: "Maximum value that meets the objective: seconds, such as 0.5, or a length of time, such as 2s."),
    ]
}

/// A URL that reports the health of a component.
package struct EndpointConfiguration: Equatable, Sendable {
    package var name = ""
    package var url = ""
    package var timeout: Period?
    package var critical = true
    package var expect = 200
    package var contains: String?

    package init() {}
}

extension EndpointConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("name", \.name, as: .text, required: true, about: "Name in reports."),
        Key("url", \.url, as: .serverURL, required: true, about: "URL to request with GET."),
        Key("timeout", \.timeout, as: .period, about: "Time-out of the request. Default: the time-out of checks."),
        Key("critical", \.critical, as: .flag, about: "True if a failure fails the recovery. Default: true."),
        Key("expect", \.expect, as: .status, about: "HTTP status of a healthy component. Default: 200."),
        Key("contains", \.contains, as: .text, about: "Text that the response must contain."),
    ]
}

/// A query whose result is recorded with each backup.
package struct RecordedQueryConfiguration: Equatable, Sendable {
    package var component = ""
    package var query = ""
    package var tenant: String?

    package init() {}
}

extension RecordedQueryConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("component", \.component, as: .text, required: true, about: "Component of a kind that accepts queries."),
        Key(
            "query", \.query, as: .text, required: true,
            about: "Query in the language of the component, with one or more numbers as its result."),
        Key("tenant", \.tenant, as: .text, about: "Tenant, for a multi-tenant server."),
    ]
}

/// The settings of one canary, of the type of its component's kind.
package struct CanaryConfiguration: Equatable, Sendable {
    package var settings: any CanarySettings

    package init(_ settings: any CanarySettings) { self.settings = settings }

    package static func == (first: Self, second: Self) -> Bool { first.settings.isEqual(to: second.settings) }
}

extension Shape where Value == Double {
    fileprivate static let decimal = Shape(schema: ["type": "number"]) { node, reader in
        guard let number = node.scalar.flatMap({ Double($0.string) }), number.isFinite else {
            reader.complain(node, "expected a number, found \(node.kindForPeople)")
            return nil
        }
        return number
    }
}

extension Shape where Value == Double {
    /// A time in seconds: a number, for parts of a second, or a length of time.
    fileprivate static let secondsOrLength = Shape(
        schema: ["anyOf": [["type": "number"], Shape<Period>.period.schema]]
    ) { node, reader in
        if let text = node.scalar?.string, Double(text) != nil { return decimal.read(node, &reader) }
        return Shape<Period>.period.read(node, &reader).map { $0.duration / .seconds(1) }
    }
}

extension Shape where Value == Int {
    fileprivate static let status = Shape(schema: ["type": "integer", "minimum": 100, "maximum": 599]) { node, reader in
        guard let status = node.scalar.flatMap({ Int($0.string) }), (100...599).contains(status) else {
            reader.complain(node, "expected an HTTP status such as 200")
            return nil
        }
        return status
    }
}
