package import Components
package import Documents
internal import Yams

/// What `dr capacity` looks at, beyond what it knows itself.
package struct CapacityOptions: Equatable, Sendable {
    /// The component whose server has the history; nil for the first that keeps metrics.
    package var source: String?
    /// How far back it is read.
    package var history = Period.days(90)
    /// By name: of a known resource, what is different; of another, what it is.
    package var resources: [String: ResourceOptions] = [:]

    package init() {}
}

extension CapacityOptions: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "source", \.source, as: .text,
            about: "The component whose server has the history; the first that keeps metrics if left out."),
        Key("history", \.history, as: .period, about: "How far back the history is read: 90d when left out."),
        Key(
            "resources", \.resources, as: .mapping(of: .section()),
            about:
                "Thresholds and expressions by resource: cpu, memory, disk, network, ingestion, queries, repository, "
                + "backup, or a name of your own."),
    ]
}

/// One resource of the stack.
package struct ResourceOptions: Equatable, Sendable {
    /// In PromQL; nil leaves the choice to `dr`.
    package var expression: String?
    package var unit: Unit?
    /// In the resource's unit.
    package var warning: Double?
    package var critical: Double?

    package typealias Unit = MetricResource.Unit

    package init(
        expression: String? = nil, unit: Unit? = nil, warning: Double? = nil, critical: Double? = nil
    ) {
        self.expression = expression
        self.unit = unit
        self.warning = warning
        self.critical = critical
    }
}

extension ResourceOptions: Section {
    package init() { self.init(expression: nil) }

    package static let keys: [Key<Self>] = [
        Key("expression", \.expression, as: .text, about: "PromQL; each series that it gives is forecast by itself."),
        Key("unit", \.unit, as: .word(), about: "What the values are: ratio, bytes, bytes/s, 1/s or count."),
        Key("warning", \.warning, as: .quantity, about: "Above it somebody should look: 80%, 500GiB, or a number."),
        Key("critical", \.critical, as: .quantity, about: "Above it the stack is in trouble; greater than 'warning'."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if let warning, let critical, critical <= warning {
            reader.complain(written["critical"], "'critical' must be greater than 'warning'")
        }
    }
}

extension Shape where Value == Double {
    /// An amount above zero: a number, a size such as `500GiB`, or a share such as `80%`.
    fileprivate static let quantity = Shape(schema: ["type": ["number", "string"]]) { node, reader in
        let text = node.scalar?.string ?? ""
        let amount =
            text.hasSuffix("%")
            ? Double(text.dropLast()).map { $0 / 100 } : Double(text) ?? ByteCount.parse(text).map(Double.init)
        guard let amount, amount.isFinite, amount > 0 else {
            reader.complain(
                node, "expected an amount above zero such as 80%, 500GiB or 1200, found \(node.kindForPeople)")
            return nil
        }
        return amount
    }
}
