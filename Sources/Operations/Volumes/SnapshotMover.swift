import Documents
import Kubernetes
import Mover
import StackConfiguration

/// A mover that reads a snapshot of the claim, on any node: the state of the volume at one moment.
struct SnapshotMover: MoverHost {
    let mover: ClusterMover

    func directory() async throws -> String { try await mover.directory() }
    func warnings() async -> [String] { await mover.warnings() }
    func facts() async throws -> [String: String] { try await mover.facts() }

    private static let within = Period.minutes(10)

    func withMover<Value: Sendable>(
        _ purpose: MoverPod.Purpose, run: String, note: @escaping @Sendable (String) -> Void,
        _ body: @escaping @Sendable (MoverLine) async throws -> Value
    ) async throws -> Value {
        guard let claim = mover.claim else { throw VolumeError(mover.place.claim, "there is no such claim") }
        let snapshots = mover.snapshots
        await snapshots.sweep(except: run, after: mover.cluster.deadline)
        let name = VolumeSnapshots.name(component: mover.component, run: run)
        note("taking a volume snapshot")
        try await snapshots.take(name, of: mover.place.claim, run: run, class: mover.volume.snapshotClass)
        do {
            let size = try await snapshots.size(ofReady: name, within: Self.within.duration)
            try await mover.kubectl.create(snapshots.copy(name, as: name, run: run, like: claim, size: size))
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

    /// Removes the copy, and its snapshot unless that stays. Uses a separate task, because a cancelled one must still
    /// clean up.
    private func cleanUp(_ name: String, keepsSnapshot: Bool) async {
        let snapshots = mover.snapshots
        await Task {
            await snapshots.delete("persistentvolumeclaim/\(name)")
            if !keepsSnapshot { await snapshots.deleteSnapshot(name) }
        }.value
    }
}

extension ClusterMover {
    /// The snapshots of the component's claim.
    var snapshots: VolumeSnapshots {
        VolumeSnapshots(component: component, stack: stack, namespace: place.namespace, kubectl: kubectl, tell: tell)
    }
}
