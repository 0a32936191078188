import Testing

@testable import Documents

@Suite struct ClusterAddressTests {
    struct Example: Sendable {
        var text: String
        var context: String?
        var url: String
        var path = ""
    }

    @Test(arguments: [
        Example(
            text: "kube://prod/monitoring/services/metrics:9090", context: "prod",
            url: "http://metrics.monitoring.svc:9090"),
        Example(
            text: "kube:///monitoring/services/metrics:9090/base", url: "http://metrics.monitoring.svc:9090",
            path: "/base"),
        Example(
            text: "kube://a%2Fb/m/services/https:search:9200/_cat?v", context: "a/b", url: "https://search.m.svc:9200",
            path: "/_cat?v"),
        Example(
            text: "kube://arn:aws:eks:x@y/m/pods/search-0:9200", context: "arn:aws:eks:x@y",
            url: "http://search-0.m.pod:9200"),
    ])
    func `an address has a context, a server and a path`(_ example: Example) throws {
        let address = try ClusterAddress.parse(example.text).get()
        #expect(address.context == example.context && address.url == example.url && address.path == example.path)
    }

    @Test(arguments: [
        "kube://", "kube://prod/monitoring/services/metrics", "kube://prod/monitoring/metrics:9090",
        "kube://prod/Monitoring/services/metrics:9090", "kube://prod/monitoring/services/metrics:0",
        "kube://prod/monitoring/deployments/metrics:9090", "kube://--user=x/monitoring/services/metrics:9090",
        "kube://prod/monitoring/services/-metrics:9090", "kube://pr od/monitoring/services/metrics:9090",
        "kube://%zz/monitoring/services/metrics:9090", "http://prod/monitoring/services/metrics:9090",
    ])
    func `other addresses are refused`(_ text: String) {
        #expect(throws: HTTPAddress.Refusal.self) { try ClusterAddress.parse(text).get() }
    }
}
