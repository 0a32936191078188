internal import Documents

/// The settings of a loaded configuration that decide the content of a snapshot, the retention of data, and the longest
/// wait for new samples.
package struct LoadedConfiguration: Equatable, Sendable {
    /// `storage: tsdb: out_of_order_time_window`, "1d12h"; nil if late samples are refused.
    package var outOfOrderWindow: String?
    /// `storage: tsdb: retention: percentage`; nil if it is not set.
    package var retentionPercentage: Double?
    /// Milliseconds from one scrape to the next, of the job that is scraped least often; nil if no job is scraped.
    package var longestScrapeInterval: Int?
    /// Milliseconds from one evaluation to the next, if there are rules.
    package var evaluationInterval: Int?

    /// Prometheus' own default for both intervals, in milliseconds.
    private static let defaultInterval = 60_000

    /// - Parameter yaml: from `/api/v1/status/config`. Unreadable settings count as not set.
    package init(yaml: String) {
        guard let root = YAMLNode.composed(ofServer: yaml) else { return }
        func duration(_ node: YAMLNode?) -> Int? { node?.scalar.flatMap { PrometheusDuration.parse($0.string) } }
        let global = root["global"]
        let scrape = duration(global?["scrape_interval"]) ?? Self.defaultInterval
        let jobs = root["scrape_configs"]?.sequence.map(Array.init) ?? []
        longestScrapeInterval = jobs.map { duration($0["scrape_interval"]) ?? scrape }.max()
        if root["rule_files"]?.sequence?.isEmpty == false {
            evaluationInterval = duration(global?["evaluation_interval"]) ?? Self.defaultInterval
        }
        let tsdb = root["storage"]?["tsdb"]
        if let window = tsdb?["out_of_order_time_window"]?.scalar?.string, PrometheusDuration.parse(window) != 0 {
            outOfOrderWindow = window
        }
        retentionPercentage = tsdb?["retention"]?["percentage"]?.scalar.flatMap { Double($0.string) }
            .flatMap { (0...100).contains($0) && $0 > 0 ? $0 : nil }
    }

    /// Seconds that a healthy server may take until it has appended new samples: its longest interval, of scrapes or of
    /// rules, and some margin; 15 at least, 600 at most.
    package var patience: Int {
        let longest = [longestScrapeInterval, evaluationInterval].compactMap { $0 }.max() ?? Self.defaultInterval
        return min(max(15, longest / 1000 + 10), 600)
    }
}

extension PrometheusAPI {
    package func loadedConfiguration() async throws -> LoadedConfiguration {
        LoadedConfiguration(yaml: try await configuration())
    }
}
