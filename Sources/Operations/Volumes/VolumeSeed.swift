import BackupRepository
import Documents
import Kubernetes
import Platform

/// A kept volume snapshot from which a restore takes content, by a temporary claim.
///
/// The claim belongs to the restore's mover: the cluster removes the claim together with the pod, also if dr was killed.
struct VolumeSeed: Sendable {
    let snapshots: VolumeSnapshots
    let snapshot: String
    /// The least size of a claim from it.
    let size: String?
    /// The claim of the restore, whose class the temporary one has.
    let target: ClaimRecord
    /// The name of the temporary claim.
    let claim: String
    let run: String

    /// Finds the snapshot that is nearest to a backup set.
    /// - Returns: nil if there is none.
    init?(
        near manifest: Manifest, among snapshots: VolumeSnapshots, like target: ClaimRecord
    ) async throws {
        let run = manifest.run ?? "restore"
        guard
            let found = VolumeSnapshots.nearest(
                to: manifest.run, time: manifest.name.seconds, among: try await snapshots.all()),
            let name = found.objectName
        else { return nil }
        self.snapshots = snapshots
        self.target = target
        self.run = run
        snapshot = name
        size = found["status"]?["restoreSize"]?.text
        claim = ClusterMover.podName(component: snapshots.component, run: run) + "-seed"
    }

    /// Creates the temporary claim once the pod of the mover exists.
    func create(for pod: String) async throws {
        guard let uid = try await snapshots.kubectl.object("pod/\(pod)")?["metadata"]?["uid"]?.text else {
            throw VolumeError(pod, "there is no such pod")
        }
        try await snapshots.kubectl.create(
            snapshots.copy(
                snapshot, as: claim, run: run, like: target, size: size,
                owner: ["apiVersion": "v1", "kind": "Pod", "name": .string(pod), "uid": .string(uid)]))
    }

    /// The seed in the mover, which mounts the same part of the snapshot as of the target.
    func restoreSeed(_ place: VolumePlacement) -> RestoreSeed {
        let folder = place.data.hasPrefix(place.mountPath) ? place.data.dropFirst(place.mountPath.count) : ""
        return RestoreSeed(MoverPod.seedPath + folder, "the volume snapshot '\(snapshot)'")
    }
}
