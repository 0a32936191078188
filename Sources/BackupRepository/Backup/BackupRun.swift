package import Cryptography
package import Logging
internal import ObjectStorage
package import Platform

/// One backup over all components: captures them concurrently, stores each, and commits the set last.
///
/// If one component fails, the others are stored: the set is then partial and records the reason.
package struct BackupRun: Sendable {
    package struct Component: Sendable {
        package var name: String
        package var kind: String
        /// The way to its data.
        package var access: Access
        package var progress = WorkProgress()
        /// The time without progress after which the run continues without the component.
        package var stallTimeout = Duration.seconds(2700)
        /// A capture of it that exists already; nil to take one.
        var taken: TakenCapture?
        /// The share of it that may be lost since the previous backup, 0...1.
        package var shrinkThreshold = 0.5

        package enum Access: Sendable {
            /// The data are on this machine.
            case local(any ComponentSource)
            /// Another process captures and stores the component beside its data.
            case remote(any RemoteComponent)
        }

        package init(name: String, kind: String, source: any ComponentSource) {
            self.init(name: name, kind: kind, access: .local(source))
        }

        package init(name: String, kind: String, access: Access) {
            self.name = name
            self.kind = kind
            self.access = access
        }
    }

    package struct Report: Sendable {
        package var set: BackupSet
        /// The SHA-256 of the set's document as it is stored.
        package var digest = Digest(of: [])
        /// The manifest of each stored component.
        package var manifests: [String: Manifest]
        package var warnings: [String]
        /// Information that needs no action, such as a store that was skipped inside a component's directory.
        package var notes: [String] = []
    }

    package var repository: Repository
    package var components: [Component]
    package var stack: String?
    package var tool: String
    package var state: StateFolder
    package var pool: BlockingPool
    package var logger: Logger
    /// The wall clock.
    package var now: @Sendable () -> Timestamp
    /// The number of packs written at the same time, over all components. It bounds the memory: about four megabytes
    /// each plus those of the store.
    package var lanes = 2
    /// The same for a component whose files are not on this machine; nil for as many as it asks for.
    package var objectLanes: Int?
    /// The memory that packs of all components share.
    package var memory = SharedBudget.memory
    /// Limits the bytes per second that are read from the files of components; nil for no limit.
    package var disk: RateLimit?
    /// All configured components; nil if these are the ones that are backed up.
    package var configured: [String]?
    /// The encoded ``RecoveryDocuments`` for the set.
    package var recovery: String?
    /// The host, account, network and credentials of this run, for the set.
    package var provenance: RunProvenance?
    /// Accepts the present content of a component as its normal size, however small.
    package var acceptsShrink = false
    /// Allows a second stack in a repository that holds only sets of other stacks.
    package var allowsOtherStack = false
    /// The other tool's backup that the sources read; nil for a backup of the live stack.
    package var importing: Import?

    /// A run that stores another tool's backup under its own time. The set never counts as newer than that time.
    package struct Import: Sendable {
        package var time: Timestamp
        package var origin: ImportedFrom

        package init(time: Timestamp, origin: ImportedFrom) {
            self.time = time
            self.origin = origin
        }
    }

    package init(
        repository: Repository, components: [Component], stack: String?, tool: String, state: StateFolder,
        pool: BlockingPool, logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) {
        self.repository = repository
        self.components = components
        self.stack = stack
        self.tool = tool
        self.state = state
        self.pool = pool
        self.logger = logger
        self.now = now
    }

    /// - Throws: ``BackupFailure`` if no component could be stored; `RunGivenUp`; `CancellationError`;
    ///   `RepositoryError` `.otherStack`.
    package func run() async throws -> Report {
        let start = try await pool.run { try begin() }
        do {
            var locking = self
            locking.repository.writing.lock = repository.lock?.ahead(of: start.guarding.began)
            var report = try await locking.backUpAndCommit(start)
            do { try await endDespiteCancellation(start.guarding) } catch {
                report.warnings.append("the mark of this run was not removed, a later prune removes it: \(error)")
            }
            return report
        } catch {
            try? await endDespiteCancellation(start.guarding)  // the first error is more specific
            throw error
        }
    }

    /// The state of a run from its start.
    struct Start: Sendable {
        let time: Timestamp
        let guarding: RunGuard
        let history: RunHistory

    }

    /// Announces the run, then reads the earlier sets: prunes must take into account all that is read after the guard.
    private func begin() throws -> Start {
        let time = now()
        let guarding = try RunGuard(repository, run: RandomID.make(), now: time)
        do {
            let history = try RunHistory(
                repository, started: time, components: components.map(\.name), state: state, importing: importing?.time)
            if !allowsOtherStack { try history.refuseOtherStack() }
            return Start(time: time, guarding: guarding, history: history)
        } catch {
            try? guarding.end()  // the first error is more specific
            throw error
        }
    }

    private func backUpAndCommit(_ start: Start) async throws -> Report {
        var outcomes: [String: ComponentRun.Outcome] = [:]
        // One component alone may have all the data of a run.
        let slots = SharedBudget(lanes)
        await withTaskGroup(of: (String, ComponentRun.Outcome).self) { group in
            for component in components {
                group.addTask {
                    let run = ComponentRun(of: component, in: self, since: start, slots: slots)
                    return (component.name, await run.outcome())
                }
            }
            for await (name, outcome) in group { outcomes[name] = outcome }
        }
        try Task.checkCancellation()

        var assembly = SetAssembly(of: self, since: start)
        for (name, outcome) in outcomes.sorted(by: { $0.key < $1.key }) { assembly.add(outcome, of: name) }
        let (set, assembled) = try assembly.finish()
        var report = assembled
        let (committed, digest) = try await pool.run {
            let (set, digest) = try commit(set)
            try start.guarding.settle(set, now: now())
            return (set, digest)
        }
        (report.set, report.digest) = (committed, digest)
        guard importing == nil else {
            // The newest set and the catalogs of this machine stay those of its last backup.
            do {
                for (name, part) in report.set.components {
                    try state.recordManifest(part.sha256.hex, of: name, asNewest: false)
                }
            } catch { report.warnings.append("the local state was not saved: \(error)") }
            return report
        }
        for case .stored(let stored) in outcomes.values {
            do { try stored.keepCatalog() } catch {
                report.warnings.append("the local cache was not saved, the next run will be slower: \(error)")
            }
        }
        do {
            for (name, part) in report.set.components { try state.recordManifest(part.sha256.hex, of: name) }
            if let recipients = repository.encryption.fingerprints { try state.recordRecipients(recipients) }
            try state.recordLastSet(report.set.name)
            try state.recordDigest(digest.hex, ofLastSet: report.set.name)
        } catch {
            report.warnings.append("the local state was not saved: \(error)")
        }
        return report
    }

    /// Uses a separate task, because the cancelled one must still clean up.
    private func endDespiteCancellation(_ guarding: RunGuard) async throws {
        try await Task { [pool] in try await pool.run { try guarding.end() } }.value
    }

    /// Writes the set under the first free name. From this moment on the backup exists.
    /// - Returns: the set with its name, and the SHA-256 of its document as it is stored.
    private func commit(_ set: BackupSet) throws -> (BackupSet, Digest) {
        var set = set
        while true {
            let document = try repository.encode(set, as: Layout.set(set.name))
            do {
                // If the name is taken, no signature is written beside it: nothing would ever remove it.
                if repository.signing.signer != nil, try repository.store.head(Layout.set(set.name)) == nil {
                    try repository.signing.sign(set, document, in: repository)
                }
                _ = try repository.store.put(Layout.set(set.name), document, options: repository.writing)
                return (set, Digest(of: document))
            } catch let error as ObjectStoreError where error.reason == .alreadyExists {
                set.name = try set.name.next(after: error)
            }
        }
    }
}

/// No component could be backed up, and no set was committed.
package struct BackupFailure: OperationError {
    /// The reason for each component.
    package var reasons: [String: String]
    /// True if the store had no space left for one of them.
    package var isStoreFull = false

    package var reasonCode: String { "backup_failed" }
    package var place: ErrorPlace { ErrorPlace() }

    package var detail: String {
        "no component could be backed up, no set was written\n"
            + reasons.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
    }
}
