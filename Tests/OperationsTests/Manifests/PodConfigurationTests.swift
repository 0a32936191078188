import Documents
import Testing

@testable import Operations

/// `dr.yaml` for pods, which have no kubeconfig.
@Suite struct PodConfigurationTests {
    private func pod(_ text: String) throws -> PodConfiguration {
        PodConfiguration(try YAMLDocument(text, file: "dr.yaml", folder: "/"))
    }

    private func root(_ pod: PodConfiguration) throws -> JSONValue? {
        JSONValue.documents(ofYAML: try pod.text() ?? "")?.first
    }

    @Test func `pods get neither the context of the stack nor the folder for state`() throws {
        let pod = try pod(
            """
            state: /home/user/state
            kubernetes: {context: production}
            components:
              metrics: {kind: prometheus, url: "kube://production/monitoring/services/https:metrics:9090/x"}
              logs: {kind: loki, kubernetes: {context: production, workload: statefulset/logs}}
              web: {kind: files, data: "/yes"}
            """)
        let root = try #require(try root(pod))
        #expect(root["state"] == nil && root["kubernetes"] == nil)
        let parts = root["components"]
        #expect(parts?["metrics"]?["url"]?.text == "kube:///monitoring/services/https:metrics:9090/x")
        #expect(parts?["logs"]?["kubernetes"]?["context"] == nil)
        #expect(parts?["logs"]?["kubernetes"]?["workload"]?.text == "statefulset/logs")
        #expect(parts?["web"]?["data"]?.text == "/yes")
        #expect(pod.remarks.count == 1 && pod.remarks[0].contains("does not name the context 'production'"))
    }

    @Test func `the context of another cluster stays, with a remark`() throws {
        let pod = try pod(
            """
            kubernetes: {context: production, namespace: monitoring}
            components:
              logs: {kind: loki, kubernetes: {context: elsewhere, workload: statefulset/logs}}
            """)
        let root = try #require(try root(pod))
        #expect(root["kubernetes"]?["namespace"]?.text == "monitoring")
        #expect(root["kubernetes"]?["context"] == nil)
        #expect(root["components"]?["logs"]?["kubernetes"]?["context"]?.text == "elsewhere")
        #expect(pod.remarks.contains { $0.hasPrefix("components.logs.kubernetes.context: pods do not have") })
    }

    @Test func `a configuration without a context is printed as it is`() throws {
        let pod = try pod("store: {url: file:///store}  # comment")
        #expect(try pod.text() == nil && pod.remarks == [])
    }
}
