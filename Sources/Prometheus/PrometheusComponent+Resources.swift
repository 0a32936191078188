internal import Components

extension PrometheusComponent {
    /// Resources of the stack as node_exporter and Prometheus itself measure them.
    static let resources = [
        MetricResource(
            "cpu", .ratio, expression: "1 - avg(rate(node_cpu_seconds_total{mode=\"idle\"}[1h]))", warning: 0.7,
            critical: 0.9,
            advice: "add cores or machines, or find the busiest processes: topk(5, rate(process_cpu_seconds_total[1h]))"
        ),
        MetricResource(
            "memory", .ratio,
            expression: "max by (instance) (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
            warning: 0.8, critical: 0.95,
            advice: "add memory, or reduce the number of series: /api/v1/status/tsdb lists the metrics with the most"),
        MetricResource(
            "disk", .ratio,
            expression: "max by (instance, mountpoint) (1 - node_filesystem_avail_bytes{\(fileSystems)}"
                + " / node_filesystem_size_bytes{\(fileSystems)})",
            warning: 0.8, critical: 0.9, advice: "enlarge the volume, or keep data for a shorter time"),
        MetricResource(
            "network", .bytesPerSecond,
            expression: "sum(rate(node_network_receive_bytes_total{device!=\"lo\"}[1h]))"
                + " + sum(rate(node_network_transmit_bytes_total{device!=\"lo\"}[1h]))",
            advice: "move backups and large queries to quiet hours, or get a faster link"),
        MetricResource(
            "ingestion", .perSecond, expression: "sum(rate(prometheus_tsdb_head_samples_appended_total[1h]))",
            advice: "drop unused metrics, scrape less often, or divide the targets among servers"),
        MetricResource(
            "queries", .perSecond,
            expression: "sum(rate(prometheus_http_requests_total{handler=~\"/api/v1/query(_range)?\"}[1h]))",
            advice: "record the queries that dashboards repeat, or add a server for queries"),
    ]

    private static let fileSystems = "fstype!~\"tmpfs|ramfs|overlay|squashfs|iso9660|nsfs\""
}
