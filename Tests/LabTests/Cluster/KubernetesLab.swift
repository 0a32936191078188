import Documents
import Foundation
import Lab
import Testing

/// A stand-in for a cluster, and the real kubectl with its kubeconfig and cache.
struct KubernetesLab {
    let standIn: KubernetesStandIn
    let folder: TemporaryFolder
    let volumes: URL

    init(settling: Duration = .milliseconds(20)) async throws {
        let contract = Checkout.folder.appending(path: "fixtures/contracts/kubernetes.json")
        folder = try TemporaryFolder("cluster")
        volumes = folder.url.appending(path: "volumes")
        try FileManager.default.createDirectory(at: volumes, withIntermediateDirectories: true)
        standIn = try await KubernetesStandIn(
            settling: settling, volumes: volumes, contract: try APIContract(contentsOf: contract))
        try Data(standIn.kubeconfig.utf8).write(to: folder.url.appending(path: "kubeconfig"))
    }

    func kubectl(_ arguments: [String]) async throws -> CommandRun {
        try await CommandRun.run(
            try LabTool.path("kubectl"), ["--context=lab"] + arguments, in: folder.url,
            environment: [
                "HOME": folder.path, "KUBECONFIG": folder.url.appending(path: "kubeconfig").path,
                "NO_PROXY": "127.0.0.1",
            ], killAfter: Patience.long)
    }

    /// - Returns: the output.
    @discardableResult
    func expect(_ arguments: String..., location: SourceLocation = #_sourceLocation) async throws -> String {
        let run = try await kubectl(arguments)
        #expect(run.status == 0, "kubectl \(arguments): \(run.output)\(run.errors)", sourceLocation: location)
        return run.output
    }

    /// - Returns: the message.
    func refused(_ arguments: String..., location: SourceLocation = #_sourceLocation) async throws -> String {
        let run = try await kubectl(arguments)
        #expect(run.status != 0, "kubectl \(arguments): \(run.output)", sourceLocation: location)
        return run.errors
    }

    /// Applies a manifest with the field manager `dr`.
    func apply(_ manifest: String, to namespace: String = "default", location: SourceLocation = #_sourceLocation)
        async throws
    {
        let file = folder.url.appending(path: "manifest-\(UUID().uuidString.prefix(8)).yaml")
        try Data(manifest.utf8).write(to: file)
        let run = try await kubectl([
            "--namespace=\(namespace)", "apply", "--server-side", "--field-manager=dr", "--filename=\(file.path)",
        ])
        #expect(run.status == 0, "\(run.output)\(run.errors)", sourceLocation: location)
    }

    func object(_ kind: String, _ name: String, in namespace: String = "default") -> JSONValue? {
        standIn.with { $0.object(kind, name, in: namespace) }
    }

    func wait(until event: String, _ condition: (KubernetesLab) -> Bool) async throws {
        try await Patience.wait(until: event) { condition(self) }
    }

    /// Returns the messages of the events with a reason.
    func events(_ reason: String) -> [String] {
        standIn.with { $0.all("Event") }.filter { $0["reason"]?.text == reason }.compactMap { $0["message"]?.text }
    }

    static func statefulSet(_ name: String, replicas: Int = 1, more: String = "", pod: String = "") -> String {
        """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: \(name)}
        spec:
          replicas: \(replicas)
          serviceName: \(name)
          selector: {matchLabels: {app: \(name)}}
          \(more)
          template:
            metadata: {labels: {app: \(name)}}
            spec:
              \(pod)
              containers: [{name: main, image: "\(name):1", volumeMounts: [{name: data, mountPath: /data}]}]
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}

        """
    }
}
