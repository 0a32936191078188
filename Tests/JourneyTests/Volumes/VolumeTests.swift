import Documents
import Foundation
import Lab
import Synchronization
import Testing

/// Components whose data are in volumes of a cluster: the real kubectl, the real `dr` in pods, volumes as directories.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct VolumeTests {
    private static let web = "web: {kind: files, kubernetes: {workload: statefulset/web}}"

    @Test func `a volume is backed up by a pod beside its server, and restored into a new claim`() async throws {
        try await VolumeJourney.run(components: Self.web) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            let before = try await place.sums()
            try await place.journey.expect(0, "backup")
            // Nothing changed, and only the base's names were read.
            let second = try await place.journey.expect(0, "backup")
            #expect(second.output.contains("0 B"), "\(second.output)")
            try await place.journey.expect(0, "verify", "--read-data")
            #expect(try await place.movers() == [])
            #expect(try await place.sums() == before, "the pod of dr changed owners or content")

            let refused = try await place.journey.expect(1, "restore", "--component", "web", "--replace")
            #expect(refused.errors.contains("in use by web-0"), "\(refused.errors)")

            try await place.cluster.require(["delete", "namespace", VolumeJourney.namespace, "--wait=true"])
            try await place.makeNamespace()
            let preview = try await place.journey.expect(0, "restore", "--component", "web", "--dry-run")
            #expect(preview.output.contains("data-web-0"), "\(preview.output)")
            try await place.journey.expect(0, "restore", "--component", "web")
            let claim = try await place.cluster.object(["pvc", "data-web-0", "-n", VolumeJourney.namespace])
            #expect(claim["metadata"]?["labels"]?["app"] == "web")
            #expect(claim["spec"]?["storageClassName"] == "standard")
            #expect(try await place.movers() == [])
            try await place.applyFiles()
            #expect(try await place.sums() == before)
        }
    }

    @Test func `the previous content of a claim is kept in the volume, or removed on request`() async throws {
        try await VolumeJourney.run(components: Self.web) { place in
            try await place.makeNamespace()
            try await place.applyFiles(files: 20, size: "100Mi")
            let before = try await place.sums()
            try await place.journey.expect(0, "backup")
            try await place.cluster.require([
                "exec", "-n", VolumeJourney.namespace, "web-0", "--", "sh", "-c",
                "rm /srv/web/sub/3; echo x > /srv/web/sub/4",
            ])
            try await place.stop("statefulset/web", pod: "web-0")
            let refused = try await place.journey.expect(1, "restore", "--component", "web")
            #expect(refused.errors.contains("not empty"), "\(refused.errors)")
            let kept = try await place.journey.expect(0, "restore", "--component", "web", "--replace")
            #expect(kept.output.contains(".dr-"), "\(kept.output)")
            try await place.journey.expect(0, "restore", "--component", "web", "--replace", "--discard-previous")
            try await place.start("statefulset/web", pod: "web-0")
            #expect(try await place.sums() == before)
        }
    }

    @Test(arguments: [ExecFault.endsEarly(after: 3000), .drops(after: 40_000), .dropsInput(after: 200), .losesLast(1)])
    func `a stream that ends early loses nothing, whatever its exit code says`(fault: ExecFault) async throws {
        try await VolumeJourney.run(components: Self.web) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            let faults = Countdown(3)
            place.cluster.kubelet.failExec { request in
                request.command.contains("attach") && faults.next() ? fault : nil
            }
            try await place.journey.expect(0, "backup")
            place.cluster.kubelet.failExec(nil)
            #expect(faults.isUsed)
            try await place.journey.expect(0, "verify", "--read-data")
        }
    }

    @Test func `a mover that is killed costs its component only`() async throws {
        let components = "\(Self.web)\n  tree: {kind: files, data: /usr/share/doc/bash}"
        try await VolumeJourney.run(components: components) { place in
            try await place.makeNamespace()
            try await place.applyFiles(files: 2000, size: "100Mi")
            // The first connection breaks; meanwhile the pod is deleted.
            let cluster = place.cluster
            cluster.kubelet.failExec { request in
                guard request.command.contains("attach") else { return nil }
                Task {
                    _ = try? await cluster.kubectl([
                        "delete", "pods", "-n", VolumeJourney.namespace, "-l", "app.kubernetes.io/managed-by=dr",
                        "--force", "--grace-period=0",
                    ])
                }
                return .drops(after: 30_000)
            }
            let run = try await place.journey.expect(3, "backup")
            #expect(run.errors.contains("web") || run.output.contains("web"))
            #expect((run.errors + run.output).contains("deleted"), "\(run.errors)\(run.output)")
            cluster.kubelet.failExec(nil)
            try await place.journey.expect(0, "backup")
        }
    }

    @Test func `a claim that is too small, a missing class and a missing workload are explained`() async throws {
        try await VolumeJourney.run(components: Self.web) { place in
            try await place.makeNamespace()
            try await place.applyFiles(files: 100)
            try await place.journey.expect(0, "backup")
            try await place.cluster.require(["delete", "namespace", VolumeJourney.namespace, "--wait=true"])
            try await place.makeNamespace()
            func claim(_ size: String) async throws {
                try await place.cluster.apply(
                    """
                    apiVersion: v1
                    kind: PersistentVolumeClaim
                    metadata: {name: data-web-0, namespace: \(VolumeJourney.namespace)}
                    spec: {accessModes: [ReadWriteOnce], storageClassName: standard, resources: {requests: {storage: \(size)}}}
                    """)
            }
            try await claim("1Mi")
            let small = try await place.journey.expect(1, "restore", "--component", "web")
            #expect(small.errors.contains("has 1Mi, and the set needs"), "\(small.errors)")
            try await place.cluster.require(["delete", "pvc", "data-web-0", "-n", VolumeJourney.namespace])
            try await place.cluster.require(["delete", "storageclass", "standard"])
            let classless = try await place.journey.expect(1, "restore", "--component", "web")
            #expect(classless.errors.contains("no storage class 'standard'"), "\(classless.errors)")
            #expect(classless.errors.contains("storage_classes"), "\(classless.errors)")
            let absent = try await place.journey.expect(1, "backup")
            #expect(absent.errors.contains("there is no such workload"), "\(absent.errors)")
        }
    }

    @Test func `a workload that runs as root is followed only if the operator allows it`() async throws {
        try await VolumeJourney.run(components: Self.web) { place in
            try await place.makeNamespace()
            try await place.cluster.apply(
                """
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: root, namespace: \(VolumeJourney.namespace)}
                spec: {accessModes: [ReadWriteOnce], storageClassName: standard, resources: {requests: {storage: 1Gi}}}
                ---
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: web, namespace: \(VolumeJourney.namespace)}
                spec:
                  replicas: 1
                  serviceName: web
                  selector: {matchLabels: {app: web}}
                  template:
                    metadata: {labels: {app: web}}
                    spec:
                      terminationGracePeriodSeconds: 1
                      containers:
                      - name: web
                        image: \(LaboratoryCluster.plainImage)
                        command: [sleep, "1000"]
                        volumeMounts: [{name: data, mountPath: /srv/web}]
                      volumes: [{name: data, persistentVolumeClaim: {claimName: root}}]
                """)
            try await place.cluster.waitUntilReady("web-0", namespace: VolumeJourney.namespace)
            let refused = try await place.journey.expect(1, "backup")
            #expect(refused.errors.contains("runs as root"), "\(refused.errors)")
        }
    }
}

/// True for the first calls only.
final class Countdown: Sendable {
    private let left: Mutex<Int>
    private let count: Int

    init(_ count: Int) {
        self.count = count
        left = Mutex(count)
    }

    func next() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }

    var isUsed: Bool { left.withLock { $0 < count } }
}
