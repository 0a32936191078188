import Testing

@testable import Prometheus

@Suite struct LoadedConfigurationTests {
    @Test(
        arguments: [
            // Nothing is scraped: the default interval of an agent that pushes, and some margin.
            ("", 70), ("scrape_configs: []", 70), ("global: {scrape_interval: 1s}", 70),
            ("global: {scrape_interval: 30s}\nscrape_configs: [{job_name: a}]", 40),
            ("global: {scrape_interval: 30s}\nscrape_configs: [{job_name: a}, {scrape_interval: 2m}]", 130),
            ("global: {scrape_interval: 1s}\nscrape_configs: [{job_name: a}]", 15),
            ("scrape_configs: [{job_name: a}]", 70),
            // Rules add new samples too.
            ("global: {scrape_interval: 5s, evaluation_interval: 1m30s}\nscrape_configs: [{job_name: a}]", 15),
            (
                "global: {scrape_interval: 5s, evaluation_interval: 1m30s}\nscrape_configs: [{a: b}]\nrule_files: [a.yml]",
                100
            ),
            ("scrape_configs: [{scrape_interval: 1y}]", 600),
            ("scrape_configs: [{scrape_interval: 99999999999999d}]", 70),
            ("scrape_configs: {a: 1}", 70), ("[[[", 70), ("scrape_configs: [7, [], null]", 70),
        ] as [(String, Int)])
    func `the wait for new samples comes from the longest interval`(yaml: String, seconds: Int) {
        #expect(LoadedConfiguration(yaml: yaml).patience == seconds)
    }

    @Test(
        arguments: [
            ("storage: {tsdb: {outofordertimewindow: 129600000, out_of_order_time_window: 1d12h}}", "1d12h"),
            ("storage: {tsdb: {out_of_order_time_window: 0s}}", nil), ("storage: {tsdb: null}", nil),
            ("storage: 1", nil),
        ] as [(String, String?)])
    func `the window for late samples is found where there is one`(yaml: String, window: String?) {
        #expect(LoadedConfiguration(yaml: yaml).outOfOrderWindow == window)
    }

    @Test(
        arguments: [
            ("storage: {tsdb: {retention: {percentage: 80}}}", 80),
            ("storage: {tsdb: {retention: {percentage: 12.5}}}", 12.5),
            ("storage: {tsdb: {retention: {percentage: 0}}}", nil),
            ("storage: {tsdb: {retention: {percentage: .nan}}}", nil),
            ("storage: {tsdb: {retention: {percentage: 1e300}}}", nil),
            ("storage: {tsdb: {retention: {time: 1d}}}", nil),
        ] as [(String, Double?)])
    func `a retention in per cent is found where it is a share`(yaml: String, share: Double?) {
        #expect(LoadedConfiguration(yaml: yaml).retentionPercentage == share)
    }
}
