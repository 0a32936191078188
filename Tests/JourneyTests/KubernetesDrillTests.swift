import Documents
import Foundation
import Lab
import Testing

/// Drills of plans for Kubernetes, by the real kubectl against the stand-in of an API server.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesDrillTests {
    private struct Outcome: Decodable {
        struct Control: Decodable { var red: [String], noticed: Bool }
        var verdict: String
        var reasons: [String]
        var negativeControl: Control?
    }

    private let cluster: KubernetesStandIn
    private let journey: Journey

    /// A cluster for drills, a kubeconfig whose current context is the live one, and a backup of manifests.
    init() async throws {
        cluster = try await KubernetesStandIn()
        let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let kubeconfig = try TemporaryFolder("kubeconfig")
        let file = kubeconfig.url.appending(path: "config")
        let twin = "- {name: twin, context: {cluster: elsewhere, user: nobody}}\n"
        try Data(cluster.kubeconfig.replacing("contexts:\n", with: "contexts:\n\(twin)").utf8).write(to: file)
        journey = try await Journey(
            components: "configuration: {kind: files, data: DATA}",
            environment: [
                "PATH": "\(kubectl):\(path)", "KUBECONFIG": file.path, "NO_PROXY": "127.0.0.1",
            ], initialize: false)
        journey.keep(kubeconfig)
        let settings = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: settings, encoding: .utf8).replacing("DATA", with: journey.data.path)
        try Data(text.utf8).write(to: settings)
        try await journey.expect(0, "init")
        // Without its checks: they are of servers that this stack has not.
        let source = try await journey.expect(0, "plan", "show", "namespace_deletion", "--source").output
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(source.replacing("\nchecks: [", with: "\n#").utf8)
            .write(to: plans.appending(path: "monitoring_namespace_deletion.yaml"))
        try journey.write(
            "kubernetes/prometheus.yaml",
            """
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: prometheus}
            spec:
              replicas: 1
              selector: {matchLabels: {app: prometheus}}
              template:
                metadata: {labels: {app: prometheus}}
                spec: {containers: [{name: main, image: "prometheus:1"}]}

            """)
        try await journey.expect(0, "backup")
    }

    private var drill: [String] {
        [
            "drill", "--scenario", "monitoring_namespace_deletion", "--param", "platform=kubernetes", "--param",
            "data=kept",
        ]
    }

    private func refused(_ arguments: String...) async throws -> String {
        let run = try await journey.dr(drill + arguments)
        #expect(run.status != 0)
        return run.errors
    }

    private var namespaces: [String] {
        cluster.with { $0.names(of: "Namespace") }
    }

    @Test func `the namespace is the drills own and goes with it`() async throws {
        let run = try await journey.dr(drill + ["--param", "context=lab", "--inject", "missing_pack", "--json"])
        let outcome = try JSONDecoder().decode(Outcome.self, from: Data(run.output.utf8))
        #expect(outcome.verdict == "passed", "\(outcome)\n\(run.errors)")
        #expect(outcome.negativeControl?.red == ["configuration"])
        let paths = cluster.server.requests.keys.filter { $0.contains("/namespaces/") }
        let touched = Set(paths.map { String($0.split(separator: "/namespaces/")[1].prefix { $0 != "/" }) })
        #expect(!touched.isEmpty && touched.allSatisfy { $0.hasPrefix("dr-drill-") }, "\(touched)")
        #expect(paths.contains { $0.hasSuffix("/statefulsets/prometheus") }, "\(paths)")
        #expect(namespaces == ["default"])
    }

    @Test func `the live cluster is refused by any name`() async throws {
        #expect(try await refused("--param", "context=elsewhere").contains("it is the same context"))
        #expect(try await refused("--param", "context=twin").contains("their API servers are the same"))
        #expect(try await refused("--param", "context=nowhere").contains("kubectl does not know its API server"))
        #expect(
            try await refused("--param", "context=lab", "--param", "namespace=monitoring")
                .contains("a drill creates and removes its own namespace"))
        // A plan that says its namespace outright.
        let plan = """
            scenario: fixed
            steps:
              - {id: back, restore: configuration, timeout: 5m}
              - {id: scale, kubectl: {scale: statefulset/prometheus, replicas: 0, namespace: monitoring, context: lab}}

            """
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: plans.appending(path: "fixed.yaml"))
        let fixed = try await journey.expect(1, "drill", "--scenario", "fixed")
        #expect(fixed.errors.contains("step 'scale' uses namespace 'monitoring', and not the drill's namespace"))
        #expect(!cluster.server.requests.keys.contains { $0.contains("/namespaces/") })
    }

    /// kubectl ignores the namespace of such a step: it would delete the live one.
    @Test(arguments: ["{delete: namespace/victim", "{patch: pv/data, with: {spec: {}}", "{delete: secretstore/x"])
    func `a step that changes an object outside of namespaces is refused`(_ verb: String) async throws {
        let plan = """
            scenario: reaching
            parameters: {namespace: monitoring}
            steps:
              - {id: back, restore: configuration, timeout: 5m}
              - {id: reach, kubectl: \(verb), namespace: "${namespace}", context: lab}}

            """
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: plans.appending(path: "reaching.yaml"))
        let run = try await journey.expect(1, "drill", "--scenario", "reaching")
        #expect(run.errors.contains("step 'reach' changes a"), "\(run.errors)")
        #expect(namespaces == ["default"])
    }

    @Test func `an interrupted drill cleans up, and the next drill cleans up after a killed one`() async throws {
        let plan = """
            scenario: slow
            parameters: {namespace: monitoring, pause: 10m}
            steps:
              - {id: back, restore: configuration, timeout: 5m}
              - {id: namespace, kubectl: {create_namespace: "${namespace}", context: lab}, timeout: 1m}
              - {id: wait, needs: [namespace], wait: "${pause}", timeout: 20m}

            """
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: plans.appending(path: "slow.yaml"))
        func started() async throws -> ServerProcess {
            let drill = try await ServerProcess(
                "dr", executable: Journey.program, arguments: ["drill", "--scenario", "slow"],
                folder: journey.folder.url, environment: journey.environment)
            try await drill.waitUntil { namespaces.count == 2 }
            return drill
        }
        let interrupted = try await started()
        try await interrupted.stop()
        #expect(namespaces == ["default"])

        let killed = try await started()
        kill(killed.processIdentifier, SIGKILL)
        while killed.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        let left = try #require(namespaces.first { $0.hasPrefix("dr-drill-") })
        let again = try await journey.dr(
            ["drill", "--scenario", "slow", "--param", "pause=1s", "--inject", "missing_pack"])
        #expect(again.status == 0, "\(again.output)\n\(again.errors)")
        #expect(!namespaces.contains(left) && namespaces == ["default"])
    }
}
