import Documents
import Foundation
import Lab
import Testing

/// `dr init --discover --namespace` with the real kubectl.
@Suite(.serialized, .enabled(if: LabTool.isInstalled("kubectl"))) struct ClusterDiscoveryTests {
    @Test(.enabled(if: LaboratoryCluster.isPossible))
    func `servers of a namespace become components with volumes, and dr doctor passes`() async throws {
        var options = KubeletOptions()
        options.images["dr:lab"] = LabImage(folder: URL(filePath: Journey.program).deletingLastPathComponent().path)
        let ports = try FreePort.find(2)
        try await LaboratoryCluster.run(options: options) { cluster in
            let namespace = VolumeJourney.namespace
            try await cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: \(namespace)}}")
            let first = PrometheusManifests(port: ports[0], namespace: namespace).text
            var manifests = PrometheusManifests(port: ports[1], namespace: namespace)
            // Its data are in a folder of the mounted volume.
            manifests.arguments = ["--storage.tsdb.path=/prometheus/second/data"]
            let second = manifests.text.replacing("        - --storage.tsdb.path=/prometheus\n", with: "")
                .replacing("name: prometheus", with: "name: second").replacing("app: prometheus", with: "app: second")
            // A service on Grafana's port leads to another program.
            let dashboards = """
                apiVersion: v1
                kind: Service
                metadata: {name: dashboards, namespace: \(namespace)}
                spec: {selector: {app: prometheus}, ports: [{port: 3000, targetPort: \(ports[0])}]}

                """
            try await cluster.apply([first, second, dashboards].joined(separator: "---\n"))
            for pod in ["prometheus-0", "second-0"] { try await cluster.waitUntilReady(pod, namespace: namespace) }
            let journey = try await Journey(environment: ["KUBECONFIG": cluster.kubeconfig], initialize: false)
            let file = journey.folder.url.appending(path: "found.yaml")
            let run = try await journey.expect(
                0, "init", "--discover", "--namespace", namespace, "--context", "lab", "--image", "dr:lab", "--create",
                "--config", file.path, "--store", "file://\(journey.repository.path)")
            let text = try String(contentsOf: file, encoding: .utf8)
            let section = "kubernetes:\n  context: lab\n  namespace: \(namespace)\n  image: dr:lab\n"
            #expect(text.contains(section), "\(text)")
            for (name, service, port) in [("prometheus", "prometheus", ports[0]), ("prometheus-2", "second", ports[1])]
            {
                #expect(text.contains("\n  \(name):\n"), "\(text)")
                #expect(text.contains("    url: kube://lab/\(namespace)/services/\(service):\(port) "), "\(text)")
            }
            #expect(text.contains(#"kubernetes: {"workload":"statefulset/prometheus"} "#), "\(text)")
            let volume = #"kubernetes: {"path":"/prometheus/second/data","workload":"statefulset/second"} "#
            #expect(text.contains(volume), "\(text)")
            #expect(text.contains("services/dashboards:3000 (service dashboards of statefulset/prometheus): another"))
            #expect(run.output.contains("usable"), "\(run.output)")
            try await journey.expect(0, "doctor", "--config", file.path)
        }
    }

    /// The arguments and the exit code of a search that finds nothing, the rules of the cluster, and words of the message.
    private struct Fault: CustomTestStringConvertible {
        var name: String
        var namespace = "default"
        var denied: Set<String> = []
        var path: String?
        var status: Int32 = 1
        var words: [String]
        var testDescription: String { name }
    }

    private static let faults = [
        Fault(
            name: "namespace", namespace: "missing", words: ["'missing' does not exist in the context 'lab'", "hint: "]),
        Fault(name: "forbidden", denied: ["list services"], words: ["(Forbidden)", "kubectl auth can-i"]),
        Fault(
            name: "unknown namespace", denied: ["list statefulsets", "get namespaces"], status: 2,
            words: ["kube://lab/default", "no service has its port 9090", "nothing was written"]),
        Fault(name: "kubectl", path: "/nonexistent", words: ["'kubectl' not found", "install kubectl"]),
    ]

    @Test(arguments: faults)
    private func `a search that fails says why and writes nothing`(_ fault: Fault) async throws {
        let standIn = try await KubernetesStandIn()
        standIn.with { $0.denied = fault.denied }
        let folder = try TemporaryFolder("search")
        let kubeconfig = folder.url.appending(path: "kubeconfig")
        try Data(standIn.kubeconfig.utf8).write(to: kubeconfig)
        let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
        let run = try await CommandRun.run(
            Journey.program,
            ["init", "--discover", "--namespace", fault.namespace, "--context", "lab", "--config", "found.yaml"],
            in: folder.url,
            environment: [
                "PATH": fault.path ?? "\(kubectl):/usr/bin:/bin", "HOME": folder.path, "KUBECONFIG": kubeconfig.path,
                "NO_PROXY": "127.0.0.1",
            ])
        #expect(run.status == fault.status, "\(run.errors)")
        for words in fault.words { #expect(run.errors.contains(words), "\(run.errors)") }
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "found.yaml").path))
        await standIn.server.stop()
    }

    @Test(arguments: [["--namespace", "a"], ["--discover", "--context", "a"], ["--discover", "--namespace", "A"]])
    func `options of the search need each other`(_ arguments: [String]) async throws {
        let folder = try TemporaryFolder("options")
        let run = try await CommandRun.run(Journey.program, ["init"] + arguments, in: folder.url)
        #expect(run.status == 2 && run.errors.contains("--"), "\(run.errors)")
    }
}
