package import Cryptography
package import Logging
internal import ObjectStorage
package import Platform

/// A component that another process captures and stores, beside its data.
package protocol RemoteComponent: Sendable {
    /// - Parameters:
    ///   - repository: with the credentials and keys of this process.
    ///   - doomed: returns those packs of the component that prunes remove.
    func backUp(
        _ job: ComponentJob, in repository: Repository, progress: WorkProgress,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String>
    ) async throws -> ComponentJob.Result
}

/// The part of a backup run that stores one component, as a document for the process that does it.
package struct ComponentJob: Codable, Equatable, Sendable {
    package var component: String
    package var kind: String
    /// The random id of the run.
    package var run: String
    /// The time of the coordinator, by which the manifest is named.
    package var now: Timestamp
    /// The number of packs written at the same time.
    package var lanes: Int
    /// Packs not to build upon.
    package var unwanted: Set<String>
    package var base: Base?
    /// The share of the files to store; nil for the whole component.
    package var shard: Shard?
    /// The shards of this run that have stored their shares.
    package var parts: [Part]?

    /// The manifest of a shard.
    package struct Part: Codable, Equatable, Sendable {
        package var shard: Shard
        package var manifest: Timestamp
        package var sha256: Digest
        /// The recipients to which every pack of it is encrypted; nil if they are not known.
        package var recipients: [String]?

        package init(_ shard: Shard, _ result: Result) {
            self.shard = shard
            manifest = result.manifest
            sha256 = result.sha256
            recipients = result.recipients
        }
    }

    /// The manifest to build upon.
    package struct Base: Codable, Equatable, Sendable {
        package var manifest: Timestamp?
        package var sha256: Digest?
        package var isEncrypted: Bool
        package var recipients: [String]?
        package var warning: String?

        init(_ base: RunHistory.Base) {
            manifest = base.manifest?.manifest.name
            sha256 = base.manifest?.digest
            isEncrypted = base.isEncrypted
            recipients = base.recipients
            warning = base.warning
        }
    }

    package struct Result: Codable, Equatable, Sendable {
        package var manifest: Timestamp
        package var sha256: Digest
        package var added: BackupSet.Added
        package var warnings: [String]
        package var notes: [String]
        package var seconds: Double
        /// The recipients to which every pack of the component is encrypted; nil if they are not known.
        package var recipients: [String]?
    }

    /// Captures and stores the component.
    /// - Parameters:
    ///   - source: the component, on this machine.
    ///   - repository: the store and keys of this process.
    ///   - state: a folder for catalogs, which may be empty.
    ///   - taken: a capture of the component, which is released at the end; nil to take one.
    ///   - disk: limits the bytes per second that are read from the component's files; nil for no limit.
    ///   - doomed: returns those packs of the component that prunes remove.
    /// - Throws: ``ComponentJobFailure``; `CancellationError`.
    package func run(
        _ source: any ComponentSource, in repository: Repository, state: StateFolder, progress: WorkProgress,
        pool: BlockingPool, logger: Logger, tool: String, clock: @escaping @Sendable () -> Int,
        taken: TakenCapture? = nil, disk: RateLimit? = nil,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String>
    ) async throws -> Result {
        var part = BackupRun.Component(name: component, kind: kind, source: source)
        part.progress = progress
        part.taken = taken
        // The coordinator watches the progress.
        part.stallTimeout = .seconds(1 << 30)
        // Names and ages of one set follow one clock: the coordinator's.
        let ahead = now.seconds.subtractingClamped(clock())
        var run = BackupRun(
            repository: repository, components: [part], stack: nil, tool: tool, state: state, pool: pool,
            logger: logger, now: { Timestamp(seconds: clock().addingClamped(ahead)) })
        run.lanes = min(max(lanes, 1), 16)
        run.disk = disk
        // The coordinator's own repository locks what it writes; that of another process knows no run.
        if shard != nil { run.repository.writing.lock = repository.lock?.ahead(of: self.now.seconds) }
        let surroundings = JobSurroundings(job: self, repository: repository, asking: doomed)
        let slots = SharedBudget(run.lanes)
        switch await ComponentRun(of: part, in: run, since: surroundings, slots: slots).outcome() {
        case .failed(let failure):
            try Task.checkCancellation()
            throw ComponentJobFailure(detail: failure.reason, isStoreFull: failure.isStoreFull)
        case .stored(let stored):
            try? stored.keepCatalog()  // only the next run of the same process would use it
            return Result(
                manifest: stored.result.manifest.name, sha256: stored.result.digest, added: stored.result.added,
                warnings: stored.result.warnings, notes: stored.result.notes, seconds: stored.seconds,
                recipients: stored.recipients?.sorted())
        }
    }
}

/// The reason for which a component was not stored, in the words of the process that tried it.
package struct ComponentJobFailure: OperationError {
    package var detail: String
    package var isStoreFull: Bool

    package init(detail: String, isStoreFull: Bool) {
        self.detail = detail
        self.isStoreFull = isStoreFull
    }

    package var reasonCode: String { isStoreFull ? "no_space" : "component_failed" }
    package var place: ErrorPlace { ErrorPlace() }
}

/// The facts about a run that its job document has.
struct JobSurroundings: RunSurroundings {
    let job: ComponentJob
    let repository: Repository
    let asking: @Sendable (Set<String>) throws -> Set<String>

    var run: String { job.run }
    var shard: Shard? { job.shard }
    var parts: [ComponentJob.Part] { job.parts ?? [] }
    func unwanted(_ component: String) -> Set<String> { job.unwanted }
    func doomed(_ packs: Set<String>, of component: String) throws -> Set<String> { try asking(packs) }

    func base(of component: String) throws -> RunHistory.Base {
        var base = RunHistory.Base()
        guard let known = job.base else { return base }
        (base.isEncrypted, base.recipients, base.warning) = (known.isEncrypted, known.recipients, known.warning)
        guard let name = known.manifest, let digest = known.sha256 else { return base }
        // The run has read it in the store, before it made the job.
        var repository = repository
        repository.cache = repository.cache?.reading
        do {
            let manifest = try repository.manifest(component, name, sha256: digest)
            base.manifest = StoredManifest(manifest: manifest, digest: digest)
        } catch let error as RepositoryError where error.isUnreadable {}
        return base
    }
}
