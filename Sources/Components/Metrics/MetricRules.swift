/// The rules of a kind whose server stores metrics of the stack.
package struct MetricRules<Kind: ComponentKind>: Sendable {
    /// Makes the client.
    package var server: @Sendable (Kind, ComponentContext) throws -> any MetricServer
    /// The resources that the kind's server can measure of the stack, in the order of the forecast's report.
    package var resources: [MetricResource]

    package init(
        resources: [MetricResource], server: @escaping @Sendable (Kind, ComponentContext) throws -> any MetricServer
    ) {
        self.server = server
        self.resources = resources
    }
}

/// One thing that a stack can run out of, as a metric server measures it.
package struct MetricResource: Sendable {
    package enum Unit: String, CaseIterable, Codable, Sendable {
        /// 0...1, shown in percent.
        case ratio
        case bytes
        case bytesPerSecond = "bytes/s"
        case perSecond = "1/s"
        case count
    }

    package var name: String
    /// In PromQL; each series that it gives is forecast by itself.
    package var expression: String
    package var unit: Unit
    /// In the resource's unit; nil where no value is bad in itself.
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

    /// The resources that the kind can measure; none where it keeps no metrics.
    package static var measuredResources: [MetricResource] { metrics?.resources ?? [] }

    /// - Returns: nil where the kind keeps no metrics.
    package func metricServer(_ context: ComponentContext) throws -> (any MetricServer)? {
        try Self.metrics?.server(self, context)
    }
}
