import BackupRepository
import Documents
import Foundation
import Kubernetes
import Platform
import StackConfiguration

/// Components whose data are in a cluster.
extension Session {
    var volumeSession: VolumeSession {
        VolumeSession(
            folder: URL(filePath: file).absoluteURL.deletingLastPathComponent().path,
            environment: ProcessInfo.processInfo.environment)
    }

    func kubectl(of volume: KubernetesVolume) -> Kubectl {
        Kubectl(
            context: volume.context ?? configuration.kubernetes.context,
            namespace: volume.namespace ?? configuration.kubernetes.namespace,
            environment: ProcessInfo.processInfo.environment,
            folder: FileManager.default.currentDirectoryPath, pool: pool)
    }

    /// Makes the place of a component's movers from the cluster's present state.
    func moverHost(_ component: ComponentConfiguration, _ volume: KubernetesVolume) async throws -> ClusterMover {
        let kubectl = kubectl(of: volume)
        let place = try await VolumeSearch(volume: volume, kubectl: kubectl).placement()
        let claim = try await kubectl.object("persistentvolumeclaim/\(place.claim)")
        return ClusterMover(
            component: component.name, stack: configuration.stack, volume: volume, cluster: configuration.kubernetes,
            kubectl: kubectl, place: place, claim: claim.flatMap(ClaimRecord.init))
    }

    /// The way to a component's data for a backup.
    func access(_ component: ComponentConfiguration) throws -> BackupRun.Component.Access {
        guard let volume = component.volume else { return .local(try source(component)) }
        return .remote(
            VolumeBackup(component: component, session: volumeSession) { try await moverHost(component, volume) })
    }
}
