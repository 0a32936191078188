internal import Documents
internal import Synchronization

/// The volumes that the pods of all nodes use, for the rules of their access modes.
final class VolumeAttachments: Sendable {
    private struct Use {
        var node: String
        var pod: String
        var name: String
        var namespace: String
    }

    private let uses = Mutex<[String: [Use]]>([:])

    /// Records that a pod uses a volume.
    /// - Parameter modes: the access modes of the volume.
    /// - Throws: `NotReady` if the volume is in use and the modes forbid a second use.
    func attach(_ volume: String, modes: [String], to pod: PodObject, on node: String) throws(NotReady) {
        let refusal: NotReady? = uses.withLock { uses in
            let others = uses[volume, default: []].filter { $0.pod != pod.uid }
            if modes == ["ReadWriteOncePod"], !others.isEmpty {
                return NotReady(
                    event: "FailedMount", reason: "ContainerCreating",
                    message:
                        "MountVolume.SetUp failed for volume \"\(volume)\" : volume uses the ReadWriteOncePod access "
                        + "mode and is already in use by another pod")
            }
            let isShared = modes.contains("ReadWriteMany") || modes.contains("ReadOnlyMany")
            let away = others.filter { $0.node != node }
            if !isShared, !away.isEmpty {
                let names = away.filter { $0.namespace == pod.namespace }.map(\.name).sorted()
                let use =
                    names.isEmpty
                    ? "Volume is already exclusively attached to one node and can't be attached to another"
                    : "Volume is already used by pod(s) \(names.joined(separator: ", "))"
                return NotReady(
                    event: "FailedAttachVolume", reason: "ContainerCreating",
                    message: "Multi-Attach error for volume \"\(volume)\" \(use)", component: "attachdetach-controller")
            }
            uses[volume] =
                uses[volume, default: []].filter { $0.pod != pod.uid }
                + [Use(node: node, pod: pod.uid, name: pod.name, namespace: pod.namespace)]
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Detaches all volumes of a pod.
    func release(_ pod: String) {
        uses.withLock { uses in
            for volume in uses.keys { uses[volume]?.removeAll { $0.pod == pod } }
        }
    }
}
