import BackupRepository
import Documents
import Kubernetes
import Platform
import StackConfiguration

/// The volume snapshots that stay in the cluster after a backup, from which a restore takes content without the store.
///
/// They need not be of the same moment as the set, nor consistent: a restore compares the hash of each file.
extension Session {
    /// The time for which the controller of snapshots may report an error before dr gives up.
    private static var tolerance: Duration { .seconds(30) }

    /// Takes a snapshot of each stored component that keeps some. The set is committed already, so that a failure costs
    /// nothing but the snapshot.
    /// - Returns: one line for each failure.
    func keepSnapshots(_ components: [ComponentConfiguration], of manifests: [String: Manifest]) async -> [String] {
        await withTaskGroup(of: String?.self) { group in
            for component in components {
                // Access by snapshot keeps the one that it read.
                guard let volume = component.volume, volume.keep > 0, volume.access != .snapshot,
                    let manifest = manifests[component.name]
                else { continue }
                group.addTask {
                    do {
                        try await keepSnapshot(component, volume, run: manifest.run ?? "\(manifest.name)")
                        return nil
                    } catch {
                        return
                            "\(component.name): its backup is complete, but dr keeps no volume snapshot of it: \(error)"
                    }
                }
            }
            return await group.reduce(into: []) { lines, line in if let line { lines.append(line) } }.sorted()
        }
    }

    private func keepSnapshot(
        _ component: ComponentConfiguration, _ volume: KubernetesVolume, run: String
    ) async throws {
        let mover = try await moverHost(component, volume)
        let snapshots = mover.snapshots
        let name = VolumeSnapshots.name(component: component.name, run: run)
        do {
            try await snapshots.take(name, of: mover.place.claim, run: run, class: volume.snapshotClass)
            _ = try await snapshots.size(
                ofReady: name, within: mover.cluster.within.duration, tolerance: Self.tolerance)
        } catch {
            // A separate task, because a cancelled one must still clean up.
            await Task { await snapshots.delete("\(VolumeSnapshots.type)/\(name)") }.value
            throw error
        }
        await snapshots.trim(keep: volume.keep)
    }
}
