import ArgumentParser
import Foundation
import Lab

struct KubernetesStandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubernetes", abstract: "Stand in for a Kubernetes API server, for the real kubectl.",
        discussion: """
            Stores the usual types and custom resources, and runs the controllers of workloads, volumes and namespaces, \
            but no containers. The context 'lab' in the written file refers to it.
            """)

    @Option(name: .long, help: "Port (default: a free one).")
    var port: UInt16?

    @Option(name: .long, help: "File to write for KUBECONFIG.")
    var kubeconfig: String?

    @Option(name: .long, help: "Folder for the directories of volumes (default: volumes without directories).")
    var volumes: String?

    @Option(name: .long, help: "Milliseconds until a workload reaches its desired state.")
    var settling = 500

    func run() async throws {
        let standIn = try await KubernetesStandIn(
            port: port, settling: .milliseconds(settling),
            volumes: volumes.map { URL(filePath: $0) })
        if let kubeconfig {
            try Data(standIn.kubeconfig.utf8).write(to: URL(filePath: kubeconfig))
            print("KUBECONFIG=\(kubeconfig)")
        }
        print("KUBERNETES_URL=\(standIn.url)")
        fflush(nil)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
