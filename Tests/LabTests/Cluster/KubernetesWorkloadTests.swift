import Documents
import Foundation
import Lab
import Testing

/// The controllers of the stand-in cluster, by the real kubectl.
@Suite(.enabled(if: LabTool.isInstalled("kubectl"))) struct KubernetesWorkloadTests {
    @Test func `a StatefulSet has pods and claims by ordinal, and the claims survive`() async throws {
        let lab = try await KubernetesLab()
        try await lab.apply(KubernetesLab.statefulSet("loki", replicas: 2))
        try await lab.expect("rollout", "status", "statefulset/loki", "--timeout=2m")
        #expect(lab.standIn.with { $0.names(of: "Pod") } == ["loki-0", "loki-1"])
        #expect(lab.standIn.with { $0.names(of: "PersistentVolumeClaim") } == ["data-loki-0", "data-loki-1"])
        let volume = lab.standIn.with { $0.all("PersistentVolume") }.first
        let path = try #require(volume?["metadata"]?["annotations"]?["lab/path"]?.text)
        #expect(FileManager.default.fileExists(atPath: path))

        try await lab.expect("scale", "statefulset/loki", "--replicas=0")
        try await lab.expect("wait", "--for=delete", "pod", "--selector=app=loki", "--timeout=2m")
        try await lab.expect("delete", "statefulset/loki")
        #expect(lab.standIn.with { $0.names(of: "PersistentVolumeClaim") } == ["data-loki-0", "data-loki-1"])
        try await lab.expect("delete", "persistentvolumeclaims", "--all")
        try await lab.wait(until: "the directories are removed") { _ in !FileManager.default.fileExists(atPath: path) }
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `a rolling update replaces pods, and OnDelete does not`() async throws {
        let lab = try await KubernetesLab()
        try await lab.apply(KubernetesLab.statefulSet("loki", replicas: 2))
        try await lab.expect("rollout", "status", "statefulset/loki", "--timeout=2m")
        try await lab.expect("set", "image", "statefulset/loki", "main=loki:2")
        try await lab.expect("rollout", "status", "statefulset/loki", "--timeout=2m")
        func images() -> [String?] {
            lab.standIn.with { $0.all("Pod") }.map { $0["spec"]?["containers"]?.array?.first?["image"]?.text }
        }
        #expect(images() == ["loki:2", "loki:2"])
        try await lab.expect("rollout", "undo", "statefulset/loki")
        try await lab.expect("rollout", "status", "statefulset/loki", "--timeout=2m")
        #expect(images() == ["loki:1", "loki:1"])

        try await lab.expect(
            "patch", "statefulset/loki", "--patch={\"spec\":{\"updateStrategy\":{\"type\":\"OnDelete\"}}}")
        let message = try await lab.refused("rollout", "status", "statefulset/loki", "--timeout=2m")
        #expect(message.contains("rollout status is only available for RollingUpdate strategy type"))
    }

    @Test func `a Deployment keeps its pods until new ones are ready, and rolls back`() async throws {
        let lab = try await KubernetesLab()
        try await lab.expect("create", "deployment", "grafana", "--image=grafana:1", "--replicas=2")
        try await lab.expect("rollout", "status", "deployment/grafana", "--timeout=2m")
        lab.standIn.with { $0.missingImages = ["grafana:2"] }
        try await lab.expect("set", "image", "deployment/grafana", "grafana=grafana:2")
        _ = try await lab.refused("rollout", "status", "deployment/grafana", "--timeout=2s")
        #expect(lab.object("Deployment", "grafana")?["status"]?["availableReplicas"] == 2)
        try await lab.expect("rollout", "undo", "deployment/grafana")
        try await lab.expect("rollout", "status", "deployment/grafana", "--timeout=2m")
        #expect(lab.standIn.with { $0.names(of: "Pod") }.count == 2)
        try await lab.expect("delete", "deployment/grafana")
        try await lab.wait(until: "the pods are gone") { $0.standIn.with { $0.names(of: "Pod") }.isEmpty }
        #expect(lab.standIn.with { $0.names(of: "ReplicaSet") } == [])
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `the status of a workload follows its pods with a delay`() async throws {
        let lab = try await KubernetesLab()
        try await lab.apply(KubernetesLab.statefulSet("loki"))
        try await lab.expect("rollout", "status", "statefulset/loki", "--timeout=2m")
        lab.standIn.with { $0.lag.status = .seconds(2) }
        try await lab.expect("scale", "statefulset/loki", "--replicas=0")
        try await lab.expect("wait", "--for=delete", "pod", "--selector=app=loki", "--timeout=2m")
        #expect(lab.object("StatefulSet", "loki")?["status"]?["replicas"] == 1)
        try await lab.wait(until: "the status follows") {
            $0.object("StatefulSet", "loki")?["status"]?["replicas"] == 0
        }
    }

    @Test func `jobs complete by index, fail, and expire`() async throws {
        let lab = try await KubernetesLab()
        func job(_ name: String, _ more: String) -> String {
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: \(name)}
            spec:
              \(more)
              template: {spec: {restartPolicy: Never, containers: [{name: main, image: "x:1"}]}}

            """
        }
        try await lab.apply(job("indexed", "{completions: 2, parallelism: 2, completionMode: Indexed}".asMembers))
        try await lab.expect("wait", "--for=condition=complete", "job/indexed", "--timeout=2m")
        let pods = lab.standIn.with { $0.all("Pod") }
        let indexes = pods.compactMap { pod in
            pod["spec"]?["containers"]?.array?.first?["env"]?.array?.first { $0["name"] == "JOB_COMPLETION_INDEX" }?[
                "value"]
        }
        #expect(Set(indexes) == ["0", "1"])
        lab.standIn.with { $0.failing = ["broken"] }
        try await lab.apply(job("broken", "backoffLimit: 1"))
        try await lab.expect("wait", "--for=condition=failed", "job/broken", "--timeout=2m")
        #expect(lab.events("BackoffLimitExceeded") == ["Job has reached the specified backoff limit"])
        try await lab.apply(job("short", "ttlSecondsAfterFinished: 0"))
        try await lab.wait(until: "the job expires") { $0.object("Job", "short") == nil }
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `an index of a job that fails costs only its own share`() async throws {
        let lab = try await KubernetesLab()
        lab.standIn.with { $0.failing = ["split-1"] }
        try await lab.apply(
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: split}
            spec:
              completionMode: Indexed
              completions: 4
              parallelism: 2
              backoffLimitPerIndex: 1
              template: {spec: {restartPolicy: Never, containers: [{name: main, image: "x:1"}]}}
            """)
        try await lab.expect("wait", "--for=condition=failed", "job/split", "--timeout=2m")
        let status = lab.object("Job", "split")?["status"]
        #expect(status?["completedIndexes"] == "0,2-3")
        #expect(status?["failedIndexes"] == "1")
        #expect(status?["succeeded"] == 3 && status?["failed"] == 2)
        #expect(lab.events("FailedIndexes") == ["Job has failed indexes"])
        let names = lab.standIn.with { $0.names(of: "Pod") }
        #expect(names.filter { $0.hasPrefix("split-1-") }.count == 2, "\(names)")
        #expect(lab.standIn.server.violations == [])
    }

    @Test func `a pod of a job that is deleted before it ends counts as failed`() async throws {
        let lab = try await KubernetesLab()
        lab.standIn.with { $0.stuck = ["split"] }
        try await lab.apply(
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: split}
            spec:
              completionMode: Indexed
              completions: 2
              parallelism: 2
              backoffLimitPerIndex: 0
              template: {spec: {restartPolicy: Never, containers: [{name: main, image: "x:1"}]}}
            """)
        try await lab.wait(until: "both pods are there") { lab in
            lab.standIn.with { $0.names(of: "Pod").count } == 2
        }
        let second = "--selector=batch.kubernetes.io/job-completion-index=1"
        try await lab.expect("delete", "pod", second, "--force", "--grace-period=0")
        try await lab.wait(until: "its index has failed") {
            $0.object("Job", "split", in: "default")?["status"]?["failedIndexes"] == "1"
        }
        #expect(lab.object("Job", "split")?["status"]?["active"] == 1)
        #expect(lab.standIn.with { $0.names(of: "Pod").count } == 1)
    }

    @Test(arguments: [
        ("nodeSelector: {disk: fast}", "1 node(s) didn't match Pod's node affinity/selector"),
        ("volumes: [{name: x, persistentVolumeClaim: {claimName: lost}}]", "persistentvolumeclaim \"lost\" not found"),
        ("schedulerName: default-scheduler", "pod has unbound immediate PersistentVolumeClaims"),
    ])
    func `an unschedulable pod has an event with the reason`(pod: String, reason: String) async throws {
        let lab = try await KubernetesLab()
        var manifest = KubernetesLab.statefulSet("loki", pod: pod)
        if reason.contains("unbound") {
            manifest = manifest.replacing("accessModes: [Read", with: "storageClassName: lost, accessModes: [Read")
        }
        try await lab.apply(manifest)
        try await lab.wait(until: "the scheduler complains") { !$0.events("FailedScheduling").isEmpty }
        let message = try #require(lab.events("FailedScheduling").first)
        #expect(message.hasPrefix("0/1 nodes are available: \(reason)"), "\(message)")
        let isMissing = lab.events("ProvisioningFailed") == ["storageclass.storage.k8s.io \"lost\" not found"]
        #expect(isMissing == reason.contains("unbound"))
    }

    @Test func `a snapshot is a copy at one point in time`() async throws {
        let lab = try await KubernetesLab()
        try await lab.apply(KubernetesLab.statefulSet("loki"))
        try await lab.expect("rollout", "status", "statefulset/loki", "--timeout=2m")
        func folder(of claim: String) throws -> URL {
            let volume = try #require(lab.object("PersistentVolumeClaim", claim)?["spec"]?["volumeName"]?.text)
            let path = lab.object("PersistentVolume", volume, in: "")?["metadata"]?["annotations"]?["lab/path"]?.text
            return URL(filePath: try #require(path))
        }
        let live = try folder(of: "data-loki-0").appending(path: "chunk")
        try Data("before".utf8).write(to: live)
        lab.standIn.with { $0.lag.snapshot = .milliseconds(300) }
        try await lab.apply(
            """
            apiVersion: snapshot.storage.k8s.io/v1
            kind: VolumeSnapshot
            metadata: {name: now}
            spec: {source: {persistentVolumeClaimName: data-loki-0}}
            """)
        try await lab.wait(until: "the snapshot is taken") {
            $0.object("VolumeSnapshot", "now")?["status"]?["boundVolumeSnapshotContentName"] != nil
        }
        try Data("after".utf8).write(to: live)
        try await lab.expect("wait", "--for=jsonpath={.status.readyToUse}=true", "volumesnapshot/now", "--timeout=2m")
        try await lab.apply(
            """
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: copy}
            spec:
              storageClassName: immediate
              accessModes: [ReadWriteOnce]
              resources: {requests: {storage: 1Gi}}
              dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: now}
            """)
        try await lab.expect("wait", "--for=jsonpath={.status.phase}=Bound", "pvc/copy", "--timeout=2m")
        #expect(try String(contentsOf: folder(of: "copy").appending(path: "chunk"), encoding: .utf8) == "before")
        try await lab.expect("delete", "volumesnapshot/now", "--timeout=2m")
        #expect(lab.standIn.with { $0.names(of: "VolumeSnapshotContent") } == [])
        #expect(lab.standIn.server.violations == [])
    }
}

extension String {
    /// The members of a flow mapping, one a line, in the indentation of a job's spec.
    fileprivate var asMembers: String {
        dropFirst().dropLast().split(separator: ", ").joined(separator: "\n  ")
    }
}
