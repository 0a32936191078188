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

    /// Keeps a snapshot of each stored component that wants some, and removes older ones. The set is committed already, so
    /// that a failure costs nothing but the snapshot.
    /// - Returns: one line for each failure.
    func keepSnapshots(_ components: [ComponentConfiguration], of report: BackupRun.Report) async -> [String] {
        await withTaskGroup(of: String?.self) { group in
            for component in components {
                guard let volume = component.volume, volume.keep > 0, let manifest = report.manifests[component.name]
                else { continue }
                let isWhole = report.set.components[component.name]?.isWhole == true
                group.addTask {
                    do {
                        let mover = try await moverHost(component, volume)
                        let name = VolumeSnapshots.name(
                            component: component.name, run: manifest.run ?? "\(manifest.name)")
                        // A snapshot of a volume that lost data would take the place of the last good one.
                        guard isWhole else {
                            if volume.access == .snapshot { await mover.snapshots.deleteSnapshot(name) }
                            return "\(component.name): dr keeps no volume snapshot of a damaged or shrunk backup"
                        }
                        // Access by snapshot keeps the one that it read.
                        if volume.access != .snapshot { try await take(name, of: mover, manifest) }
                        return await trim(mover)
                    } catch {
                        return
                            "\(component.name): its backup is complete, but dr could not keep a volume snapshot: \(error)"
                    }
                }
            }
            return await group.reduce(into: []) { lines, line in if let line { lines.append(line) } }.sorted()
        }
    }

    private func take(_ name: String, of mover: ClusterMover, _ manifest: Manifest) async throws {
        let snapshots = mover.snapshots
        try await snapshots.take(
            name, of: mover.place.claim, run: manifest.run ?? "\(manifest.name)", class: mover.volume.snapshotClass)
        do {
            _ = try await snapshots.size(
                ofReady: name, within: mover.cluster.within.duration, tolerance: Self.tolerance)
        } catch let error as KubernetesError where error.reason == .notSo {
            // The driver may need longer for a large volume. `trim` removes the snapshot if it is not ready after an hour.
            throw VolumeError(
                mover.place.claim, "\(error.detail); the snapshot '\(name)' stays, and counts once it is ready",
                hint: "raise `kubernetes: within:` if snapshots of this volume take that long")
        } catch {
            // A separate task, because a cancelled one must still clean up.
            await Task { await snapshots.deleteSnapshot(name) }.value
            throw error
        }
    }

    private func trim(_ mover: ClusterMover) async -> String? {
        do {
            try await mover.snapshots.trim(keep: mover.volume.keep)
            return nil
        } catch { return "\(mover.component): older volume snapshots stay in the cluster: \(error)" }
    }
}
