package import Components
package import Documents

/// The settings of `dr capacity`.
package struct CapacityOptions: Equatable, Sendable {
    /// The component whose server has the history; nil for the first component with metrics.
    package var source: String?
    /// The length of the history to read.
    package var history = Period.days(90)
    /// Resources by name: overrides for known ones, definitions for others.
    package var resources: [String: ResourceOptions] = [:]

    package init() {}
}

extension CapacityOptions: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "source", \.source, as: .text,
            about: "Component whose server has the history. Default: the first component with metrics."),
        Key("history", \.history, as: .period, about: "Length of the history to read. Default: 90d."),
        Key(
            "resources", \.resources, as: .mapping(of: .section()),
            about:
                "Thresholds and expressions by resource: cpu, memory, disk, network, ingestion, queries, repository, "
                + "backup, or a name of your own."),
    ]
}

/// One resource of the stack.
package struct ResourceOptions: Equatable, Sendable {
    /// A PromQL expression; nil for the default of a known resource.
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
        Key(
            "expression", \.expression, as: .text,
            about: "PromQL expression. dr forecasts each series of the result separately."),
        Key("unit", \.unit, as: .word(), about: "Unit of the values: ratio, bytes, bytes/s, 1/s or count."),
        Key("warning", \.warning, as: .quantity, about: "Warning threshold, such as 80%, 500GiB, or a number."),
        Key("critical", \.critical, as: .quantity, about: "Critical threshold; greater than 'warning'."),
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
