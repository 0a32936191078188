internal import Cryptography
internal import Foundation
package import Logging
internal import ObjectStorage
package import Platform

/// One backup over all components: captures them side by side, stores each, and commits the set last.
///
/// One component's failure costs the others nothing: the set is then partial and says why.
package struct BackupRun: Sendable {
    package struct Component: Sendable {
        package var name: String
        package var kind: String
        package var source: any ComponentSource
        package var progress = WorkProgress()
        /// How long it may show no progress before the run goes on without it.
        package var stallTimeout = Duration.seconds(2700)
        /// The share of it that may be gone since the backup before, 0...1.
        package var shrinkThreshold = 0.5

        package init(name: String, kind: String, source: any ComponentSource) {
            self.name = name
            self.kind = kind
            self.source = source
        }
    }

    package struct Report: Sendable {
        package var set: BackupSet
        /// Of each component that was stored, its manifest.
        package var manifests: [String: Manifest]
        package var warnings: [String]
        /// Things to know that need no action, such as a store that was skipped inside a component's directory.
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
    /// Packs written at once, over all components: bounds the memory, at about four megabytes each plus the store's.
    package var lanes = 2
    /// All components that are configured; nil where these are the ones that are backed up.
    package var configured: [String]?
    /// Takes what a component holds now for its normal size, however little it is.
    package var acceptsShrink = false
    /// Begins a second stack in a repository that only holds sets of others.
    package var allowsOtherStack = false

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

    /// - Throws: ``BackupFailure`` when no component could be stored; `RunGivenUp`; `CancellationError`;
    ///   `RepositoryError` `.otherStack`.
    package func run() async throws -> Report {
        let started = now()
        // The guard first: what is read after it is what prunes must reckon with.
        let (guarding, history) = try await pool.run {
            let guarding = try RunGuard(repository, run: RandomID.make(), now: started)
            do { return (guarding, try readHistory(at: started)) } catch {
                try? guarding.end()  // the first error says more
                throw error
            }
        }
        do {
            var locking = self
            locking.repository.writing.lock = repository.lock?.ahead(of: guarding.began)
            var report = try await locking.run(guarding, history, started: started)
            do { try await endDespiteCancellation(guarding) } catch {
                report.warnings.append("the mark of this run was not removed, a later prune does it: \(error)")
            }
            return report
        } catch {
            try? await endDespiteCancellation(guarding)  // the first error says more
            throw error
        }
    }

    private func run(_ guarding: RunGuard, _ history: History, started: Timestamp) async throws -> Report {
        var warnings = guarding.warnings + history.warnings
        var notes: [String] = []
        var outcomes: [String: Outcome] = [:]
        await withTaskGroup(of: (String, Outcome).self) { group in
            for component in components {
                group.addTask { (component.name, await outcome(of: component, guarding, history)) }
            }
            for await (name, outcome) in group { outcomes[name] = outcome }
        }
        try Task.checkCancellation()

        var set = BackupSet(
            format: RepositoryFormat.version, name: started, repository: repository.description.id, run: guarding.run,
            tool: tool, stack: stack, started: started, finished: now(), status: .complete, reasons: [],
            previous: history.newest, components: [:], failed: [:],
            configured: Set((configured ?? []) + components.map(\.name)).sorted())
        var manifests: [String: Manifest] = [:]
        var isStoreFull = false
        for (name, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
            switch outcome {
            case .failed(let error, let meansFull):
                isStoreFull = isStoreFull || meansFull
                set.failed[name] = error
                set.reasons.append("\(name): \(error)")
            case .stored(let result, let kind, let seconds, _):
                manifests[name] = result.manifest
                warnings += result.warnings
                notes += result.notes
                var part = BackupSet.Component(result, kind: kind, seconds: seconds)
                set.reasons += result.manifest.damage.map {
                    "\(name): '\($0.path.printable)' is left out: \($0.reason)"
                }
                judge(&part, of: name, result.manifest, history, &set.reasons, &warnings)
                set.components[name] = part
            }
        }
        guard !set.components.isEmpty else { throw BackupFailure(reasons: set.failed, isStoreFull: isStoreFull) }
        // Ten thousand damaged files need not be listed twice: the manifest names them all.
        set.reasons = Array(set.reasons.prefix(100)) + set.skipped.map { "\($0): not asked for (--component)" }
        set.status = set.reasons.isEmpty ? .complete : .partial
        let committed = try await pool.run { [set] in
            let committed = try commit(set)
            try guarding.settle(committed, now: now())
            return committed
        }
        for outcome in outcomes.values {
            if case .stored(let result, _, _, let catalog) = outcome {
                do {
                    try catalog.setNote(StateFolder.manifestNote, result.digest.hex)
                    try catalog.commit()
                } catch { warnings.append("the local cache was not kept, the next run will be slower: \(error)") }
            }
        }
        do { try state.recordLastSet(committed.name) } catch {
            warnings.append("the local state was not kept: \(error)")
        }
        return Report(set: committed, manifests: manifests, warnings: warnings, notes: notes)
    }

    /// Compares a component with its last whole backup, and notes where far less of it is left.
    private func judge(
        _ part: inout BackupSet.Component, of name: String, _ manifest: Manifest, _ history: History,
        _ reasons: inout [String], _ warnings: inout [String]
    ) {
        if manifest.datum == .future {
            warnings.append(
                "\(name): its newest datum is later than its capture, a clock is wrong: "
                    + "how new its data are is not known")
        }
        guard let before = history.reference(of: name),
            let settings = components.first(where: { $0.name == name })
        else { return }
        let shrinkage = Shrinkage(from: before.part, to: manifest, threshold: settings.shrinkThreshold)
        guard let text = shrinkage.text else { return }
        let line = "\(name): it shrank since set \(before.set), \(text)"
        guard shrinkage.isCollapse, !acceptsShrink else { return warnings.append(line) }
        part.shrunk = before.set
        warnings.append(
            "\(line); restores and retention prefer the sets before it\nhint: if that is right, run `dr backup "
                + "--accept-shrink` once; else restore what is missing: --at \(before.set)")
        reasons.append(line)
    }

    private func readHistory(at started: Timestamp) throws -> History {
        let history = try History(repository, started: started, components: components.map(\.name))
        guard !allowsOtherStack, let other = history.onlyOtherStack else { return history }
        let name = repository.scope.stack ?? ""
        throw RepositoryError(
            .otherStack, repository.store.location,
            "it holds the backups of stack '\(other)', and none of '\(name)'",
            hint: "give each stack a store, or a prefix in it; if this is the stack that was called '\(other)', write "
                + "`former_stacks: [\(other)]` in dr.yaml; `dr backup --allow-other-stack` lets both share it")
    }

    private enum Outcome: Sendable {
        case stored(ComponentBackup.Result, kind: String, seconds: Double, Catalog)
        /// - isStoreFull: true if the store had no space left for it.
        case failed(String, isStoreFull: Bool = false)
    }

    /// A component that hangs costs the others nothing either: what it has stored by then, nothing refers to.
    private func outcome(of component: Component, _ guarding: RunGuard, _ history: History) async -> Outcome {
        do {
            return try await givingUpOnStall(after: component.stallTimeout, sign: { component.progress.state }) {
                try await store(component, guarding, history)
            }
        } catch is CancellationError {
            return .failed("interrupted")
        } catch let error {
            let phase = component.progress.state.phase
            component.progress.update { $0.phase = "failed" }
            guard let stall = error as? Stall else {
                return .failed("\(error)", isStoreFull: (error as? ObjectStoreError)?.reason == .noSpace)
            }
            let limit = stall.limit.formatted(.units(allowed: [.hours, .minutes, .seconds], width: .wide))
            return .failed(
                "no progress within \(limit) while \(phase)\n"
                    + "hint: is what it reads from, or the store, hanging? `stall_timeout:` of the component is how long to wait"
            )
        }
    }

    private func store(_ component: Component, _ guarding: RunGuard, _ history: History) async throws -> Outcome {
        let clock = ContinuousClock()
        let began = clock.now
        let folder = try state.folder(ofComponent: component.name)
        component.progress.begin("capturing")
        let context = CaptureContext(
            run: guarding.run, state: folder, logger: logger, progress: component.progress)
        let captured = now()
        let capture = try await component.source.capture(context)
        component.progress.begin("comparing")
        do {
            let (result, catalog) = try await store(
                component, capture, captured, until: now(), guarding, history)
            try await releaseDespiteCancellation(capture)
            component.progress.update { $0.phase = "done" }
            let seconds = (clock.now - began) / .seconds(1)
            return .stored(result, kind: component.kind, seconds: seconds, catalog)
        } catch {
            try? await releaseDespiteCancellation(capture)  // the first error says more
            throw error
        }
    }

    /// Stores a capture, and stores anew what a prune takes away meanwhile.
    private func store(
        _ component: Component, _ capture: any Capture, _ captured: Timestamp, until capturedUntil: Timestamp,
        _ guarding: RunGuard, _ history: History
    ) async throws -> (ComponentBackup.Result, Catalog) {
        var unwanted = guarding.unwanted(component.name)
        var (previous, catalog, warnings) = try await basis(component, unwanted, history)
        var added = BackupSet.Added()
        for _ in 0..<Self.attemptsBesidePrunes {
            var backup = ComponentBackup(
                repository: repository, component: component.name, kind: component.kind, capture: capture,
                captured: captured, capturedUntil: max(captured, capturedUntil), run: guarding.run,
                previous: previous, catalog: catalog, unwanted: unwanted, pool: pool,
                lanes: max(1, lanes / components.count + lanes % components.count),
                progress: component.progress, logger: logger)
            backup.ownFolders = ownFolders
            var result = try await backup.run()
            result.added = result.added + added
            let doomed = try await pool.run { [result] in try guarding.doomed(of: result.manifest) }
            if doomed.isEmpty {
                result.warnings += warnings
                return (result, catalog)
            }
            // The manifest just written stays behind without a set. It names all that the next one builds upon.
            warnings.append("\(component.name): stored again what a prune was about to remove")
            added = result.added
            unwanted.formUnion(doomed)
            previous = result.manifest.without(doomed)
        }
        throw PacksPruned(packs: unwanted)
    }

    /// Known by the store and the state folder that this run works with, however their paths are written.
    private var ownFolders: OwnFolders {
        var folders = OwnFolders()
        if let store = repository.store as? DirectoryStore { folders.add(store.root, "the store") }
        folders.add(state.path, "the state folder")
        return folders
    }

    /// How often what a prune takes away is stored anew before the component counts as failed.
    private static let attemptsBesidePrunes = 4

    /// What an incremental backup builds on.
    private func basis(
        _ component: Component, _ unwanted: Set<String>, _ history: History
    ) async throws -> (Manifest?, Catalog, warnings: [String]) {
        let found = try await pool.run { try history.manifest(of: component.name) }
        guard let found else {
            return (nil, try await state.catalog(of: component.name, nil, digest: nil, repository, pool), [])
        }
        let previous = found.manifest.without(unwanted)
        do {
            let catalog = try await state.catalog(
                of: component.name, previous, digest: found.digest, repository, pool)
            return (previous, catalog, [])
        } catch let error as RepositoryError where error.reason == .damaged {
            let warning = "\(component.name): the backup before cannot be built upon, all is read anew: \(error)"
            let catalog = try await state.catalog(of: component.name, nil, digest: nil, repository, pool)
            return (nil, catalog, [warning])
        }
    }

    private func endDespiteCancellation(_ guarding: RunGuard) async throws {
        try await Task { [pool] in try await pool.run { try guarding.end() } }.value
    }

    /// A task of its own: the one that was cancelled must still clean up.
    private func releaseDespiteCancellation(_ capture: any Capture) async throws {
        try await Task { try await capture.release() }.value
    }

    /// Writes the set under the first free name. This is the moment at which the backup exists.
    private func commit(_ set: BackupSet) throws -> BackupSet {
        var set = set
        while true {
            do {
                let document = try SealedDocument.encode(set)
                // A name that is taken gets no signature of ours beside it, which nobody would ever remove.
                if repository.signing.signer != nil, try repository.store.head(Layout.set(set.name)) == nil {
                    try repository.signing.sign(set, document, in: repository)
                }
                _ = try repository.store.put(Layout.set(set.name), document, repository.writing)
                return set
            } catch let error as ObjectStoreError where error.reason == .alreadyExists {
                set.name = Timestamp(seconds: set.name.seconds + 1)
            }
        }
    }
}

/// No component could be backed up; nothing was committed.
package struct BackupFailure: OperationError {
    /// Component to reason.
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

/// The sets before this run, read once.
private struct History: Sendable {
    let repository: Repository
    let names: [Timestamp]
    let latest: BackupSet?
    let warnings: [String]
    /// The newest set, of any stack, that is not from the future.
    let newest: Timestamp?
    /// The stack of the newest set, where there is no set of this run's.
    let onlyOtherStack: String?
    private let now: Timestamp
    private let references: [String: (set: Timestamp, part: BackupSet.Component)]

    init(_ repository: Repository, started: Timestamp, components: [String]) throws {
        self.repository = repository
        now = started
        let scope = repository.scope
        // One from the future would be the base, and the one before, of all that are made until then.
        names = try repository.setNames().filter { !scope.isFuture($0, at: started) }
        newest = names.last
        var warnings: [String] = []
        var latest: BackupSet?
        var other: String?
        var references: [String: (set: Timestamp, part: BackupSet.Component)] = [:]
        var sought = Set(components)
        var visited = 0
        for name in names.reversed() {
            guard latest == nil || (!sought.isEmpty && visited < Self.mostReferences) else { break }
            do {
                let set = try repository.set(name)
                guard scope.owns(set) else {
                    other = other ?? set.stack
                    continue
                }
                latest = latest ?? set
                visited += 1
                for (component, part) in set.components where sought.contains(component) && part.isWhole {
                    references[component] = (name, part)
                    sought.remove(component)
                }
            } catch let error as RepositoryError where error.reason == .damaged {
                if latest == nil { warnings.append("passed over set \(name): \(error)") }
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue  // pruned since it was listed
            }
        }
        if let other, latest != nil {
            warnings.append("the repository also holds sets of stack '\(other)': restores and prunes leave them alone")
        }
        self.latest = latest
        self.references = references
        self.warnings = warnings
        onlyOtherStack = latest == nil ? other : nil
    }

    /// Sets that are looked at for a whole backup of each component.
    private static let mostReferences = 100

    /// The newest whole backup of a component, which a new one is compared with.
    func reference(of component: String) -> (set: Timestamp, part: BackupSet.Component)? { references[component] }

    /// The newest manifest of a component, which an incremental backup builds on; nil for a first backup, or when
    /// the newest cannot be read: then everything is read anew, and nothing that is damaged is built upon.
    func manifest(of component: String) throws -> (manifest: Manifest, digest: Digest)? {
        var set = latest
        if set?.components[component] == nil {
            set = try repository.newestReadableSet {
                $0.components[component] != nil && repository.scope.owns($0)
                    && !repository.scope.isFuture($0, at: now)
            }
        }
        guard let part = set?.components[component] else { return nil }
        do {
            return (try repository.manifest(component, part.manifest, sha256: part.sha256), part.sha256)
        } catch let error as RepositoryError where error.reason == .damaged {
            return nil
        }
    }
}

extension Manifest {
    fileprivate func without(_ unwanted: Set<String>) -> Manifest {
        var manifest = self
        manifest.packs.removeAll { unwanted.contains($0.pack) }
        return manifest
    }
}

extension BackupSet.Added {
    fileprivate static func + (left: Self, right: Self) -> Self {
        .init(
            files: left.files + right.files, bytes: left.bytes + right.bytes, stored: left.stored + right.stored,
            packs: left.packs + right.packs)
    }
}

extension BackupSet.Component {
    fileprivate init(_ result: ComponentBackup.Result, kind: String, seconds: Double) {
        let manifest = result.manifest
        self.init(
            source: kind, manifest: manifest.name, sha256: result.digest, captured: manifest.captured,
            watermark: manifest.watermark, oldest: manifest.oldest, datum: manifest.datum, files: manifest.totals.files,
            bytes: manifest.totals.bytes,
            damaged: manifest.damage.count, added: result.added, seconds: (seconds * 1000).rounded() / 1000)
    }
}
