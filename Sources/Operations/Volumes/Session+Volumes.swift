import BackupRepository
import Components
import Documents
import FoundationEssentials
import Glibc
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
        let tell = tellsVolume(component)
        let (place, claim) = try await kubectl.patiently(tell: tell) {
            let place = try await VolumeSearch(volume: volume, kubectl: kubectl).placement()
            return (place, try await kubectl.object("persistentvolumeclaim/\(place.claim)"))
        }
        return ClusterMover(
            component: component.name, stack: configuration.stack, volume: volume, cluster: configuration.kubernetes,
            kubectl: kubectl, place: place, claim: claim.flatMap(ClaimRecord.init), tell: tell)
    }

    /// Tells why the work on a component's volume waits, also without a progress display.
    func tellsVolume(_ component: ComponentConfiguration) -> @Sendable (String) -> Void {
        let name = component.name, options = options
        return { text in
            // On a terminal, the line holds the progress.
            if isatty(STDERR_FILENO) == 1, !options.noProgress { StandardError.draw("\r\u{1B}[K") }
            Output(options: options).warn("\(name): \(text)")
        }
    }

    /// The way to a component's data for a backup.
    func access(_ component: ComponentConfiguration) throws -> BackupRun.Component.Access {
        guard let volume = component.volume else {
            let source = try source(component)
            return component.workers > 1 ? .remote(WorkerBackup(component: component, session: self)) : .local(source)
        }
        switch volume.access {
        case .exec:
            try refuseWriters(component, volume)
            try ExecSource.refuseUser(geteuid(), component: component.name)
            return .local(
                ExecSource(component: component.name, volume: volume, kubectl: kubectl(of: volume), pool: pool) {
                    data in
                    try settings(component, data: data, isInCluster: false).source(context(of: component.name))
                })
        case .snapshot:
            try refuseWriters(component, volume)
            return .remote(
                VolumeBackup(component: component, session: volumeSession) {
                    SnapshotMover(mover: try await moverHost(component, volume))
                })
        case .mover where volume.mode == .inCluster:
            guard configuration.store.lock == nil else {
                throw UsageError(
                    "\(component.name): mode 'in_cluster' does not lock objects; use mode: stream with `store: lock:`")
            }
            if volume.shards > 1, !component.settings.writablePaths.isEmpty {
                throw UsageError(
                    "\(component.name): a component of kind '\(component.kind)' works together with its server, so several "
                        + "pods cannot capture it at once; remove `kubernetes: shards:`")
            }
            return .remote(
                InClusterBackup(
                    component: component, volume: volume, session: volumeSession, pool: pool,
                    now: { [clock] in Timestamp(seconds: clock.seconds) }
                ) {
                    try await moverHost(component, volume)
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

    /// The settings of a component with the data, or a copy of them, in a directory of this machine.
    /// - Parameter isInCluster: true for a process in the cluster, which reaches services by their names.
    func settings(
        _ component: ComponentConfiguration, data: String, isInCluster: Bool
    ) throws -> any ComponentKind {
        guard component.volume != nil else { return component.settings }
        let entry =
            try isInCluster
            ? OrderSettings(
                component.entry, data: data, location: component.location, folder: volumeSession.folder
            ).entry : component.entry.adding([DataDirectory.key: .string(data)])
        let keys = entry.adding(["kind": .string(component.kind)])
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
