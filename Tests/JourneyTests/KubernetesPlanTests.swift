import Documents
import Foundation
import Lab
import Synchronization
import Testing

/// The program's own plans against a cluster: the real kubectl, the stand-in of an API server, and what the cluster's
/// workloads would run.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesPlanTests {
    /// A cluster with the workloads of a stack, and a journey that knows it as `lab`.
    private struct Cluster {
        let standIn: KubernetesStandIn
        let journey: Journey
        let environment: [String: String]

        init(components: String, checks: String, extra: String = "") async throws {
            let contract = Journey.checkout.appending(path: "fixtures/contracts/kubernetes.json")
            standIn = try await KubernetesStandIn(contract: try APIContract(contentsOf: contract))
            journey = try await Journey(
                components: components, extra: "checks: \(checks)\nobjectives: {rpo: 1h}\n\(extra)")
            let kubeconfig = journey.folder.url.appending(path: "kubeconfig")
            try Data(standIn.kubeconfig.utf8).write(to: kubeconfig)
            let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            environment = [
                "PATH": "\(kubectl):\(path)", "HOME": journey.folder.path, "KUBECONFIG": kubeconfig.path,
                "NO_PROXY": "127.0.0.1",
            ]
        }

        /// Replays a scenario on Kubernetes.
        func replay(_ scenario: String, _ parameters: [String] = [], _ more: [String] = []) async throws -> CommandRun {
            let values = (["platform=kubernetes", "context=lab"] + parameters).flatMap { ["--param", $0] }
            return try await CommandRun.run(
                Journey.program, ["restore", "--scenario", scenario, "--yes", "--json"] + values + more,
                in: journey.folder.url, environment: environment)
        }

        /// What the cluster already runs, as whoever runs it would have told it.
        func kubectl(_ arguments: String...) async throws {
            let run = try await CommandRun.run(
                try LabTool.path("kubectl"), ["--context=lab"] + arguments, in: journey.folder.url,
                environment: environment)
            try #require(run.status == 0, "kubectl \(arguments): \(run.errors)")
        }

        /// A namespace with the workload that a folder of manifests makes.
        func found(_ workload: String, _ manifests: String) async throws {
            try write("namespace.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: monitoring}}\n")
            try await kubectl("apply", "--server-side", "--filename=namespace.yaml")
            try await kubectl(
                "--namespace=monitoring", "apply", "--server-side", "--field-manager=dr", "--filename=\(manifests)")
            try await kubectl("--namespace=monitoring", "rollout", "status", workload, "--timeout=2m")
        }

        func write(_ path: String, _ text: String) throws {
            let file = journey.folder.url.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }

        func image(of workload: (kind: String, name: String)) -> String? {
            let object = standIn.with { $0.object(workload.kind, workload.name, in: "monitoring") }
            return object?["spec"]?["template"]?["spec"]?["containers"]?.array?.first?["image"]?.text
        }

        static func manifest(_ kind: String, _ name: String, image: String) -> String {
            """
            apiVersion: apps/v1
            kind: \(kind)
            metadata: {name: \(name)}
            spec:
              replicas: 1
              selector: {matchLabels: {app: \(name)}}
              template:
                metadata: {labels: {app: \(name)}}
                spec: {containers: [{name: main, image: "\(image)"}]}

            """
        }
    }

    // MARK: Data that are lost

    enum Loss: String, CaseIterable {
        case complete_cluster_loss, monitoring_namespace_deletion, prometheus_data_corruption
    }

    /// The Prometheus is a real one that runs as long as the cluster has a replica of it: its data cannot be replaced
    /// before the plan has scaled it down, and is ready only once the plan has scaled it up again.
    @Test(arguments: Loss.allCases) func `the plan restores the lost namespace, workloads or data`(_ loss: Loss)
        async throws
    {
        let folder = try TemporaryFolder("kubernetes-prometheus")
        let data = folder.url.appending(path: "tsdb")
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200
        _ = try await OpenMetricsHistory(interval: end - 4 * 3600...end, step: 60, instances: 1).makeBlocks(
            in: data)
        let server = try await PrometheusServer.start(data: data, folder: folder.url)
        let rules = folder.url.appending(path: "rules")
        try FileManager.default.createDirectory(at: rules, withIntermediateDirectories: true)
        try Data("groups: []\n".utf8).write(to: rules.appending(path: "rules.yml"))
        let cluster = try await Cluster(
            components: """
                prometheus: {url: '\(server.url)', data: \(data.path)}
                  rules: {kind: files, data: \(rules.path)}
                """, checks: "{interval: 2m, record: false}")
        try cluster.write("manifests/prometheus.yaml", Cluster.manifest("StatefulSet", "prometheus", image: "p:1"))
        try await cluster.found("statefulset/prometheus", "manifests")
        try await cluster.journey.expect(0, "backup")

        let pods = Pods(of: server, in: cluster.standIn, folder: folder.url)
        switch loss {
        case .complete_cluster_loss, .monitoring_namespace_deletion:
            try await cluster.kubectl("delete", "namespace", "monitoring")
            try await pods.settle()
            try FileManager.default.removeItem(at: data)
            try FileManager.default.removeItem(at: rules)
        case .prometheus_data_corruption:
            let block = try #require(
                try FileManager.default.contentsOfDirectory(atPath: data.path).first { $0.count == 26 })
            try Data("damaged".utf8).write(to: data.appending(path: "\(block)/index"))
        }
        let running = Task { try await pods.run() }
        let run = try await cluster.replay(
            loss.rawValue, loss == .prometheus_data_corruption ? [] : ["manifests=manifests"],
            ["--failed-at", Date(timeIntervalSince1970: Double(end)).ISO8601Format()])
        running.cancel()
        try await running.value
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        let answer = try JSONValue(parsing: run.output)
        #expect(answer["verdict"]?.text == "recovered" && answer["validatedBy"]?.text == "checks")
        #expect(await pods.starts > 0, "it was never scaled up")
        #expect(!run.errors.contains("attempt 2"), "\(run.errors)")
        #expect(cluster.standIn.with { $0.object("Pod", "prometheus-0", in: "monitoring") } != nil)
        let blocks = try FileManager.default.contentsOfDirectory(atPath: data.path).filter { $0.count == 26 }
        #expect(!blocks.isEmpty)
        for block in blocks { #expect(try Data(contentsOf: data.appending(path: "\(block)/index")).count > 1000) }
        #expect(FileManager.default.fileExists(atPath: rules.appending(path: "rules.yml").path))
        #expect(cluster.standIn.server.violations == [])
        try await pods.end()
    }

    /// Does to a Prometheus what a node does to its pod.
    private actor Pods {
        private var server: PrometheusServer?
        private let port: UInt16
        private let data: URL
        private let standIn: KubernetesStandIn
        private let folder: URL
        private(set) var starts = 0

        init(of server: PrometheusServer, in standIn: KubernetesStandIn, folder: URL) {
            self.server = server
            (port, data) = (server.port, server.data)
            self.standIn = standIn
            self.folder = folder
        }

        func run() async throws {
            while !Task.isCancelled {
                try await settle()
                try? await Task.sleep(for: .milliseconds(50))
            }
        }

        func settle() async throws {
            let isWanted = standIn.with { $0.object("Pod", "prometheus-0", in: "monitoring") } != nil
            if !isWanted { try await end() } else if server == nil { await start() }
        }

        private func start() async {
            var options = PrometheusServer.Options()
            options.port = port
            server = try? await PrometheusServer.start(data: data, folder: folder, options)
            starts += 1
        }

        func end() async throws {
            try await server?.stop()
            server = nil
        }
    }

    // MARK: Versions and levels

    /// A Grafana of which an image runs, what answers for it as long as a pod of it is ready, and files to back up.
    private func updated(_ extra: String = "") async throws -> (Cluster, ScriptedServer) {
        let box = StandInBox()
        let server = try ScriptedServer { _, _ in
            let pods = box.standIn?.with { $0.all("Pod", in: "monitoring") } ?? []
            return .reply(.response(pods.contains { $0["status"]?["phase"]?.text == "Running" } ? 200 : 503))
        }
        let cluster = try await Cluster(
            components: "dashboards: {kind: files, data: data}",
            checks: "{endpoints: [{name: grafana, url: '\(server.url)'}]}", extra: extra)
        box.standIn = cluster.standIn
        for version in ["old", "new"] {
            try cluster.write(
                "\(version)/grafana.yaml", Cluster.manifest("Deployment", "grafana", image: "grafana:\(version)"))
        }
        try await cluster.found("deployment/grafana", "old")
        try cluster.journey.write("a.json", "{}")
        try await cluster.journey.expect(0, "backup")
        return (cluster, server)
    }

    private final class StandInBox: Sendable {
        private let held = Mutex<KubernetesStandIn?>(nil)
        var standIn: KubernetesStandIn? {
            get { held.withLock { $0 } }
            set { held.withLock { $0 = newValue } }
        }
    }

    @Test(arguments: [true, false]) func `an update is validated or rolled back`(_ isGood: Bool) async throws {
        let (cluster, server) = try await updated()
        defer { server.stop() }
        if !isGood { cluster.standIn.with { $0.missingImages = ["grafana:new"] } }
        let run = try await cluster.replay(
            "component_update",
            [
                "component=dashboards", "workload=deployment/grafana", "manifests=new", "previous=old",
                "patience=\(isGood ? "2m" : "5s")",
                "health=\(server.url)", "checks=endpoints",
            ])
        let answer = try JSONValue(parsing: run.output)
        #expect(run.status == (isGood ? 0 : 1), "\(run.output)\n\(run.errors)")
        #expect(answer["verdict"]?.text == (isGood ? "recovered" : "rolled_back"))
        #expect(cluster.image(of: ("Deployment", "grafana")) == (isGood ? "grafana:new" : "grafana:old"))
        if !isGood {
            #expect(answer["reasons"]?.array?.first?.text?.contains("ImagePullBackOff in pod grafana-1") == true)
            #expect(run.errors.contains("apply: rolled back ("), "\(run.errors)")
            #expect(cluster.standIn.with { $0.object("Pod", "grafana-1", in: "monitoring") } == nil)
        }
        #expect(cluster.standIn.server.violations == [])
    }

    @Test func `an incident is mitigated and resolved`() async throws {
        let (cluster, server) = try await updated("notifications: {webhooks: [{url: {file: hook}}]}")
        defer { server.stop() }
        let hook = try ScriptedServer { _, _ in .reply(.response(200)) }
        defer { hook.stop() }
        try cluster.write("hook", hook.url)
        let run = try await cluster.replay(
            "incident_response",
            [
                "violation=throughput", "check=endpoints", "settle=1s", "scale_out=yes", "workload=deployment/grafana",
            ])
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        let deployment = cluster.standIn.with { $0.object("Deployment", "grafana", in: "monitoring") }
        #expect(deployment?["status"]?["readyReplicas"] == 3)
        let events = hook.requests.compactMap { try? JSONValue(parsing: $0.body)["event"]?.text }
        #expect(events == ["recovery_started", "incident_opened", "incident_resolved", "recovery_completed"])
    }
}
