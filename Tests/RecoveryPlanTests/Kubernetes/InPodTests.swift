import Kubernetes
import Platform
import Testing

/// kubectl in a pod, where it finds the cluster by itself.
@Suite struct InPodTests {
    private func line(_ context: String?, _ environment: [String: String]) -> String {
        let kubectl = Kubectl(
            context: context, namespace: "n", environment: environment.merging(["PATH": "/bin"]) { $1 }, folder: "/",
            pool: BlockingPool(threads: 1))
        return kubectl.command(["get", "pods", "--request-timeout=30s"]).commandLine
    }

    /// With a time-out for requests, kubectl does not look for the cluster of its pod.
    @Test(arguments: [nil, ""]) func `in a pod, requests have no time-out and no context`(_ context: String?) {
        let line = line(context, ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"])
        #expect(line.contains("get pods") && line.contains("--namespace=n"))
        #expect(!line.contains("--request-timeout") && !line.contains("--context"))
    }

    @Test(
        arguments: [
            ("prod", ["KUBERNETES_SERVICE_HOST": "10.0.0.1"]),
            ("", ["KUBECONFIG": "/k", "KUBERNETES_SERVICE_HOST": "10.0.0.1"]),
            ("", [:]),
        ] as [(String, [String: String])])
    func `with a kubeconfig, requests have a time-out`(_ context: String, _ environment: [String: String]) {
        let line = line(context, environment)
        #expect(line.contains("--request-timeout=30s") && line.contains("--context=prod") == !context.isEmpty)
    }
}
