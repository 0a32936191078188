/// The rules of a kind whose server stores metrics of the stack.
package struct MetricRules<Kind: ComponentKind>: Sendable {
    /// Makes the client.
    package var server: @Sendable (Kind, ComponentContext) throws -> any MetricServer
    /// The resources of the stack that the kind's server can measure, in the order of the report.
    package var resources: [MetricResource]

    package init(
        resources: [MetricResource], server: @escaping @Sendable (Kind, ComponentContext) throws -> any MetricServer
    ) {
        self.server = server
        self.resources = resources
    }
}

/// One resource that a stack can exhaust, as a metric server measures it.
package struct MetricResource: Sendable {
    package enum Unit: String, CaseIterable, Codable, Sendable {
        /// A share, 0...1, shown in per cent.
        case ratio
        case bytes
        case bytesPerSecond = "bytes/s"
        case perSecond = "1/s"
        case count
    }

    package var name: String
    /// A PromQL expression; each series of its result is forecast separately.
    package var expression: String
    package var unit: Unit
    /// The threshold in the resource's unit; nil if there is no useful default.
    package var warning: Double?
    package var critical: Double?
    /// Advice for the time before the resource runs out.
    package var advice: String

    package init(
        _ name: String, _ unit: Unit, expression: String, warning: Double? = nil, critical: Double? = nil,
        advice: String
    ) {
        self.name = name
        self.expression = expression
        self.unit = unit
        self.warning = warning
        self.critical = critical
        self.advice = advice
    }
}

extension ComponentKind {
    package static var keepsMetrics: Bool { metrics != nil }

    /// The resources that the kind can measure; empty without metrics.
    package static var measuredResources: [MetricResource] { metrics?.resources ?? [] }

    /// - Returns: nil if the kind does not keep metrics.
    package func metricServer(_ context: ComponentContext) throws -> (any MetricServer)? {
        try Self.metrics?.server(self, context)
    }
}
