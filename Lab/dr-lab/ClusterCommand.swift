import ArgumentParser
import Foundation
import HTTP
import Lab

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Run a Kubernetes cluster on this machine, for the real kubectl.",
        discussion: """
            Starts a stand-in for the API server and nodes that run containers as local processes. Needs root. With \
            --api-kubeconfig, the nodes join a real API server instead, and the command creates volumes for its claims.

            An image is a folder whose programs come first in the PATH of a container: --image dr:lab=.build/debug. \
            Its containers can also read the checkout, which the stand-ins for servers need.
            """)

    @Option(name: .long, help: "Number of nodes.")
    var nodes = 3

    @Option(name: .long, help: "Port of the stand-in (default: a free one).")
    var port: UInt16?

    @Option(name: .long, help: "File to write for KUBECONFIG.")
    var kubeconfig: String?

    @Option(name: .long, help: "KUBECONFIG of a real API server to join.")
    var apiKubeconfig: String?

    @Option(name: .long, help: "Image as NAME=FOLDER (repeatable).")
    var image: [String] = []

    @Option(name: .long, help: "Folder for volumes and logs (default: a temporary one).")
    var folder: String?

    func validate() throws {
        guard (1...100).contains(nodes) else { throw ValidationError("--nodes must be between 1 and 100") }
        for image in image where !image.contains("=") {
            throw ValidationError("--image must be NAME=FOLDER: '\(image)'")
        }
    }

    func run() async throws {
        guard geteuid() == 0 else { throw LabError("the nodes need root to mount volumes") }
        let place = folder.map { URL(filePath: $0).absoluteURL }
        var options = KubeletOptions(
            images: [LaboratoryCluster.plainImage: LabImage()], provisions: apiKubeconfig != nil)
        for image in image {
            let parts = image.split(separator: "=", maxSplits: 1).map(String.init)
            options.images[parts[0]] = LabImage(
                folder: URL(filePath: parts.last ?? "").absoluteURL.path, visible: [Checkout.folder.path])
        }
        let names = (1...nodes).map { "node-\($0)" }
        if let apiKubeconfig {
            let temporary = try TemporaryFolder("cluster")
            let client = try await KubernetesClient(kubeconfig: apiKubeconfig, folder: temporary.url)
            try await serve(LaboratoryKubelet(client, nodes: names, folder: place, options: options), client.url)
        } else {
            let temporary = try TemporaryFolder("volumes")
            let volumes = (place ?? temporary.url).appending(path: "volumes")
            let standIn = try await KubernetesStandIn(port: port, volumes: volumes)
            if let kubeconfig {
                try Data(standIn.kubeconfig.utf8).write(to: URL(filePath: kubeconfig))
                print("KUBECONFIG=\(kubeconfig)")
            }
            let client = KubernetesClient(url: standIn.url)
            try await serve(LaboratoryKubelet(client, nodes: names, folder: place, options: options), standIn.url)
        }
    }

    private func serve(_ kubelet: LaboratoryKubelet, _ url: String) async throws {
        print("KUBERNETES_URL=\(url)")
        fflush(nil)
        do {
            while true { try await Task.sleep(for: .seconds(3600)) }
        } catch {
            try await kubelet.stop()
            throw error
        }
    }
}
