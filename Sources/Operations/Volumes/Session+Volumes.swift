import BackupRepository
import Components
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
        switch volume.access {
        case .exec:
            try refuseWriters(component, volume)
            return .local(
                ExecSource(component: component.name, volume: volume, kubectl: kubectl(of: volume), pool: pool) { data in
                    try settings(component, data: data).source(context(of: component.name))
                })
        case .snapshot:
            try refuseWriters(component, volume)
            return .remote(
                VolumeBackup(component: component, session: volumeSession) {
                    SnapshotMover(mover: try await moverHost(component, volume))
                })
        case .mover:
            return .remote(
                VolumeBackup(component: component, session: volumeSession) { try await moverHost(component, volume) })
        }
    }

    /// A kind that works together with its server in the data directory cannot use a copy of it.
    private func refuseWriters(_ component: ComponentConfiguration, _ volume: KubernetesVolume) throws {
        guard component.settings.writablePaths.isEmpty else {
            throw UsageError(
                "\(component.name): a component of kind '\(component.kind)' works in its server's own directory, so access "
                    + "'\(volume.access.rawValue)' does not apply; use access: mover")
        }
    }

    /// The settings of a component with a copy of its data on this machine.
    private func settings(_ component: ComponentConfiguration, data: String) throws -> any ComponentKind {
        let keys = component.entry.adding(["kind": .string(component.kind), DataDirectory.key: .string(data)])
        let document: JSONValue = [
            "store": ["url": "file:///nowhere"], "components": .object([component.name: keys]),
        ]
        let configuration = try ConfigurationFile.parse(
            String(decoding: document.compact, as: UTF8.self), file: file, folder: volumeSession.folder, kinds: kinds)
        guard let settings = configuration.components.first?.settings else {
            throw UsageError("\(component.name): its settings cannot be read again")
        }
        return settings
    }
}
