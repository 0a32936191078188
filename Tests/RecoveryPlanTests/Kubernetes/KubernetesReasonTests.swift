import Documents
import Foundation
import Lab
import Testing

@testable import RecoveryPlan

/// The reasons of waits that do not end, with the real kubectl against a stand-in for the API server.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesReasonTests {
    private typealias Site = KubectlSite

    private static func claims(_ storageClass: String) -> String {
        """
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], storageClassName: \(storageClass), resources: {requests: {storage: 1Gi}}}

        """
    }

    private func failure(_ site: Site, _ manifest: String, kind: String = "statefulset") async throws -> String {
        try site.write("app.yaml", manifest)
        try await site.perform("apply: app.yaml, namespace: default")
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("rollout: \(kind)/metrics, namespace: default, within: 4s")
        }
        return error?.detail ?? ""
    }

    @Test func `a storage class that is missing is named`() async throws {
        let site = try await Site()
        let manifest = site.workload("StatefulSet", "metrics", replicas: 1) + Self.claims("fast")
        let detail = try await failure(site, manifest)
        #expect(
            detail.hasSuffix(
                "pod metrics-0: claim 'data-metrics-0': storageclass.storage.k8s.io \"fast\" not found (ProvisioningFailed)"
            ), "\(detail)")
    }

    @Test func `a pod without a node says why`() async throws {
        let site = try await Site()
        let manifest = site.workload("StatefulSet", "metrics", replicas: 1).replacing(
            "spec: {containers", with: "spec: {nodeSelector: {disk: fast}, containers")
        let detail = try await failure(site, manifest)
        #expect(
            detail.contains("pod metrics-0: 0/1 nodes are available") && detail.contains("Unschedulable"), "\(detail)")
    }

    /// Events of the kubelet: the pod itself shows only ContainerCreating.
    @Test(arguments: [
        ("FailedMount", "MountVolume.SetUp failed for volume \"tls\" : secret \"tls\" not found"),
        ("FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) metrics-9"),
    ])
    func `an event of the kubelet is told`(_ reason: String, _ message: String) async throws {
        let site = try await Site()
        site.standIn.with { $0.lag.scheduling = .seconds(3600) }
        try site.set(
            """
            {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: default, labels: {app: p}}, spec: {
            containers: [{name: main, image: p}]}, status: {phase: Pending, containerStatuses: [{name: main,
            ready: false, state: {waiting: {reason: ContainerCreating}}}]}}
            """)
        let event: JSONValue = [
            "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e", "namespace": "default"],
            "type": "Warning", "reason": .string(reason), "message": .string(message),
            "lastTimestamp": "2026-11-29T12:00:00Z",
            "involvedObject": ["kind": "Pod", "name": "p", "namespace": "default"],
        ]
        site.standIn.with { $0.set(event) }
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("wait: pod/p, for: condition=Ready, namespace: default, within: 2s")
        }
        #expect(error?.detail == "not within 2s: pod p: \(message) (\(reason))", "\(String(describing: error))")
    }

    /// Twice "it did not end" was all that a run told about a finalizer.
    @Test func `a namespace that stays says what keeps it`() async throws {
        let site = try await Site()
        try site.set(
            "{apiVersion: v1, kind: Namespace, metadata: {name: monitoring}}",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: monitoring, finalizers: [lab/keep]}}")
        let deletion = await #expect(throws: ActionError.self) {
            try await site.perform("delete: namespace/monitoring, within: 2s")
        }
        #expect(deletion?.detail.contains("lab/keep") == true, "\(String(describing: deletion))")
        let creation = await #expect(throws: ActionError.self) {
            try await site.perform("create_namespace: monitoring, within: 2s")
        }
        #expect(creation?.operation == "namespace 'monitoring', which is terminating")
        #expect(creation?.detail.contains("lab/keep") == true, "\(String(describing: creation))")
        try await site.perform("patch: configmap/c, with: {metadata: {finalizers: []}}, namespace: monitoring")
        #expect(try await site.perform("create_namespace: monitoring") == "created namespace 'monitoring'")
    }

    @Test func `a user without permission for namespaces can use one`() async throws {
        let site = try await Site()
        try site.set("{apiVersion: v1, kind: Namespace, metadata: {name: monitoring}}")
        site.standIn.with { $0.denied = ["* namespaces"] }
        let text = try await site.perform("create_namespace: monitoring")
        #expect(text.contains("may use it if it exists"))
    }
}
