import ArgumentParser
import Foundation
import Lab

/// Demonstrates the recovery of a namespace: backs up a stack in a laboratory cluster, deletes its namespace, recovers
/// it by the plan, and compares what its servers answer.
struct ClusterDemo {
    private static let namespace = "monitoring"

    private let stage: DemoStage
    private let cluster: LaboratoryCluster
    private let prometheusPort: UInt16
    private let grafanaPort: UInt16
    private let repository: URL
    /// The end of the generated history, in seconds since 1970.
    private let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200

    static func run(on stage: DemoStage) async throws {
        guard LaboratoryCluster.isPossible else {
            throw LabError("the laboratory cluster needs root, to mount volumes, and kubectl: run `make demo` as root")
        }
        var options = KubeletOptions()
        let programs = stage.programs
        options.images = [
            "dr:lab": LabImage(folder: programs),
            "grafana:lab": LabImage(folder: programs, visible: [Checkout.folder.path]),
        ]
        try await LaboratoryCluster.run(options: options) { cluster in
            try await ClusterDemo(stage, cluster).run()
        }
    }

    private init(_ stage: DemoStage, _ cluster: LaboratoryCluster) throws {
        self.stage = stage
        self.cluster = cluster
        let ports = try FreePort.find(2)
        guard ports.count == 2 else { throw LabError("there are no free ports") }
        (prometheusPort, grafanaPort) = (ports[0], ports[1])
        repository = stage.folder.url.appending(path: "manifests")
    }

    private func run() async throws {
        stage.setEnvironment("KUBECONFIG", cluster.kubeconfig)
        let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
        stage.setEnvironment("PATH", "\(kubectl):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")")
        stage.say("Start a cluster of three nodes with a monitoring stack in the namespace \(Self.namespace)")
        try await writeManifests()
        try await installStack()
        try stage.writeConfiguration(configuration)
        stage.tell("prometheus: a StatefulSet with a claim, real, runs as user 1000")
        stage.tell("grafana: a Deployment, a stand-in for the server")
        stage.tell("manifests: in a Git repository")

        stage.say("Take two backups: a pod beside Prometheus reads its claim, dr keeps the credentials and keys")
        try await stage.dr("init")
        try await stage.dr("backup")
        try await stage.dr("backup")
        try await stage.dr("list")
        try await stage.dr("verify", "--read-data")

        stage.say("Query the servers for the data in the backup")
        let watermark = try await stage.watermarks()["prometheus"]
        let before = try await answers(watermark)
        for (name, answers) in before.sorted(by: { $0.key < $1.key }) {
            stage.tell("\(name): \(answers.count) queries")
        }

        stage.say("Delete the namespace, with its claims")
        try await cluster.require(["delete", "namespace", Self.namespace, "--wait=true", "--timeout=120s"])
        stage.tell(try await cluster.require(["get", "namespaces,persistentvolumes"]))

        stage.say("Recover by the plan: first a dry run, then the timed recovery")
        let plan =
            ["restore", "--scenario", "complete_cluster_loss"]
            + [
                "platform=kubernetes", "context=lab", "checkout=\(stage.folder.path)/checkout",
                "manifests=\(stage.folder.path)/checkout/kubernetes",
            ].flatMap { ["--param", $0] }
        try await stage.dr(plan + ["--dry-run"], showing: 8)
        try await stage.dr(plan + ["--yes"])
        try await stage.dr("check", "restored_data", "data_equality", "--at", "latest")
        stage.tell(try await cluster.require(["get", "pods,persistentvolumeclaims", "-n", Self.namespace]))

        stage.say("Compare what the servers answer")
        let after = try await answers(watermark)
        var (compared, differing) = (0, 0)
        for (name, questions) in before.sorted(by: { $0.key < $1.key }) {
            let different = questions.filter { after[name]?[$0.key] != $0.value }.keys.sorted()
            for question in different { stage.tell("differs: \(name): \(question)") }
            stage.tell("\(name): \(questions.count) compared, \(different.count) differ")
            compared += questions.count
            differing += different.count
        }
        print("\(compared) queries compared, \(differing) differ")
        guard differing == 0, before.values.allSatisfy({ $0.values.contains { !$0.isEmpty } }) else {
            throw ExitCode(4)
        }
    }

    private func answers(_ watermark: Int?) async throws -> [String: [String: String]] {
        [
            "prometheus": try await DemoPrometheus.answers(
                of: "http://127.0.0.1:\(prometheusPort)", watermark: watermark, historyEnd: end),
            "grafana": try await DemoGrafana.answers(of: "http://127.0.0.1:\(grafanaPort)"),
        ]
    }

