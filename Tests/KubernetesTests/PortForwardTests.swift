import Documents
import Platform
import Testing

@testable import Kubernetes

@Suite struct PortForwardTests {
    @Test(arguments: [
        ("Forwarding from 127.0.0.1:40123 -> 9090\n", UInt16(40123)),
        ("Forwarding from 127.0.0.1:40123 -> 9090", nil),
        ("Forwarding from [::1]:40123 -> 9090\n", nil),
        ("Forwarding from 127.0.0.1:99999 -> 9090\n", nil),
        ("", nil),
    ])
    func `the port is read from a complete line`(_ output: String, _ port: UInt16?) {
        #expect(PortForward.port(in: output) == port)
    }

    @Test func `the arguments name context, namespace and service`() throws {
        let server = try ClusterAddress.parse("kube://prod/monitoring/services/metrics:9090").get()
        #expect(
            PortForward.arguments(for: server) == [
                "--context=prod", "--namespace=monitoring", "port-forward", "--address=127.0.0.1", "service/metrics",
                ":9090",
            ])
    }

    @Test func `a pod of the cluster needs no port`() throws {
        let server = try ClusterAddress.parse("kube:///monitoring/services/metrics:9090").get()
        let forwards = PortForwards(environment: ["KUBERNETES_SERVICE_HOST": "10.96.0.1"])
        #expect(try forwards.port(of: server) == nil)
    }

    @Test func `a machine without kubectl is told so`() async throws {
        let server = try ClusterAddress.parse("kube://prod/monitoring/services/metrics:9090").get()
        let error = await #expect(throws: KubernetesError.self) {
            try await BlockingPool(threads: 1).run {
                try PortForwards(environment: ["PATH": "/nowhere"]).port(of: server)
            }
        }
        #expect(error?.hint == "install kubectl on this machine")
    }
}
