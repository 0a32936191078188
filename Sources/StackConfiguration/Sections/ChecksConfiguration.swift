package import Components
package import Documents
internal import Yams

/// What is looked at after a recovery, and what a backup records for it.
package struct ChecksConfiguration: Equatable, Sendable {
    /// For one check.
    package var timeout = Period.seconds(30)
    /// Longest wait for new samples; from the server's configuration when nil.
    package var interval: Period?
    /// Names of checks by the name of their profile.
    package var profiles: [String: [String]] = [:]
    package var sla: ServiceLevelConfiguration?
    package var endpoints: [EndpointConfiguration] = []
    /// Whether each backup records what the stack answers.
    package var record = true
    package var queries: [RecordedQueryConfiguration] = []
    /// Tenants of the stack's servers, where they have some.
    package var tenants: [String] = []
    /// By component.
    package var canaries: [String: CanaryConfiguration] = [:]

    package init() {}
}

extension ChecksConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("timeout", \.timeout, as: .period, about: "Time that one check may take: 30s when left out."),
        Key(
            "interval", \.interval, as: .period,
            about:
                "How long 'ingestion' waits for new samples. Default: derived from the server's scrape and evaluation intervals."
        ),
        Key(
            "profiles", \.profiles, as: .mapping(of: .list(of: .text)), about: "Lists of checks by name, for --profile."
        ),
        Key("sla", \.sla, as: .section(), about: "The service level, as PromQL with thresholds."),
        Key("endpoints", \.endpoints, as: .list(of: .section()), about: "Health endpoints of the stack's components."),
        Key(
            "record", \.record, as: .flag, about: "Record what the stack answers with each backup; true when left out."),
        Key(
            "queries", \.queries, as: .list(of: .section()),
            about: "Queries to record, beside those that dr makes itself."),
        Key(
            "tenants", \.tenants, as: .list(of: .text),
            about: "Tenants of the stack's servers, where they are multi-tenant."),
    ]
}

/// The service level; each promise may be given an expression and a threshold of its own.
package struct ServiceLevelConfiguration: Equatable, Sendable {
    /// The component whose server keeps the metrics; the first one when nil.
    package var component: String?
    package var window = Period.hours(1)
    package var availability = ObjectiveConfiguration()
    package var latencyP95 = ObjectiveConfiguration()
    package var throughput = ObjectiveConfiguration()

    package init() {}
}

extension ServiceLevelConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "component", \.component, as: .text,
            about: "The component whose server keeps the metrics; the first one when left out."),
        Key("window", \.window, as: .period, about: "What $window stands for in the expressions: 1h when left out."),
        Key("availability", \.availability, as: .section(), about: "In per cent; at least 99.95 when left out."),
        Key("latency_p95", \.latencyP95, as: .section(), about: "In seconds; at most 2 when left out."),
        Key("throughput", \.throughput, as: .section(), about: "Per minute; at least 45 when left out."),
    ]
}

/// One promise.
package struct ObjectiveConfiguration: Equatable, Sendable {
    package var query: String?
    package var threshold: Double?

    package init() {}
}

extension ObjectiveConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("query", \.query, as: .text, about: "PromQL with one number for its answer; $window is replaced."),
        Key(
            "threshold", \.threshold, as: .decimal,
            about: "The least (or, for a latency, the greatest) value that keeps it."),
    ]
}

/// A URL that says whether a component is well.
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
        Key("name", \.name, as: .text, required: true, about: "What it is called in reports."),
        Key("url", \.url, as: .httpURL, required: true, about: "What is asked for, with GET."),
        Key("timeout", \.timeout, as: .period, about: "Time for the answer; that of all checks when left out."),
        Key("critical", \.critical, as: .flag, about: "Whether its failure fails the recovery; true when left out."),
        Key("expect", \.expect, as: .status, about: "The HTTP status that is well; 200 when left out."),
        Key("contains", \.contains, as: .text, about: "Text that the answer must hold."),
    ]
}

/// A query whose answer is recorded with each backup.
package struct RecordedQueryConfiguration: Equatable, Sendable {
    package var component = ""
    package var query = ""
    package var tenant: String?

    package init() {}
}

extension RecordedQueryConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("component", \.component, as: .text, required: true, about: "A component whose kind takes queries."),
        Key(
            "query", \.query, as: .text, required: true,
            about: "A query in the language of the component, with a number, or numbers, for its answer."),
        Key("tenant", \.tenant, as: .text, about: "The tenant, where the server has some."),
    ]
}

/// The settings of one canary, as the kind of its component has them.
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

extension Shape where Value == Int {
    fileprivate static let status = Shape(schema: ["type": "integer", "minimum": 100, "maximum": 599]) { node, reader in
        guard let status = node.scalar.flatMap({ Int($0.string) }), (100...599).contains(status) else {
            reader.complain(node, "expected an HTTP status such as 200")
            return nil
        }
        return status
    }
}
