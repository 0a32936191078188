import ArgumentParser
import Foundation
import Lab

struct KubernetesStandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubernetes", abstract: "Stand in for a Kubernetes API server, for the real kubectl.",
        discussion: """
            It keeps namespaces, config maps, secrets, services, deployments, stateful sets and their pods; no container \
            runs. The context 'lab' of the written file means it.
            """)

    @Option(name: .long, help: "The port; a free one by default.")
    var port: UInt16?

    @Option(name: .long, help: "Where to write a file for KUBECONFIG.")
    var kubeconfig: String?

    @Option(name: .long, help: "Milliseconds that a workload takes to become what it is told to be.")
    var settling = 500

    func run() async throws {
        let standIn = try await KubernetesStandIn(port: port, settling: .milliseconds(settling))
        if let kubeconfig {
            try Data(standIn.kubeconfig.utf8).write(to: URL(filePath: kubeconfig))
            print("KUBECONFIG=\(kubeconfig)")
        }
        print("KUBERNETES_URL=\(standIn.url)")
        fflush(nil)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
