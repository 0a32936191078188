import Documents
import Foundation
import Lab
import Testing

@testable import RecoveryPlan

/// The verbs that change single fields, with the real kubectl against a stand-in for the API server.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesChangeTests {
    private typealias Site = KubectlSite

    @Test(arguments: [
        ("with: {data: {mode: safe}}", "safe"), ("with: [{op: replace, path: /data/mode, value: fast}]", "fast"),
    ])
    func `a patch changes fields`(_ patch: String, _ mode: String) async throws {
        let site = try await Site()
        try site.set(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: flags, namespace: default}, data: {mode: old, a: b}}")
        #expect(
            try await site.perform("patch: configmap/flags, \(patch), namespace: default") == "patched configmap/flags")
        #expect(site.object("ConfigMap", "flags")?["data"] == ["mode": .string(mode), "a": "b"])
        let again = try await site.perform("patch: configmap/flags, \(patch), namespace: default")
        #expect(again == "configmap/flags was patched already")
    }

    @Test func `an image is set and undone`() async throws {
        let site = try await Site()
        try site.write("app.yaml", site.workload("Deployment", "web", replicas: 1))
        try await site.perform("apply: app.yaml, namespace: default")
        try await site.perform("rollout: deployment/web, namespace: default")
        func image() -> JSONValue? {
            site.object("Deployment", "web")?["spec"]?["template"]?["spec"]?["containers"]?.array?.first?["image"]
        }
        try await site.perform("set_image: deployment/web, image: 'web:2', namespace: default")
        #expect(image() == "web:2")
        try await site.perform("rollout: deployment/web, namespace: default")
        try await site.perform("rollout_undo: deployment/web, namespace: default")
        #expect(image() == "web:1")
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("set_image: deployment/web, image: 'web:2', container: other, namespace: default")
        }
        #expect(error?.detail == "it has no container 'other', only main")
    }

    private static let cronJob = """
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: compaction, namespace: default}
        spec:
          schedule: "@daily"
          jobTemplate:
            spec:
              backoffLimit: 0
              template: {spec: {restartPolicy: Never, containers: [{name: main, image: "tool:1"}]}}
        """

    @Test func `a job from a cron job is awaited`() async throws {
        let site = try await Site()
        try site.set(Self.cronJob)
        let text = try await site.perform("job_from: cronjob/compaction, namespace: default, within: 1m")
        #expect(text == "job/compaction-dr-r from cronjob/compaction is complete")
        let job = site.object("Job", "compaction-dr-r")
        #expect(job?["metadata"]?["labels"]?["app.kubernetes.io/managed-by"] == "dr")
        #expect(job?["metadata"]?["labels"]?["dr/run"] == "r")
        #expect(
            try await site.perform("job_from: cronjob/compaction, namespace: default, within: 1m")
                == "job/compaction-dr-r is complete already")
    }

    @Test func `a job that fails is reported, and replaced by the next attempt`() async throws {
        let site = try await Site()
        try site.set(Self.cronJob)
        site.standIn.with { $0.failing = ["compaction-dr-r"] }
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("job_from: cronjob/compaction, namespace: default, within: 1m")
        }
        #expect(
            error?.reason == .failed && error?.detail.contains("BackoffLimitExceeded") == true,
            "\(String(describing: error))")
        site.standIn.with { $0.failing = [] }
        #expect(
            try await site.perform("job_from: cronjob/compaction, namespace: default, within: 1m").hasSuffix(
                "is complete"))
    }

    @Test func `held workloads are created without replicas`() async throws {
        let site = try await Site()
        try site.write("m/app.yaml", site.workload("StatefulSet", "metrics", replicas: 2))
        try site.write("m/web.yaml", site.workload("Deployment", "web", replicas: 1))
        try await site.perform("apply: m, hold: [sts/metrics], namespace: default")
        func replicas() -> JSONValue? { site.object("StatefulSet", "metrics")?["spec"]?["replicas"] }
        #expect(replicas() == 0)
        #expect(site.object("Deployment", "web")?["spec"]?["replicas"] == 1)
        #expect(site.object("Pod", "metrics-0") == nil)
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        try await site.perform("scale: statefulset/metrics, replicas: previous, namespace: default")
        #expect(replicas() == 2)
        // A workload that runs keeps running.
        try await site.perform("apply: m, hold: [sts/metrics], namespace: default")
        #expect(replicas() == 2)
        // A plan for several stacks names workloads that this one lacks.
        #expect(
            try await site.perform("apply: m, hold: [sts/other], namespace: default").hasPrefix("applied 2 objects"))
    }

    @Test func `the preview shows the commands`() async throws {
        let site = try await Site()
        func preview(_ text: String) async throws -> [String] {
            try await site.action("{\(text), context: lab}").preview(in: site.context).lines
        }
        #expect(
            try await preview("patch: configmap/a, with: {data: {b: c}}")
                == [#"kubectl --context=lab patch configmap/a --type=merge '--patch={"data":{"b":"c"}}'"#])
        #expect(
            try await preview("rollout_undo: deployment/a, revision: 3")
                == ["kubectl --context=lab rollout undo deployment/a --to-revision=3"])
        #expect(
            try await preview("set_image: deployment/a, image: 'a:2', container: main")
                == ["kubectl --context=lab set image deployment/a main=a:2"])
        #expect(
            try await preview("job_from: cronjob/a, within: 1m") == [
                "kubectl --context=lab create job a-dr-r --from=cronjob/a",
                "kubectl --context=lab wait job/a-dr-r --for=condition=Complete --timeout=60s",
            ])
        #expect(site.standIn.server.requests.isEmpty)
    }
}
