import Documents
import Foundation
import Lab
import Logging
import Platform

@testable import RecoveryPlan

/// A cluster, a kubeconfig whose current context is another cluster, and a folder of manifests.
struct KubectlSite {
    let standIn: KubernetesStandIn
    let folder: TemporaryFolder
    var context: ActionContext

    /// - Parameter port: the port of the API server; nil for a free one.
    init(settling: Duration = .milliseconds(50), port: UInt16? = nil) async throws {
        let contract = Checkout.folder.appending(path: "fixtures/contracts/kubernetes.json")
        standIn = try await KubernetesStandIn(
            port: port, settling: settling, contract: try APIContract(contentsOf: contract))
        folder = try TemporaryFolder("kubectl")
        let kubeconfig = folder.url.appending(path: "kubeconfig")
        try Data(standIn.kubeconfig.utf8).write(to: kubeconfig)
        let kubectl = URL(filePath: try LabTool.path("kubectl")).deletingLastPathComponent().path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        context = ActionContext(
            run: RunIdentity(id: "r", stack: "s", scenario: "c", set: "20261123T010000Z"),
            services: StageServices(stage: Stage()), pool: Self.pool, logger: Logger(label: "test"),
            environment: [
                "PATH": "\(kubectl):\(path)", "HOME": folder.path, "KUBECONFIG": kubeconfig.path,
                "NO_PROXY": "127.0.0.1",
            ], folder: folder.path, tell: { _ in })
    }

    static let pool = BlockingPool(threads: 4)

    func action(_ text: String) throws -> KubectlAction {
        let document = try YAMLDocument(text, file: "plan", folder: folder.path)
        var reader = Reader(file: "plan", folder: folder.path)
        guard let action = KubectlAction.shape.read(document.root, &reader) else { throw reader.error }
        return action
    }

    /// Applies objects as the cluster's users do.
    func set(_ objects: String...) throws {
        for object in objects {
            for value in JSONValue.documents(ofYAML: object) ?? [] { standIn.with { $0.set(value) } }
        }
    }

    /// Stores a custom resource once the server knows its type.
    func set(custom object: String) async throws {
        let value = JSONValue.documents(ofYAML: object)?.first ?? .null
        let (kind, name) = (value["kind"]?.text ?? "", value["metadata"]?["name"]?.text ?? "")
        let namespace = value["metadata"]?["namespace"]?.text ?? "default"
        try await Patience.wait(until: "the type \(kind) is served") {
            standIn.with {
                $0.set(value)
                return $0.object(kind, name, in: namespace) != nil
            }
        }
    }

    func object(_ kind: String, _ name: String, in namespace: String = "default") -> JSONValue? {
        standIn.with { $0.object(kind, name, in: namespace) }
    }

    @discardableResult
    func perform(_ text: String) async throws -> String {
        try await action("{\(text), context: lab}").perform(in: context).summary
    }

    func workload(_ kind: String, _ name: String, replicas: Int? = nil) -> String {
        """
        apiVersion: apps/v1
        kind: \(kind)
        metadata: {name: \(name)}
        spec:
          \(replicas.map { "replicas: \($0)" } ?? "minReadySeconds: 0")
          selector: {matchLabels: {app: \(name)}}
          template:
            metadata: {labels: {app: \(name)}}
            spec: {containers: [{name: main, image: "\(name):1"}]}

        """
    }

    func write(_ path: String, _ text: String) throws {
        let file = folder.url.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}
