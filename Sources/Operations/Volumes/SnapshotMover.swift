import BackupRepository
import Documents
import Foundation
import Kubernetes
import Mover
import Platform
import StackConfiguration

/// A mover that reads a snapshot of the claim, on any node: the state of the volume at one moment.
struct SnapshotMover: MoverHost {
    let mover: ClusterMover

    func directory() async throws -> String { try await mover.directory() }
    func warnings() async -> [String] { await mover.warnings() }
    func facts() async throws -> [String: String] { try await mover.facts() }

    private static let type = "volumesnapshots.snapshot.storage.k8s.io"
    private static let within = Period.minutes(10)

    func withMover<Value: Sendable>(
        _ purpose: MoverPod.Purpose, run: String, note: @escaping @Sendable (String) -> Void,
        _ body: @escaping @Sendable (MoverLine) async throws -> Value
    ) async throws -> Value {
        guard let claim = mover.claim else { throw VolumeError(mover.place.claim, "there is no such claim") }
        await sweep(except: run)
        let name = "dr-\(mover.component.prefix(40))-\(run.prefix(12))"
        let labels = MoverPod.labels(run: run, component: mover.component, stack: mover.stack)
            .merging(["app.kubernetes.io/component": "snapshot"]) { $1 }
        do {
            note("making a snapshot")
            try await create(snapshot(name, labels))
            let size = try await size(ofReady: name)
            try await create(copy(name, labels, of: claim, size: size))
            var copied = mover.place
            copied.claim = name
            // The copy is not tied to the workload's node.
            (copied.pod, copied.node) = (nil, nil)
            let host = ClusterMover(
                component: mover.component, stack: mover.stack, volume: mover.volume, cluster: mover.cluster,
                kubectl: mover.kubectl, place: copied, claim: claim, tell: mover.tell)
            let value = try await host.withMover(.backup(writes: false), run: run, note: note, body)
            await cleanUp(name, keepsSnapshot: mover.volume.keep > 0)
            return value
        } catch {
            await cleanUp(name, keepsSnapshot: false)
            throw error
        }
    }

    private func create(_ document: JSONValue) async throws {
        try await mover.kubectl.create(document)
    }

    private func metadata(_ name: String, _ labels: [String: String]) -> JSONValue {
        var metadata: [String: JSONValue] = [
            "name": .string(name), "labels": .object(labels.mapValues { .string($0) }),
        ]
        metadata["namespace"] = mover.place.namespace.map { .string($0) }
        return .object(metadata)
    }

    private func snapshot(_ name: String, _ labels: [String: String]) -> JSONValue {
        var spec: [String: JSONValue] = ["source": ["persistentVolumeClaimName": .string(mover.place.claim)]]
        spec["volumeSnapshotClassName"] = mover.volume.snapshotClass.map { .string($0) }
        return [
            "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "metadata": metadata(name, labels),
            "spec": .object(spec),
        ]
    }

    /// Waits until the snapshot can be used.
    /// - Returns: the least size of a claim from it.
    private func size(ofReady name: String) async throws -> String? {
        let deadline = ContinuousClock.now + Self.within.duration
        while true {
            let status = try await mover.kubectl.patiently(tell: mover.tell) {
                try await mover.kubectl.object("\(Self.type)/\(name)")?["status"]
            }
            if status?["readyToUse"]?.bool == true { return status?["restoreSize"]?.text }
            let reason = status?["error"]?["message"]?.text
            guard ContinuousClock.now < deadline else {
                throw KubernetesError(
                    .failed, operation: "snapshot of '\(mover.place.claim)'",
                    reason ?? "it was not ready within \(Self.within)")
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func copy(
        _ name: String, _ labels: [String: String], of claim: ClaimRecord, size: String?
    ) -> JSONValue {
        let sizes = [size, claim.size, claim.capacity].compactMap(\.self)
        let largest = sizes.max { Quantity.bytes($0) ?? 0 < Quantity.bytes($1) ?? 0 }
        var spec: [String: JSONValue] = [
            "accessModes": ["ReadWriteOnce"],
            "dataSource": [
                "apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": .string(name),
            ],
            "resources": ["requests": ["storage": .string(largest ?? "1Gi")]],
        ]
        spec["storageClassName"] = claim.storageClass.map { .string($0) }
        return [
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(name, labels),
            "spec": .object(spec),
        ]
    }

    /// Removes the copy, and snapshots beyond the number that stay. Uses a separate task, because a cancelled one must
    /// still clean up.
    private func cleanUp(_ name: String, keepsSnapshot: Bool) async {
        let (kubectl, keep, selector) = (mover.kubectl, mover.volume.keep, selector)
        await Task {
            func delete(_ object: String) async {
                _ = try? await kubectl.run(["delete", object, "--ignore-not-found", "--wait=false"])
            }
            await delete("persistentvolumeclaim/\(name)")
            guard keepsSnapshot else { return await delete("\(Self.type)/\(name)") }
            let list = try? await kubectl.run([
                "get", Self.type, "--selector=\(selector)", "--sort-by=.metadata.creationTimestamp", "--output=name",
            ])
            for old in (list ?? "").split(whereSeparator: \.isNewline).dropLast(keep) { await delete(String(old)) }
        }.value
    }

    private var selector: String {
        let labels = MoverPod.labels(run: "", component: mover.component, stack: mover.stack)
        return ["app.kubernetes.io/managed-by", "dr/component", "dr/stack"]
            .compactMap { key in labels[key].map { "\(key)=\($0)" } }.joined(separator: ",")
            + ",app.kubernetes.io/component=snapshot"
    }

    /// Removes the copies of runs that were killed, once they are older than any run: no other object shows their age.
    private func sweep(except run: String) async {
        guard
            let text = try? await mover.kubectl.run([
                "get", "persistentvolumeclaims", "--selector=\(selector),dr/run!=\(run)", "--output=json",
            ]), let list = try? JSONValue(parsing: text)
        else { return }
        let limit = WallClock.system.seconds - Int(mover.cluster.deadline.duration.components.seconds)
        for claim in list["items"]?.array ?? [] {
            guard let name = claim["metadata"]?["name"]?.text,
                let made = claim["metadata"]?["creationTimestamp"]?.text.flatMap({ try? Date($0, strategy: .iso8601) }),
                Int(clamping: made.timeIntervalSince1970) < limit
            else { continue }
            await cleanUp(name, keepsSnapshot: false)
        }
    }
}