    private var configuration: String {
        let services = "kube://lab/\(Self.namespace)/services"
        return """
            stack: demo
            objectives: {rto: 4h, rpo: 1h}
            store: {url: "file://\(stage.folder.path)/repository"}
            state: \(stage.folder.path)/state
            kubernetes: {context: lab, namespace: \(Self.namespace), image: "dr:lab"}
            components:
              prometheus:
                url: \(services)/prometheus:\(prometheusPort)
                kubernetes: {workload: statefulset/prometheus}
              grafana: \(DemoGrafana.settings(url: "\(services)/grafana:\(grafanaPort)"))
              configuration: {kind: git, url: \(repository.path), branch: main}
            checks: {interval: 10s}

            """
    }

    // MARK: The stack

    private func writeManifests() async throws {
        let folder = repository.appending(path: "kubernetes")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(prometheus.utf8).write(to: folder.appending(path: "prometheus.yaml"))
        try Data(grafana.utf8).write(to: folder.appending(path: "grafana.yaml"))
        let commands = [
            ["init", "--quiet", "--initial-branch=main"], ["add", "--all"],
            [
                "-c", "user.name=lab", "-c", "user.email=lab@example.org", "commit", "--quiet", "-m",
                "Describe the monitoring stack",
            ],
        ]
        for command in commands {
            let run = try await CommandRun.run("/usr/bin/git", ["-C", repository.path] + command)
            guard run.status == 0 else { throw LabError("git \(command.joined(separator: " ")): \(run.errors)") }
        }
    }

    /// Applies the manifests, and gives Prometheus a history and Grafana its first content, as months of use would.
    private func installStack() async throws {
        try await cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: \(Self.namespace)}}")
        // It is not in the manifests: after the recovery Grafana starts empty.
        try await cluster.apply(
            """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: first-start, namespace: \(Self.namespace)}, \
            data: {seed: rich}}
            """)
        try await cluster.require(
            ["apply", "--server-side", "-n", Self.namespace, "-f", repository.appending(path: "kubernetes").path])
        try await cluster.waitUntilReady("prometheus-0", namespace: Self.namespace)

        let blocks = stage.folder.url.appending(path: "history")
        let history = OpenMetricsHistory(interval: end - 6 * 3600...end, step: 15, instances: 8)
        let samples = try await history.makeBlocks(in: blocks)
        let archive = stage.folder.url.appending(path: "history.tar")
        let packing = try await CommandRun.run(
            "/bin/tar",
            ["-cf", archive.path, "-C", blocks.path] + FileManager.default.contentsOfDirectory(atPath: blocks.path))
        guard packing.status == 0 else { throw LabError("tar: \(packing.errors)") }
        try await cluster.require(
            [
                "exec", "-i", "-n", Self.namespace, "prometheus-0", "-c", "prometheus", "--", "tar", "-xf", "-",
                "--no-same-owner", "-C", "/prometheus",
            ], input: archive)
        try FileManager.default.removeItem(at: archive)
        // Prometheus loads the blocks when it starts.
        try await cluster.require(["delete", "pod", "prometheus-0", "-n", Self.namespace, "--wait=true"])
        try await cluster.waitUntilReady("prometheus-0", namespace: Self.namespace)
        // A server that has just started has not scraped any sample to back up yet.
        let query = "http://127.0.0.1:\(prometheusPort)/api/v1/query?query=count_over_time(up[1m])%3E3"
        try await Patience.wait(until: "Prometheus has scraped itself") {
            try await CommandRun.run("/usr/bin/curl", ["-fsS", "-g", query]).output.contains("\"value\"")
        }
        try await cluster.require([
            "rollout", "status", "deployment/grafana", "-n", Self.namespace, "--timeout=120s",
        ])
        stage.tell("\(samples) samples of history in Prometheus")
    }

    private var prometheus: String {
        var manifests = PrometheusManifests(port: prometheusPort)
        manifests.storage = "2Gi"
        manifests.arguments = ["--storage.tsdb.retention.time=10y"]
        return manifests.text
    }

    private var grafana: String {
        """
        apiVersion: v1
        kind: Service
        metadata: {name: grafana}
        spec: {selector: {app: grafana}, ports: [{port: \(grafanaPort)}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: grafana}
        spec:
          replicas: 1
          selector: {matchLabels: {app: grafana}}
          template:
            metadata: {labels: {app: grafana}}
            spec:
              securityContext: {runAsUser: 472, runAsGroup: 472, runAsNonRoot: true}
              containers:
              - name: grafana
                image: grafana:lab
                command: [/bin/sh, -c, 'exec dr-lab stand-in grafana --port \(grafanaPort) --seed "${SEED:-empty}"']
                env:
                - {name: SEED, valueFrom: {configMapKeyRef: {name: first-start, key: seed, optional: true}}}
                readinessProbe: {httpGet: {path: /api/health, port: \(grafanaPort)}, periodSeconds: 1}

        """
    }
}
