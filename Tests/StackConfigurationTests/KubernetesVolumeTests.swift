import Documents
import StackConfiguration
import Testing

@Suite struct KubernetesVolumeTests {
    private func parse(_ component: String) throws -> Configuration {
        try ConfigurationFile.parse(
            "store: {url: file:///s}\ncomponents:\n  \(component)\n", file: "dr.yaml", folder: "/", kinds: kinds)
    }

    @Test func `a volume takes the place of a data directory`() throws {
        let component = try #require(
            try parse(
                "p: {kind: prometheus, url: 'http://p:9090', kubernetes: {workload: statefulset/p, path: /prometheus}}"
            ).components.first)
        #expect(component.volume?.workload == "statefulset/p")
        #expect(component.volume?.access == .mover && component.volume?.mode == .stream)
        #expect(component.entry["data"] == "/prometheus")
        #expect(component.entry["url"] == "http://p:9090")
        #expect(component.entry["kubernetes"] == nil)
    }

    @Test(arguments: [
        ("f: {kind: files, data: /x, kubernetes: {workload: statefulset/p}}", "exclude each other"),
        ("f: {kind: files, kubernetes: {}}", "needs 'workload' or 'claim'"),
        ("f: {kind: files, kubernetes: {claim: c}}", "needs 'path'"),
        ("f: {kind: files, kubernetes: {workload: p}}", "not a workload"),
        ("f: {kind: files, kubernetes: {workload: statefulset/p, path: ../x}}", "not an absolute path"),
        ("f: {kind: files, kubernetes: {workload: statefulset/p, mode: in_cluster}}", "needs 'config_map'"),
        (
            "f: {kind: files, kubernetes: {workload: statefulset/p, access: exec, mode: in_cluster, config_map: c}}",
            "exec"
        ),
        ("f: {kind: files, kubernetes: {claim: c, path: /x, access: exec}}", "needs 'workload'"),
        ("f: {kind: files, kubernetes: {workload: statefulset/p, shards: 3}}", "'shards' needs mode 'in_cluster'"),
        (
            "f: {kind: files, kubernetes: {workload: statefulset/p, mode: in_cluster, config_map: c, shards: 65}}",
            "64"
        ),
        ("g: {kind: grafana, url: 'http://g', kubernetes: {workload: deployment/g}}", "no data directory"),
        ("f: {kind: files}", "'data' is missing"),
    ])
    func `a wrong volume is refused in words`(component: String, words: String) {
        let error = #expect(throws: DocumentError.self) { try parse(component) }
        #expect(error.map { "\($0)".contains(words) } == true, "\(error.map { "\($0)" } ?? "")")
    }
}
