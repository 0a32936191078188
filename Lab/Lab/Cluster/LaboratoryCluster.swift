package import Foundation
package import Documents

/// A whole cluster for tests: the stand-in for the API server, nodes that run containers, and the real kubectl.
package final class LaboratoryCluster: Sendable {
    package let standIn: KubernetesStandIn
    package let kubelet: LaboratoryKubelet
    /// The folder of the cluster's volumes, logs and files.
    package let folder: TemporaryFolder
    /// The path of a file for `KUBECONFIG`. Its context `lab` is this cluster, and is not the current one.
    package let kubeconfig: String

    /// True if this process can run containers, and kubectl is installed.
    package static let isPossible = TinyDisk.isPossible && LabTool.isInstalled("kubectl")

    /// The image of the containers that need only the programs of this machine.
    package static let plainImage = "plain:lab"

    package init(
        nodes: [String] = ["node-1", "node-2", "node-3"], options: KubeletOptions = KubeletOptions()
    ) async throws {
        folder = try TemporaryFolder("cluster")
        standIn = try await KubernetesStandIn(volumes: folder.url.appending(path: "volumes"))
        kubeconfig = folder.url.appending(path: "kubeconfig").path
        try Data(standIn.kubeconfig.utf8).write(to: URL(filePath: kubeconfig))
        var options = options
        if options.images[Self.plainImage] == nil { options.images[Self.plainImage] = LabImage() }
        kubelet = try await LaboratoryKubelet(
            KubernetesClient(url: standIn.url), nodes: nodes, folder: folder.url.appending(path: "nodes"),
            options: options)
    }

    /// Runs a body on a new cluster, and stops it, whatever the body throws.
    package static func run(
        nodes: [String] = ["node-1", "node-2", "node-3"], options: KubeletOptions = KubeletOptions(),
        _ body: (LaboratoryCluster) async throws -> Void
    ) async throws {
        let cluster = try await LaboratoryCluster(nodes: nodes, options: options)
        do {
            try await body(cluster)
        } catch {
            try? await cluster.stop()
            throw error
        }
        try await cluster.stop()
    }

    /// Stops the nodes and the API server.
    package func stop() async throws {
        try await kubelet.stop()
        await standIn.server.stop()
    }

    /// Runs kubectl in the context of the cluster.
    /// - Parameters:
    ///   - input: its standard input; nil for none.
    ///   - output: the file that receives its standard output; nil for the result.
    package func kubectl(
        _ arguments: [String], input: URL? = nil, output: URL? = nil, environment: [String: String] = [:]
    ) async throws -> CommandRun {
        let command = [try LabTool.path("kubectl"), "--kubeconfig", kubeconfig, "--context", "lab"] + arguments
        let script = "exec \"$@\" < \"$IN\"" + (output == nil ? "" : " > \"$OUT\"")
        return try await CommandRun.run(
            "/bin/sh", ["-c", script, "sh"] + command,
            environment: environment.merging(["IN": input?.path ?? "/dev/null", "OUT": output?.path ?? ""]) { $1 })
    }

    /// Runs kubectl and requires its success.
    @discardableResult
    package func require(
        _ arguments: [String], input: URL? = nil, output: URL? = nil, environment: [String: String] = [:]
    ) async throws -> String {
        let run = try await kubectl(arguments, input: input, output: output, environment: environment)
        guard run.status == 0 else { throw LabError("kubectl \(arguments.joined(separator: " ")): \(run.errors)") }
        return run.output
    }

    /// Creates objects, given as YAML.
    package func apply(_ manifests: String) async throws {
        let file = folder.url.appending(path: "manifests-\(UUID().uuidString).yaml")
        try Data(manifests.utf8).write(to: file)
        try await require(["apply", "--server-side", "-f", file.path])
    }

    /// Reads one object.
    package func object(_ arguments: [String]) async throws -> JSONValue {
        try JSONValue(parsing: Array(try await require(["get"] + arguments + ["-o", "json"]).utf8))
    }

    /// Waits until a pod is ready.
    package func waitUntilReady(_ pod: String, namespace: String = "default") async throws {
        try await wait(until: "pod \(pod) is ready", pod, namespace) { pod in
            pod["status"]?["conditions"]?.array?.contains { $0["type"] == "Ready" && $0["status"] == "True" } == true
        }
    }

    /// Waits until a pod fulfils a condition.
    /// - Throws: `LabError` with the pod's status and events if it does not in time.
    package func wait(
        until event: String, _ pod: String, _ namespace: String = "default", _ condition: (JSONValue) throws -> Bool
    ) async throws {
        do {
            try await Patience.wait(until: event) {
                let run = try await kubectl(["get", "pod", pod, "-n", namespace, "-o", "json"])
                guard run.status == 0 else { return false }
                return try condition(try JSONValue(parsing: Array(run.output.utf8)))
            }
        } catch let error as LabError {
            let state = try await kubectl(["get", "pods,events", "-n", namespace, "-o", "wide"])
            throw LabError("\(error)\n\(state.output)")
        }
    }

    /// The messages of the events in a namespace, each with its reason.
    package func events(namespace: String = "default") async throws -> [String] {
        let list = try await object(["events", "-n", namespace])
        return (list["items"]?.array ?? []).map { "\($0["reason"]?.text ?? ""): \($0["message"]?.text ?? "")" }
    }
}
