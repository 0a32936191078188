import Documents
import Foundation
import Lab
import Testing

@testable import RecoveryPlan

/// Operators, autoscalers and GitOps controllers of workloads, with the real kubectl against a stand-in for the API
/// server.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct WorkloadManagerTests {
    private typealias Site = KubectlSite

    enum Controller: String, CaseIterable, Sendable {
        case prometheusOperator, argoCD, fluxKustomization, fluxHelmRelease, keda

        var definition: (group: String, version: String, plural: String, kind: String) {
            switch self {
            case .prometheusOperator: ("monitoring.coreos.com", "v1", "prometheuses", "Prometheus")
            case .argoCD: ("argoproj.io", "v1alpha1", "applications", "Application")
            case .fluxKustomization: ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization")
            case .fluxHelmRelease: ("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease")
            case .keda: ("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
            }
        }

        /// The namespace of the controller's object.
        var namespace: String {
            switch self {
            case .prometheusOperator, .keda: "default"
            case .argoCD: "argocd"
            case .fluxKustomization, .fluxHelmRelease: "flux-system"
            }
        }

        var spec: JSONValue {
            switch self {
            case .argoCD: ["syncPolicy": ["automated": ["selfHeal": true], "syncOptions": ["A=b"]]]
            case .fluxKustomization, .fluxHelmRelease: ["interval": "1m"]
            case .prometheusOperator: ["replicas": 2]
            case .keda: ["scaleTargetRef": ["name": "metrics", "kind": "StatefulSet"]]
            }
        }

        /// The metadata by which a workload shows that the controller manages it.
        var mark: JSONValue {
            switch self {
            case .prometheusOperator:
                [
                    "ownerReferences": [
                        [
                            "apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "name": "k8s", "uid": "u",
                            "controller": true,
                        ]
                    ]
                ]
            case .argoCD: ["annotations": ["argocd.argoproj.io/tracking-id": "k8s:apps/StatefulSet:default/metrics"]]
            case .fluxKustomization, .fluxHelmRelease:
                [
                    "labels": [
                        "\(definition.group)/name": "k8s", "\(definition.group)/namespace": .string(namespace),
                    ]
                ]
            case .keda: [:]
            }
        }

        func isPaused(_ object: JSONValue?) -> Bool {
            switch self {
            case .prometheusOperator: object?["spec"]?["paused"]?.bool == true
            case .argoCD: object?["spec"]?["syncPolicy"]?["automated"] == nil
            case .fluxKustomization, .fluxHelmRelease: object?["spec"]?["suspend"]?.bool == true
            case .keda: object?["metadata"]?["annotations"]?["autoscaling.keda.sh/paused"] == "true"
            }
        }
    }

    /// A StatefulSet with two replicas and its controller.
    private func site(_ controller: Controller) async throws -> Site {
        let site = try await Site()
        let type = controller.definition
        try site.set(
            """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: \(type.plural).\(type.group)}
            spec:
              group: \(type.group)
              scope: Namespaced
              names: {plural: \(type.plural), singular: \(type.kind.lowercased()), kind: \(type.kind)}
              versions: [{name: \(type.version), served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
            """)
        if controller.namespace != "default" {
            try site.set("{apiVersion: v1, kind: Namespace, metadata: {name: \(controller.namespace)}}")
        }
        let object: JSONValue = [
            "apiVersion": .string("\(type.group)/\(type.version)"), "kind": .string(type.kind),
            "metadata": ["name": "k8s", "namespace": .string(controller.namespace), "uid": "u"],
            "spec": controller.spec,
        ]
        try await Patience.wait(until: "the type is served") {
            site.standIn.with {
                $0.set(object)
                return $0.object(type.kind, "k8s", in: controller.namespace) != nil
            }
        }
        let uid = site.object(type.kind, "k8s", in: controller.namespace)?["metadata"]?["uid"] ?? ""
        try site.write("app.yaml", site.workload("StatefulSet", "metrics", replicas: 2))
        try await site.perform("apply: app.yaml, namespace: default")
        site.standIn.with {
            $0.change("StatefulSet", "metrics", in: "default") { set in
                var mark = controller.mark
                if let owner = mark["ownerReferences"]?.array?.first {
                    mark["ownerReferences"] = [owner.adding(["uid": uid])]
                }
                set["metadata"] = (set["metadata"] ?? [:]).adding(mark.object ?? [:])
            }
        }
        if controller == .keda {
            try site.set(
                """
                apiVersion: autoscaling/v2
                kind: HorizontalPodAutoscaler
                metadata: {name: keda-hpa-k8s, namespace: default, ownerReferences: [{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, name: k8s, uid: \(uid.text ?? ""), controller: true}]}
                spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: metrics}}
                """)
        }
        try await site.perform("rollout: statefulset/metrics, namespace: default")
        return site
    }

    private func object(_ controller: Controller, in site: Site) -> JSONValue? {
        site.object(controller.definition.kind, "k8s", in: controller.namespace)
    }

    @Test(arguments: Controller.allCases)
    func `a controller is paused while its workload has no replicas`(_ controller: Controller) async throws {
        let site = try await site(controller)
        let before = object(controller, in: site)?["spec"]
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        let paused = object(controller, in: site)
        #expect(controller.isPaused(paused), "\(String(describing: paused))")
        #expect(paused?["metadata"]?["annotations"]?["dr/resume"] != nil)
        // A second attempt keeps the state before the first.
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        try await site.perform("scale: statefulset/metrics, replicas: previous, namespace: default")
        let resumed = object(controller, in: site)
        #expect(!controller.isPaused(resumed), "\(String(describing: resumed))")
        #expect(resumed?["spec"] == before)
        #expect(resumed?["metadata"]?["annotations"]?["dr/resume"] == nil)
        let annotations = site.object("StatefulSet", "metrics")?["metadata"]?["annotations"]
        #expect(annotations?["dr/paused"] == nil && annotations?["dr/replicas"] == nil)
    }

    @Test func `a controller that the plan leaves alone is not paused`() async throws {
        let site = try await site(.fluxKustomization)
        try await site.perform("scale: statefulset/metrics, replicas: 0, managed: leave, namespace: default")
        #expect(!Controller.fluxKustomization.isPaused(object(.fluxKustomization, in: site)))
    }

    /// The manifests of a drill carry the labels of the live stack.
    @Test func `a drill pauses no controller`() async throws {
        var site = try await site(.fluxKustomization)
        site.context.isDrill = true
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        #expect(!Controller.fluxKustomization.isPaused(object(.fluxKustomization, in: site)))
    }

    /// The step once failed with "1 of its pods still exist", and did not name the operator.
    @Test func `an operator that scales back is named with the remedy`() async throws {
        let site = try await site(.prometheusOperator)
        let stand = site.standIn
        let reverting = Task {
            while !Task.isCancelled {
                stand.with { cluster in
                    guard cluster.object("StatefulSet", "metrics", in: "default")?["spec"]?["replicas"] == 0 else {
                        return
                    }
                    cluster.change("StatefulSet", "metrics", in: "default") { $0["spec"]?["replicas"] = 2 }
                }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
        defer { reverting.cancel() }
        let error = await #expect(throws: ActionError.self) {
            try await site.perform(
                "scale: statefulset/metrics, replicas: 0, managed: leave, namespace: default, within: 1m")
        }
        #expect(
            error?.detail == "it was scaled to 0, but has 2 replicas again: Prometheus 'k8s' manages it",
            "\(String(describing: error))")
        #expect(error?.hint?.contains(#"kubectl patch prometheus.monitoring.coreos.com k8s"#) == true)
    }

    @Test func `an annotation that is not a pause is not applied`() async throws {
        let site = try await site(.fluxKustomization)
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        site.standIn.with {
            $0.change("Kustomization", "k8s", in: "flux-system") {
                $0["metadata"]?["annotations"]?["dr/resume"] = #"{"spec":{"path":"./other"}}"#
            }
        }
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("scale: statefulset/metrics, replicas: previous, namespace: default")
        }
        #expect(error?.detail == "its annotation dr/resume is not a valid patch")
        #expect(object(.fluxKustomization, in: site)?["spec"]?["path"] == nil)
    }
}
