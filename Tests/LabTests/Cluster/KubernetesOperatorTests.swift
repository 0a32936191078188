import Documents
import Foundation
import Lab
import Testing

/// Operators and faults of the stand-in cluster.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesOperatorTests {
    @Test func `an operator scales its StatefulSet back unless the resource is paused`() async throws {
        let lab = try await KubernetesLab()
        lab.standIn.with {
            $0.operators = [.prometheus]
            $0.install([.prometheuses])
        }
        try await lab.apply(
            "{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {name: k8s}, spec: {replicas: 2}}")
        func replicas() -> Int? {
            lab.object("StatefulSet", "prometheus-k8s")?["spec"]?["replicas"]?.integer
        }
        try await lab.wait(until: "the operator creates it") { _ in replicas() == 2 }
        let set = "statefulset/prometheus-k8s"
        try await lab.expect("rollout", "status", set, "--timeout=2m")
        try await lab.expect("scale", set, "--replicas=0")
        try await lab.wait(until: "the operator scales it back") { _ in replicas() == 2 }
        try await lab.expect("patch", "prometheus/k8s", "--type=merge", "--patch={\"spec\":{\"paused\":true}}")
        try await lab.expect("scale", set, "--replicas=0")
        try await lab.expect("wait", "--for=delete", "pod/prometheus-k8s-0", "pod/prometheus-k8s-1", "--timeout=2m")
        #expect(replicas() == 0)

        try await lab.expect("patch", "prometheus/k8s", "--type=merge", "--patch={\"spec\":{\"paused\":false}}")
        try await lab.wait(until: "the operator continues") { _ in replicas() == 2 }
        // The scale subresource of the custom resource has its own paths and selector.
        try await lab.expect("scale", "prometheus/k8s", "--replicas=1")
        try await lab.wait(until: "the operator follows") { _ in replicas() == 1 }
        let raw = "/apis/monitoring.coreos.com/v1/namespaces/default/prometheuses/k8s/scale"
        let scale = try JSONValue(parsing: try await lab.expect("get", "--raw", raw))
        #expect(scale["status"]?["selector"]?.text?.contains("app.kubernetes.io/name=prometheus") == true)
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `a GitOps controller applies its state again unless it is suspended`() async throws {
        let lab = try await KubernetesLab()
        lab.standIn.with {
            $0.operators = [.flux, .argo]
            $0.install([.kustomizations, .applications])
        }
        try await lab.apply(
            """
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: {name: stack}
            spec: {suspend: false}
            ---
            apiVersion: argoproj.io/v1alpha1
            kind: Application
            metadata: {name: stack}
            spec: {syncPolicy: {automated: {selfHeal: true}}}
            """)
        let objects: [(name: String, metadata: String)] = [
            (
                "flux",
                "labels: {kustomize.toolkit.fluxcd.io/name: stack, kustomize.toolkit.fluxcd.io/namespace: default}"
            ), ("argo", "annotations: {argocd.argoproj.io/tracking-id: 'stack:/ConfigMap:default/argo'}"),
        ]
        for (name, metadata) in objects {
            try await lab.apply(
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), \(metadata)}, data: {a: \"1\"}}")
            lab.standIn.with { cluster in
                if let object = cluster.object("ConfigMap", name, in: "default") { cluster.track(object) }
            }
            let change = "--patch={\"data\":{\"a\":\"2\"}}"
            func value() -> String? { lab.object("ConfigMap", name)?["data"]?["a"]?.text }
            try await lab.expect("patch", "configmap/\(name)", change)
            try await lab.wait(until: "the change is undone") { _ in value() == "1" }
            if name == "flux" {
                try await lab.expect(
                    "patch", "kustomization/stack", "--type=merge", "--patch={\"spec\":{\"suspend\":true}}")
            } else {
                try await lab.expect(
                    "patch", "application/stack", "--type=merge",
                    "--patch={\"spec\":{\"syncPolicy\":{\"automated\":null}}}")
            }
            try await lab.expect("patch", "configmap/\(name)", change)
            try await Task.sleep(for: .milliseconds(300))
            #expect(value() == "2", "\(name)")
        }
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `an outage refuses connections and ends`() async throws {
        let lab = try await KubernetesLab()
        // Until kubectl gives up, however often it tries.
        lab.standIn.goAway { $0.path.hasSuffix("/configmaps/late") }
        let message = try await lab.refused("get", "configmap/late")
        #expect(message.contains("EOF") || message.contains("refused") || message.contains("reset"), "\(message)")
        try await lab.standIn.comeBack()
        try await Patience.wait(until: "the server is back") { try await lab.kubectl(["get", "nodes"]).status == 0 }
    }

    /// The exit code of kubectl does not prove that it got all bytes.
    @Test(
        .enabled(if: LaboratoryCluster.isPossible),
        arguments: [KubernetesStreamFault.End.normalClose, .close, .reset])
    func `a broken stream ends before its last byte`(end: KubernetesStreamFault.End) async throws {
        try await LaboratoryCluster.run(nodes: ["node-1"]) { cluster in
            try await cluster.apply(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: p, namespace: default}
                spec: {containers: [{name: main, image: "\(LaboratoryCluster.plainImage)", command: [sleep, "600"]}]}
                """)
            try await cluster.waitUntilReady("p")
            cluster.standIn.breakStreams { request in
                request.path.hasSuffix("/exec") ? KubernetesStreamFault(after: 50_000, end: end) : nil
            }
            let run = try await cluster.kubectl(["exec", "p", "--", "seq", "1", "100000"])
            #expect(run.output.utf8.count < 588_895 && !run.output.isEmpty)
            if end == .normalClose { #expect(run.status == 0, "\(run.errors)") }
        }
    }
}
