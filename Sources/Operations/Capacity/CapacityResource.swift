import Components
import StackConfiguration
import Trends

/// One resource that a stack can exhaust.
struct CapacityResource {
    var name: String
    /// A PromQL expression; nil if the repository has the history.
    var expression: String?
    var unit: MetricResource.Unit
    var thresholds = Thresholds()
    /// The recommendation before the resource is exhausted.
    var advice: String

    init(
        name: String, expression: String? = nil, unit: MetricResource.Unit, thresholds: Thresholds = Thresholds(),
        advice: String
    ) {
        self.name = name
        self.expression = expression
        self.unit = unit
        self.thresholds = thresholds
        self.advice = advice
    }

    private init(_ resource: MetricResource) {
        self.init(
            name: resource.name, expression: resource.expression, unit: resource.unit,
            thresholds: Thresholds(warning: resource.warning, critical: resource.critical), advice: resource.advice)
    }

    /// The resources whose history is in the repository.
    private static let ofTheRepository = [
        CapacityResource(
            name: "repository", unit: .bytes,
            advice: "keep backups for a shorter time (see `dr retention simulate`), or use a larger store"),
        CapacityResource(
            name: "backup", unit: .bytes,
            advice: "a larger backup takes longer to restore: check with a drill that the RTO is still met"),
    ]

    /// The resources in the order of the report, with the changes of the configuration, followed by the resources that
    /// the configuration adds, sorted by name.
    /// - Parameter measured: the resources that the metric server measures.
    static func all(_ measured: [MetricResource], _ options: CapacityOptions) -> [CapacityResource] {
        let known = measured.map { CapacityResource($0) } + ofTheRepository
        let changed = known.map { $0.changed(options.resources[$0.name]) }
        let names = Set(known.map(\.name))
        let added = options.resources.filter { !names.contains($0.key) && $0.value.expression != nil }
        return changed
            + added.sorted { $0.key < $1.key }.map { name, options in
                CapacityResource(name: name, unit: .count, advice: "add capacity before the threshold is reached")
                    .changed(options)
            }
    }

    private func changed(_ options: ResourceOptions?) -> CapacityResource {
        guard let options else { return self }
        var resource = self
        if let expression = options.expression { resource.expression = expression }
        if let unit = options.unit { resource.unit = unit }
        if let warning = options.warning { resource.thresholds.warning = warning }
        if let critical = options.critical { resource.thresholds.critical = critical }
        return resource
    }
}
