import Documents
import Foundation
import Kubernetes
import Lab
import Testing

@testable import RecoveryPlan

/// The look at a cluster before a plan changes anything, with the real kubectl against a stand-in for the API server.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct ClusterPreflightTests {
    private typealias Site = KubectlSite

    private func findings(
        _ site: Site, _ actions: String..., cluster: String = "lab", isRebuilt: Bool = false
    ) async throws -> [ClusterFinding] {
        let tasks = try actions.enumerated().map { number, text in
            try site.action("{\(text), context: \(cluster)}").preflightTask(step: "s\(number + 1)")
        }
        let kubectl = Kubectl(
            context: cluster, namespace: nil, environment: site.context.environment, folder: site.folder.path,
            pool: KubectlSite.pool)
        return try await ClusterPreflight(context: cluster, kubectl: kubectl, tasks: tasks, isRebuilt: isRebuilt).run()
    }

    private static let stop = "scale: statefulset/metrics, replicas: 0, namespace: monitoring"
    private static let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: monitoring}}"

    @Test func `a cluster that fits has no findings, and is not changed`() async throws {
        let site = try await Site()
        try site.write("m/app.yaml", site.workload("StatefulSet", "metrics", replicas: 1))
        let found = try await findings(
            site, "create_namespace: monitoring", "apply: m, namespace: monitoring", Self.stop,
            "rollout: deployment/web, namespace: monitoring", "apply: later, namespace: monitoring")
        #expect(found == [])
        #expect(site.standIn.with { $0.object("Namespace", "monitoring") } == nil)
        #expect(site.standIn.with { $0.names(of: "StatefulSet") } == [])
    }

    @Test func `a cluster that does not answer is an error, unless the plan builds it`() async throws {
        let site = try await Site()
        let found = try await findings(site, Self.stop, cluster: "elsewhere")
        #expect(found.map(\.severity) == [.error] && found.first?.message.contains("it cannot be used") == true)
        #expect(found.first?.steps == ["s1"])
        let rebuilt = try await findings(site, Self.stop, cluster: "elsewhere", isRebuilt: true)
        #expect(rebuilt.map(\.severity) == [.warning])
        let unknown = try await findings(site, Self.stop, cluster: "nowhere", isRebuilt: true)
        #expect(unknown.map(\.severity) == [.error], "\(unknown)")
    }

    @Test func `an expired token is found`() async throws {
        let site = try await Site()
        site.standIn.with { $0.isTokenExpired = true }
        let found = try await findings(site, Self.stop, isRebuilt: true)
        #expect(found.map(\.severity) == [.error])
        #expect(found.first?.hint?.contains("log in again") == true, "\(found)")
    }

    /// All at once, before anything is declared.
    @Test func `each missing permission is a finding`() async throws {
        let site = try await Site()
        try site.set(Self.namespace)
        try site.write("m/app.yaml", site.workload("Deployment", "web", replicas: 1))
        site.standIn.with { $0.denied = ["patch statefulsets/scale", "create deployments", "list pods@monitoring"] }
        let found = try await findings(site, Self.stop, "apply: m, namespace: monitoring", Self.stop).filter {
            $0.severity == .error
        }
        #expect(
            found.map(\.message) == [
                "the user may not patch statefulsets.apps/scale in namespace 'monitoring'",
                "the user may not list pods in namespace 'monitoring'",
                "the user may not create deployments.apps in namespace 'monitoring'",
            ], "\(found)")
        #expect(found.map(\.steps) == [["s1", "s3"], ["s1", "s3"], ["s2"]])
        #expect(
            found.first?.hint?.contains("kubectl auth can-i patch statefulsets.apps/scale --namespace=monitoring")
                == true)
    }

    /// A role in the namespace is enough for a namespace that exists.
    @Test func `a user without permission for namespaces passes`() async throws {
        let site = try await Site()
        try site.set(Self.namespace)
        site.standIn.with { $0.denied = ["* namespaces"] }
        let found = try await findings(site, "create_namespace: monitoring", Self.stop)
        #expect(found.filter { $0.severity == .error } == [])
    }

    @Test func `a workload that is neither in the cluster nor in the manifests is a warning`() async throws {
        let site = try await Site()
        try site.set(Self.namespace)
        let found = try await findings(site, Self.stop)
        #expect(found.map(\.severity) == [.warning])
        #expect(found.first?.message.contains("is neither in the cluster nor in the manifests") == true, "\(found)")
        // A step restores these manifests first.
        #expect(try await findings(site, Self.stop, "apply: later, namespace: monitoring") == [])
    }

    @Test func `a namespace that must be created needs the permission`() async throws {
        let site = try await Site()
        site.standIn.with { $0.denied = ["create namespaces"] }
        let found = try await findings(site, "create_namespace: monitoring")
        #expect(found.map(\.message) == ["the user may not create namespaces"])
    }

    @Test func `a namespace that is terminating is told with its finalizers`() async throws {
        let site = try await Site()
        try site.set(
            Self.namespace,
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: monitoring, finalizers: [lab/keep]}}")
        try await site.perform("patch: namespace/monitoring, with: {metadata: {labels: {a: b}}}")
        _ = try? await site.perform("delete: namespace/monitoring, within: 2s")
        let found = try await findings(site, "create_namespace: monitoring")
        #expect(found.map(\.severity) == [.warning], "\(found)")
        #expect(found.first?.message.hasPrefix("namespace 'monitoring' is terminating: ") == true)
        #expect(found.first?.message.contains("lab/keep") == true)
    }

    @Test func `manifests that the server would refuse are found`() async throws {
        let site = try await Site()
        try site.set(Self.namespace)
        try site.write("m/crd.yaml", "{apiVersion: lab.example/v1, kind: Cache, metadata: {name: c}}\n")
        let found = try await findings(site, "apply: m, namespace: monitoring")
        #expect(found.contains { $0.message == "it has no type 'Cache.lab.example'" }, "\(found)")
        try site.write("broken/a.yaml", "a: [\n")
        let broken = try await findings(site, "apply: broken, namespace: monitoring")
        #expect(broken.first?.message.contains("a manifest is not valid YAML") == true, "\(broken)")
    }

    @Test func `storage classes of templates must exist`() async throws {
        let site = try await Site()
        try site.write(
            "m/app.yaml",
            site.workload("StatefulSet", "metrics", replicas: 1) + """
                  volumeClaimTemplates:
                  - metadata: {name: data}
                    spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}

                """)
        let found = try await findings(site, "create_namespace: monitoring", "apply: m, namespace: monitoring")
        #expect(
            found.map(\.message) == ["it has no storage class 'fast', so the claims would stay Pending"], "\(found)")
    }

    @Test func `a quota that is too small is a warning`() async throws {
        let site = try await Site()
        try site.set(
            Self.namespace,
            """
            apiVersion: v1
            kind: ResourceQuota
            metadata: {name: compute, namespace: monitoring}
            spec: {hard: {pods: "2"}}
            status: {hard: {pods: "2"}, used: {pods: "0"}}
            """)
        try site.write("m/app.yaml", site.workload("StatefulSet", "metrics", replicas: 3))
        let found = try await findings(site, "apply: m, namespace: monitoring")
        #expect(found.map(\.severity) == [.warning], "\(found)")
        #expect(
            found.first?.message
                == "namespace 'monitoring': the quota 'compute' allows 2 of pods, 0 are used, and the new objects need 3",
            "\(found)")
    }

    @Test func `a previous number that is not recorded is a warning`() async throws {
        let site = try await Site()
        try site.set(Self.namespace)
        try site.write("app.yaml", site.workload("StatefulSet", "metrics", replicas: 0))
        try await site.perform("apply: app.yaml, namespace: monitoring")
        let found = try await findings(site, "scale: statefulset/metrics, replicas: previous, namespace: monitoring")
        #expect(
            found.map(\.message) == ["statefulset/metrics has 0 replicas, and its previous number is not recorded"],
            "\(found)")
    }
}
