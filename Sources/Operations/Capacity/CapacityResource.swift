import StackConfiguration
import Trends

/// One thing that a stack can run out of.
struct CapacityResource {
    var name: String
    /// In PromQL; nil for what the repository knows itself.
    var expression: String?
    var unit: ResourceOptions.Unit
    var thresholds = Thresholds()
    /// What to do before there is too little of it.
    var advice: String

    /// What `dr` knows, in the order of its report, as node_exporter and Prometheus itself measure it.
    private static let known = [
        CapacityResource(
            name: "cpu", expression: "1 - avg(rate(node_cpu_seconds_total{mode=\"idle\"}[1h]))", unit: .ratio,
            thresholds: Thresholds(warning: 0.7, critical: 0.9),
            advice: "add cores or machines, or find what computes so much: topk(5, rate(process_cpu_seconds_total[1h]))"
        ),
        CapacityResource(
            name: "memory",
            expression: "max by (instance) (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
            unit: .ratio, thresholds: Thresholds(warning: 0.8, critical: 0.95),
            advice: "add memory, or have fewer series: /api/v1/status/tsdb names the metrics that have most"),
        CapacityResource(
            name: "disk",
            expression: "max by (instance, mountpoint) (1 - node_filesystem_avail_bytes{\(fileSystems)}"
                + " / node_filesystem_size_bytes{\(fileSystems)})",
            unit: .ratio, thresholds: Thresholds(warning: 0.8, critical: 0.9),
            advice: "enlarge the volume, or keep data for a shorter time"),
        CapacityResource(
            name: "network",
            expression: "sum(rate(node_network_receive_bytes_total{device!=\"lo\"}[1h]))"
                + " + sum(rate(node_network_transmit_bytes_total{device!=\"lo\"}[1h]))",
            unit: .bytesPerSecond,
            advice: "move backups and large queries to quiet hours, or get a faster link"),
        CapacityResource(
            name: "ingestion", expression: "sum(rate(prometheus_tsdb_head_samples_appended_total[1h]))",
            unit: .perSecond,
            advice: "drop metrics that nobody queries, scrape less often, or divide the targets among servers"),
        CapacityResource(
            name: "queries",
            expression: "sum(rate(prometheus_http_requests_total{handler=~\"/api/v1/query(_range)?\"}[1h]))",
            unit: .perSecond, advice: "record what dashboards ask for again and again, or add a server for queries"),
        CapacityResource(
            name: "repository", unit: .bytes,
            advice: "keep backups for a shorter time (`dr retention simulate`), or get a larger store"),
        CapacityResource(
            name: "backup", unit: .bytes,
            advice: "a restore takes longer with every byte: check that a drill still meets the RTO"),
    ]

    private static let fileSystems = "fstype!~\"tmpfs|ramfs|overlay|squashfs|iso9660|nsfs\""

    /// What `dr` knows, changed as the configuration says, and what the configuration adds, by name.
    static func all(_ options: CapacityOptions) -> [CapacityResource] {
        let changed = known.map { $0.changed(options.resources[$0.name]) }
        let names = Set(known.map(\.name))
        let added = options.resources.filter { !names.contains($0.key) && $0.value.expression != nil }
        return changed
            + added.sorted { $0.key < $1.key }.map { name, options in
                CapacityResource(name: name, unit: .count, advice: "make room before it is needed").changed(options)
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
