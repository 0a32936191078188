import Documents
import Foundation
import Lab
import Testing

@testable import RecoveryPlan

/// Tests with the real kubectl against a stand-in for the API server.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubectlActionTests {
    private typealias Site = KubectlSite

    /// The actions of a recovery after its namespace was deleted.
    @Test func `the actions restore a deleted namespace with its workloads`() async throws {
        let site = try await Site()
        try site.write(
            "manifests/kustomization.yaml", "namespace: monitoring\nresources: [prometheus.yaml, config.yaml]\n")
        try site.write("manifests/prometheus.yaml", site.workload("StatefulSet", "prometheus", replicas: 2))
        try site.write(
            "manifests/config.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: rules}, data: {a: \"1\"}}\n")
        #expect(try await site.perform("create_namespace: monitoring") == "created namespace 'monitoring'")
        #expect(try await site.perform("create_namespace: monitoring") == "namespace 'monitoring' already exists")
        let applied = try await site.perform("apply: manifests, namespace: monitoring")
        #expect(applied == "applied 2 objects of '\(site.folder.path)/manifests'")
        _ = try await site.perform("rollout: statefulset/prometheus, namespace: monitoring")
        _ = try await site.perform("wait: pod, selector: app=prometheus, for: condition=Ready, namespace: monitoring")

        #expect(
            try await site.perform("scale: statefulset/prometheus, replicas: 0, namespace: monitoring")
                == "statefulset/prometheus has 0 replicas, had 2")
        #expect(site.standIn.with { $0.object("Pod", "prometheus-0", in: "monitoring") } == nil)
        // A run that crashes here and is resumed still finds the annotation with two replicas.
        _ = try await site.perform("scale: statefulset/prometheus, replicas: 0, namespace: monitoring")
        #expect(
            try await site.perform("scale: statefulset/prometheus, replicas: previous, namespace: monitoring")
                == "statefulset/prometheus has 2 replicas, had 0")
        #expect(site.standIn.with { $0.object("Pod", "prometheus-1", in: "monitoring") } != nil)

        #expect(try await site.perform("delete: namespace/monitoring") == "deleted namespace/monitoring")
        #expect(try await site.perform("delete: namespace/monitoring") == "namespace/monitoring did not exist")
        #expect(site.standIn.with { $0.object("Namespace", "monitoring") } == nil)
        #expect(site.standIn.server.violations == [])
    }

    /// The next step replaces the data of the pods, so they must be gone.
    @Test func `the step ends once the pods are gone`() async throws {
        let site = try await Site(settling: .seconds(2))
        try site.write("loki.yaml", site.workload("StatefulSet", "loki", replicas: 1))
        _ = try await site.perform("apply: loki.yaml, namespace: default")
        _ = try await site.perform("rollout: statefulset/loki, namespace: default")
        #expect(site.standIn.with { $0.object("Pod", "loki-0", in: "default") } != nil)
        _ = try await site.perform("scale: statefulset/loki, replicas: 0, namespace: default")
        #expect(site.standIn.with { $0.object("Pod", "loki-0", in: "default") } == nil)
    }

    @Test func `a rollout that hangs ends with its reason`() async throws {
        let site = try await Site()
        site.standIn.with { $0.stuck = ["grafana"] }
        try site.write("grafana.yaml", site.workload("Deployment", "grafana", replicas: 1))
        _ = try await site.perform("apply: grafana.yaml, namespace: default")
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("rollout: deployment/grafana, namespace: default, within: 5s")
        }
        #expect(error?.reason == .notSo && error?.operation == "rollout of deployment/grafana")
        #expect(
            error?.detail.wholeMatch(
                of:
                    /0 of 1 replicas are ready after 5s: ImagePullBackOff in pod grafana-\S+: Back-off pulling image "grafana:1"/
            ) != nil, "\(error?.detail ?? "")")
    }

    /// `kubectl wait` alone would fail immediately.
    @Test func `the action waits for objects that do not exist yet`() async throws {
        let site = try await Site()
        try site.write("loki.yaml", site.workload("StatefulSet", "loki"))
        async let waiting = site.perform("wait: pod, selector: app=loki, for: condition=Ready, namespace: default")
        _ = try await site.perform("apply: loki.yaml, namespace: default")
        #expect(try await waiting.hasPrefix("pod with app=loki: condition=Ready"))
        let error = await #expect(throws: ActionError.self) {
            try await site.perform(
                "wait: pod, selector: app=typo, for: condition=Ready, namespace: default, within: 1s")
        }
        #expect(error?.reason == .notSo && error?.detail == "no such object within 1s")
        #expect(
            try await site.perform("wait: pod, selector: app=typo, for: delete, namespace: default")
                == "pod with app=typo: no such object")
    }

    @Test func `fields of others are taken over unless forbidden`() async throws {
        let site = try await Site()
        try site.write("loki.yaml", site.workload("StatefulSet", "loki", replicas: 1))
        _ = try await site.perform("apply: loki.yaml, namespace: default")
        _ = try await site.perform("scale: statefulset/loki, replicas: 2, namespace: default")
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("apply: loki.yaml, namespace: default, force: false")
        }
        #expect(error?.reason == .hopeless && error?.detail.contains(".spec.replicas") == true)
        _ = try await site.perform("apply: loki.yaml, namespace: default")
        let replicas = site.standIn.with { $0.object("StatefulSet", "loki", in: "default")?["spec"]?["replicas"] }
        #expect(replicas == 1)
    }

    @Test func `the error distinguishes a refusal from a missing object`() async throws {
        let site = try await Site()
        try site.write("loki.yaml", site.workload("StatefulSet", "loki"))
        _ = try await site.perform("apply: loki.yaml, namespace: default")
        site.standIn.with { $0.denied = ["patch statefulsets/scale"] }
        let forbidden = await #expect(throws: ActionError.self) {
            try await site.perform("scale: statefulset/loki, replicas: 3, namespace: default")
        }
        #expect(forbidden?.reason == .hopeless && forbidden?.hint?.contains("kubectl auth can-i") == true)
        let missing = await #expect(throws: ActionError.self) {
            try await site.perform("scale: statefulset/nowhere, replicas: 3, namespace: default")
        }
        #expect(missing?.reason == .failed && missing?.detail == "there is no such workload")
        let homeless = await #expect(throws: ActionError.self) {
            try await site.perform("apply: loki.yaml, namespace: gone")
        }
        #expect(homeless?.hint?.contains("create_namespace") == true, "\(String(describing: homeless))")
        let nothing = await #expect(throws: ActionError.self) { try await site.perform("apply: nowhere") }
        #expect(nothing?.reason == .hopeless)
        await site.standIn.server.stop()
        let away = await #expect(throws: ActionError.self) {
            try await site.perform("scale: statefulset/loki, replicas: 3, namespace: default, within: 2s")
        }
        let isExplained = away?.hint?.contains("cluster of the context") == true
        #expect(away?.reason == .failed && isExplained, "\(String(describing: away))")
        let unknown = await #expect(throws: ActionError.self) {
            try await site.action("{delete: pod/x, context: nowhere}").perform(in: site.context)
        }
        #expect(unknown?.reason == .hopeless && unknown?.hint?.contains("get-contexts") == true)
    }

    @Test func `a cancelled rollout ends`() async throws {
        let site = try await Site()
        site.standIn.with { $0.stuck = ["grafana"] }
        try site.write("grafana.yaml", site.workload("Deployment", "grafana", replicas: 1))
        _ = try await site.perform("apply: grafana.yaml, namespace: default")
        let task = Task { try await site.perform("rollout: deployment/grafana, namespace: default, within: 5m") }
        let list = "GET /apis/apps/v1/namespaces/default/deployments/grafana"
        while site.standIn.server.requests[list, default: 0] == 0 { try await Task.sleep(for: .milliseconds(20)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a preview is the command and touches nothing`() async throws {
        let site = try await Site()
        try site.write("m/a.yaml", site.workload("StatefulSet", "loki"))
        func preview(_ text: String) async throws -> [String] {
            try await site.action("{\(text), context: lab, namespace: monitoring}").preview(in: site.context).lines
        }
        let start = "kubectl --context=lab --namespace=monitoring"
        #expect(
            try await preview("apply: m") == [
                "\(start) apply --server-side --field-manager=dr --filename \(site.folder.path)/m --force-conflicts"
            ])
        #expect(try await preview("scale: sts/loki, replicas: 0") == ["\(start) scale sts/loki --replicas=0"])
        #expect(
            try await preview("wait: pod, selector: app=loki, for: condition=Ready, within: 1m") == [
                "\(start) wait pod --selector=app=loki --for=condition=Ready --timeout=60s"
            ])
        #expect(
            try await preview("create_namespace: monitoring") == [
                "\(start) apply --server-side --field-manager=dr --filename -  (with namespace monitoring)"
            ])
        #expect(site.standIn.server.requests.isEmpty)
    }

    @Test(arguments: [
        ("{namespace: a}", "expected one kubectl verb, found none"),
        ("{apply: a, delete: pod/b}", "expected one kubectl verb, found apply and delete"),
        ("{scale: pod/a}", "'scale' needs 'replicas'"), ("{wait: pod/a}", "'wait' needs 'for'"),
        ("{wait: pod, for: delete}", "expected TYPE/NAME, or a type with 'selector', found 'pod'"),
        ("{delete: pod/a, replicas: 3}", "'replicas' belongs to 'scale'"),
        ("{delete: --all}", "'--all' is not a valid object: write it as TYPE/NAME, such as statefulset/metrics"),
        ("{scale: sts/a, replicas: many}", "expected a number of replicas or 'previous', found text"),
        ("{patch: configmap/a}", "'patch' needs 'with'"), ("{set_image: sts/a}", "'set_image' needs 'image'"),
        ("{patch: configmap/a, with: text}", "expected a mapping of fields, or a list of JSON Patch operations"),
        ("{job_from: job/a}", "'job/a' is not a CronJob: write cronjob/NAME"),
        ("{set_image: sts/a, image: 'a b'}", "'a b' is not a valid image"),
        ("{rollout: sts/a, hold: [sts/a]}", "'hold' belongs to 'apply'"),
        ("{delete: pod/a, context: --kubeconfig=x}", "'context' must not begin with '-'"),
    ])
    func `mistakes are found before anything is touched`(text: String, complaint: String) async throws {
        let site = try await Site()
        let error = #expect(throws: DocumentError.self) { try site.action(text) }
        #expect(error?.diagnostics.first?.message == complaint)
    }

    @Test func `only a read-only action changes nothing`() async throws {
        let site = try await Site()
        #expect(try site.action("{rollout: sts/a}").changesNothing)
        #expect(try !site.action("{scale: sts/a, replicas: \"3\"}").changesNothing)
    }
}
