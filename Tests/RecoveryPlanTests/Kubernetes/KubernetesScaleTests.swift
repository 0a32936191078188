import Documents
import Foundation
import Lab
import Synchronization
import Testing

@testable import RecoveryPlan

/// Workloads as they really are, with the real kubectl against a stand-in for the API server.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesScaleTests {
    private typealias Site = KubectlSite

    private func site(
        _ kind: String = "StatefulSet", replicas: Int = 1, settling: Duration = .milliseconds(50)
    ) async throws -> Site {
        let site = try await Site(settling: settling)
        try site.write("app.yaml", site.workload(kind, "metrics", replicas: replicas))
        try await site.perform("apply: app.yaml, namespace: default")
        try await site.perform("rollout: \(kind.lowercased())/metrics, namespace: default")
        return site
    }

    /// A controller manager that is slow by seconds once failed the step.
    @Test func `a status that lags behind the pods is awaited`() async throws {
        let site = try await site()
        site.standIn.with { $0.lag.status = .seconds(3) }
        let start = ContinuousClock.now
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default, within: 1m")
        #expect(ContinuousClock.now - start > .seconds(2))
        #expect(site.object("StatefulSet", "metrics")?["status"]?["replicas"] == 0)
    }

    @Test func `a pod that does not end is named`() async throws {
        let site = try await site()
        site.standIn.with {
            $0.change("Pod", "metrics-0", in: "default") { $0["metadata"]?["finalizers"] = ["lab/keep"] }
        }
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default, within: 2s")
        }
        #expect(error?.reason == .notSo)
        #expect(
            error?.detail
                == "1 of its pods still exist after 2s: pod metrics-0 is terminating, and its finalizers remain: lab/keep"
        )
    }

    /// A selector with expressions alone left the workload at 0 replicas, and the step failed.
    @Test func `a selector with expressions is used`() async throws {
        let site = try await Site()
        try site.write(
            "app.yaml",
            site.workload("StatefulSet", "metrics", replicas: 1).replacing(
                "{matchLabels: {app: metrics}}",
                with: "{matchExpressions: [{key: app, operator: In, values: [metrics, other]}]}"))
        try await site.perform("apply: app.yaml, namespace: default")
        try await site.perform("rollout: statefulset/metrics, namespace: default")
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        #expect(site.object("Pod", "metrics-0") == nil)
        try await site.perform("scale: statefulset/metrics, replicas: previous, namespace: default")
        #expect(site.object("Pod", "metrics-0") != nil)
    }

    private static func definition(_ kind: String, selector: String) -> String {
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: \(kind.lowercased())s.lab.example}
        spec:
          group: lab.example
          scope: Namespaced
          names: {plural: \(kind.lowercased())s, singular: \(kind.lowercased()), kind: \(kind)}
          versions:
          - name: v1
            served: true
            storage: true
            schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
            subresources:
              status: {}
              scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas\(selector)}
        """
    }

    @Test func `a custom resource is scaled by its scale subresource`() async throws {
        let site = try await Site()
        try site.set(
            Self.definition("Cache", selector: ", labelSelectorPath: .status.selector"))
        try await site.set(
            custom:
                "{apiVersion: lab.example/v1, kind: Cache, metadata: {name: c, namespace: default}, spec: {replicas: 2}, status: {replicas: 2, selector: 'app=c'}}"
        )
        try site.set(
            "{apiVersion: v1, kind: Pod, metadata: {name: c-0, namespace: default, labels: {app: c}}, spec: {containers: [{name: main, image: c}]}}"
        )
        async let scaling = site.perform("scale: cache.lab.example/c, replicas: 0, namespace: default, within: 1m")
        try await Patience.wait(until: "the resource is scaled") {
            site.object("Cache", "c")?["spec"]?["replicas"] == 0
        }
        // The operator's work.
        site.standIn.with {
            $0.change("Cache", "c", in: "default") { $0["status"]?["replicas"] = 0 }
            $0.change("Pod", "c-0", in: "default") { $0["status"]?["phase"] = "Succeeded" }
        }
        #expect(try await scaling == "cache.lab.example/c has 0 replicas, had 2")
    }

    /// The resource once stayed at 0 replicas.
    @Test func `pods that cannot be identified are refused before anything is scaled`() async throws {
        let site = try await Site()
        try site.set(
            Self.definition("Cache", selector: ""))
        try await site.set(
            custom:
                "{apiVersion: lab.example/v1, kind: Cache, metadata: {name: c, namespace: default}, spec: {replicas: 2}, status: {replicas: 2}}"
        )
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("scale: cache.lab.example/c, replicas: 0, namespace: default")
        }
        #expect(
            error?.reason == .hopeless && error?.detail.contains("has no selector") == true,
            "\(String(describing: error))")
        #expect(site.object("Cache", "c")?["spec"]?["replicas"] == 2)
    }

    // MARK: The previous number

    /// A number that an earlier run recorded once restored one replica instead of three.
    @Test func `the recorded number does not outlive its use`() async throws {
        let site = try await site(replicas: 1)
        func annotation() -> JSONValue? {
            site.object("StatefulSet", "metrics")?["metadata"]?["annotations"]?["dr/replicas"]
        }
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        #expect(annotation() == "1")
        try await site.perform("scale: statefulset/metrics, replicas: previous, namespace: default")
        #expect(annotation() == nil)
        try await site.perform("scale: statefulset/metrics, replicas: 3, namespace: default")
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        #expect(annotation() == "3")
        try await site.perform("scale: statefulset/metrics, replicas: previous, namespace: default")
        #expect(site.object("StatefulSet", "metrics")?["spec"]?["replicas"] == 3)
    }

    @Test func `the journal's number is used when the annotation is lost`() async throws {
        var site = try await site(replicas: 2)
        let memory = JournalMemory([:])
        let folder = try TemporaryFolder("journal")
        let journal = try Journal(creating: folder.url.appending(path: "journal.jsonl").path)
        let record = RunRecord(
            identity: site.context.run, isDrill: false, procedure: nil, planDigest: "", parameters: [:], setDigest: "",
            components: [], tool: "dr", holder: RunHolder(person: "p", host: "h", process: 1, boot: "b"),
            startedAt: Date())
        try journal.append(.runBegan(run: record))
        site.context.memory = memory.memory(in: journal)
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        site.standIn.with {
            $0.change("StatefulSet", "metrics", in: "default") { $0["metadata"]?["annotations"] = [:] }
        }
        let reading = try JournalReading(path: journal.path)
        let resumed = ResumePoint(reading)
        #expect(resumed.remembered == ["replicas of lab/default/statefulset/metrics": "2"])
        site.context.memory = JournalMemory(resumed.remembered).memory(in: journal)
        try await site.perform("scale: statefulset/metrics, replicas: previous, namespace: default")
        #expect(site.object("StatefulSet", "metrics")?["spec"]?["replicas"] == 2)
    }

    // MARK: Rollouts

    /// `kubectl rollout status` refuses the strategy, so that a start that worked failed.
    @Test func `a rollout with the strategy OnDelete completes`() async throws {
        let site = try await site()
        site.standIn.with {
            $0.change("StatefulSet", "metrics", in: "default") { $0["spec"]?["updateStrategy"] = ["type": "OnDelete"] }
        }
        try await site.perform("scale: statefulset/metrics, replicas: 0, namespace: default")
        try await site.perform("scale: statefulset/metrics, replicas: previous, namespace: default")
        #expect(
            try await site.perform("rollout: statefulset/metrics, namespace: default")
                == "statefulset/metrics is rolled out")
    }

    /// The ready replicas are those of the old revision.
    @Test func `an update that hangs counts the updated replicas`() async throws {
        let site = try await site()
        site.standIn.with { $0.missingImages = ["metrics:2"] }
        try await site.perform("set_image: statefulset/metrics, image: 'metrics:2', namespace: default")
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("rollout: statefulset/metrics, namespace: default, within: 4s")
        }
        #expect(error?.detail.contains("1 of 1 replicas are ready") == false, "\(error?.detail ?? "")")
        #expect(error?.detail.contains("ImagePullBackOff in pod metrics-0") == true, "\(error?.detail ?? "")")
    }

    // MARK: An API server that is away

    @Test func `an API server that is away is awaited within the step's time`() async throws {
        let held = try HeldPort()
        var site = try await Site(port: held.number)
        try site.write("app.yaml", site.workload("StatefulSet", "metrics", replicas: 1))
        await site.standIn.server.stop()
        let told = Told()
        site.context.tell = { told.add($0) }
        site.context.deadline = .now + .seconds(120)
        let waiting = site
        async let applied = waiting.perform("apply: app.yaml, namespace: default")
        try await Patience.wait(until: "the action waits") {
            told.lines.contains { $0.hasPrefix("waiting for the API server") }
        }
        let again = try await Site(port: held.number)
        #expect(try await applied.hasPrefix("applied 1 object"))
        #expect(again.object("StatefulSet", "metrics") != nil)
    }

    @Test func `the action ends before its step does`() async throws {
        var site = try await site()
        site.standIn.with { $0.stuck = ["metrics"] }
        try await site.perform("delete: pod/metrics-0, namespace: default, within: 1m")
        site.context.deadline = .now + .seconds(6)
        let error = await #expect(throws: ActionError.self) {
            try await site.perform("rollout: statefulset/metrics, namespace: default, within: 5m")
        }
        #expect(error?.detail.contains("ImagePullBackOff") == true, "\(String(describing: error))")
        #expect(site.context.deadline.map { $0 > .now } == true)
    }
}

/// Collects the lines that an action tells.
final class Told: Sendable {
    private let all = Mutex<[String]>([])
    var lines: [String] { all.withLock { $0 } }
    func add(_ line: String) { all.withLock { $0.append(line) } }
}
