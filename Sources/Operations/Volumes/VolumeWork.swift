import BackupRepository
import Components
import Cryptography
import Documents
import FoundationEssentials
import Mover
import ObjectStorage
import Platform
import StackConfiguration

/// The backup of a component whose data are in a cluster, by a mover.
struct VolumeBackup: RemoteComponent {
    let component: ComponentConfiguration
    let session: VolumeSession
    /// Finds the volume, and the place of a mover beside it.
    let host: @Sendable () async throws -> any MoverHost

    init(
        component: ComponentConfiguration, session: VolumeSession,
        host: @escaping @Sendable () async throws -> any MoverHost
    ) {
        self.component = component
        self.session = session
        self.host = host
    }

    func backUp(
        _ job: ComponentJob, in repository: Repository, progress: WorkProgress,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String>
    ) async throws -> ComponentJob.Result {
        progress.update { $0.phase = "finding the volume" }
        let host = try await host()
        let order = try await session.order(
            .backup(job), of: component, kind: component.kind, in: repository, data: try await host.directory(),
            facts: try await host.facts())
        let service = StoreService(repository, component: component.name, mayWrite: true, doomed: doomed)
        let writes = !component.settings.writablePaths.isEmpty
        return try await host.withMover(
            .backup(writes: writes), run: job.run, note: { text in progress.update { $0.phase = text } }
        ) { line in
            let result = try await MoverSession(line: line).run(order, service, progress: progress)
            guard var stored = result.backup else { throw LinkError(.malformed, "the mover delivered another result") }
            stored.warnings += await host.warnings()
            return stored
        }
    }
}

/// The facts about this process that orders need.
struct VolumeSession: Sendable {
    /// The folder of the configuration, for relative paths in it.
    var folder: String
    var environment: [String: String]

    func order(
        _ task: MoverOrder.Task, of component: ComponentConfiguration?, kind: String, in repository: Repository,
        data: String, facts: [String: String] = [:], name: String? = nil
    ) async throws -> MoverOrder {
        let settings = try component.map {
            try OrderSettings(
                $0.entry, data: data, location: $0.location, folder: folder, environment: environment)
        }
        return MoverOrder(
            tool: Release.tool, component: component?.name ?? name ?? "", kind: kind,
            entry: settings.map { Data($0.entry.compact) },
            environment: settings?.environment ?? [:], files: settings?.files ?? [:],
            store: MoverOrder.Store(
                location: repository.store.location,
                recipients: repository.encryption.recipients.map(\.x509.pem),
                allowsClear: repository.encryption.allowsClear),
            facts: facts, task: task)
    }
}
