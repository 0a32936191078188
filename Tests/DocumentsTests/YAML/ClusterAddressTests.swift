import Testing

@testable import Documents

@Suite struct ClusterAddressTests {
    @Test(arguments: [
        ("kube://prod/monitoring/services/metrics:9090", "prod", "http://metrics.monitoring.svc:9090", ""),
        ("kube:///monitoring/services/metrics:9090/base", nil, "http://metrics.monitoring.svc:9090", "/base"),
        ("kube://a%2Fb/m/services/https:search:9200/_cat?v", "a/b", "https://search.m.svc:9200", "/_cat?v"),
        ("kube://arn:aws:eks:x@y/m/pods/search-0:9200", "arn:aws:eks:x@y", "http://search-0.m.pod:9200", ""),
    ])
    func `an address has a context, a server and a path`(
        _ text: String, _ context: String?, _ url: String, _ path: String
    ) throws {
        let address = try ClusterAddress.parse(text).get()
        #expect(address.context == context && address.url == url && address.path == path)
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
