internal import Cryptography
internal import FoundationEssentials
internal import ObjectStorage
internal import Platform

/// One component in a backup run: captured, stored in the repository, and released.
struct ComponentRun: Sendable {
    private let component: BackupRun.Component
    private let run: BackupRun
    private let surroundings: any RunSurroundings
    private let slots: SharedBudget

    /// - Parameter slots: the packs that all components of the run write at the same time.
    init(
        of component: BackupRun.Component, in run: BackupRun, since surroundings: any RunSurroundings,
        slots: SharedBudget
    ) {
        (self.component, self.run, self.surroundings, self.slots) = (component, run, surroundings, slots)
    }

    enum Outcome: Sendable {
        case stored(Stored)
        case failed(Failure)
    }

    struct Stored: Sendable {
        let result: ComponentBackup.Result
        let kind: String
        let seconds: Double
        /// Nil if another process has it.
        let catalog: Catalog?
        /// The recipients to which every pack of the component is encrypted; nil if they are not known.
        let recipients: Set<String>?

        /// Updates the catalog to the new manifest, for the next run.
        func keepCatalog() throws {
            guard let catalog else { return }
            try catalog.setNote(StateFolder.manifestNote, result.digest.hex)
            try catalog.commit()
        }
    }

    struct Failure: Sendable {
        let reason: String
        /// True if the store had no space left for it.
        var isStoreFull = false
    }

    /// Also a component that hangs does not affect the others: no document refers to the objects that it has stored so
    /// far.
    func outcome() async -> Outcome {
        do {
            return .stored(
                try await givingUpOnStall(after: component.stallTimeout, sign: signOfLife) {
                    try await captureAndStore()
                })
        } catch is CancellationError {
            return .failed(Failure(reason: "interrupted"))
        } catch let error {
            let phase = component.progress.state.phase
            // Without counts: those of the phase that failed mean nothing to it.
            component.progress.begin("failed")
            guard let stall = error as? Stall else {
                let isFull = (error as? any OperationError)?.reasonCode == "no_space"
                return .failed(Failure(reason: "\(error)", isStoreFull: isFull))
            }
            let limit = Units.spelled(stall.limit)
            return .failed(
                Failure(
                    reason: "no progress within \(limit) while \(phase)\nhint: does its source, or the store, "
                        + "hang? `stall_timeout:` of the component sets how long dr waits"))
        }
    }

    /// The progress of the component; that of all while it waits for what others hold.
    private func signOfLife() -> [WorkProgress.State] {
        component.progress.isWaiting ? run.components.map(\.progress.state) : [component.progress.state]
    }

    private func captureAndStore() async throws -> Stored {
        switch component.access {
        case .local(let source): try await captureAndStore(source)
        case .remote(let remote): try await store(remote)
        }
    }

    /// Lets another process do it, and checks what it has written.
    private func store(_ remote: any RemoteComponent) async throws -> Stored {
        component.progress.begin("connecting")
        let (component, surroundings) = (component, surroundings)
        let base = try await run.pool.run { try surroundings.base(of: component.name) }
        // The other process builds upon these packs only, and its document must be small.
        let unwanted = surroundings.unwanted(component.name).intersection(
            base.manifest?.manifest.packs.map(\.pack) ?? [])
        let job = ComponentJob(
            component: component.name, kind: component.kind, run: surroundings.run, now: run.now(),
            // The other process has its own processors and connections: it does not share those of this run.
            lanes: run.lanes, unwanted: unwanted, base: ComponentJob.Base(base))
        let result = try await remote.backUp(
            job, in: run.repository, progress: component.progress
        ) { packs in
            try surroundings.doomed(packs, of: component.name)
        }
        // This machine has it only if this process has written it.
        var repository = run.repository
        repository.cache = repository.cache?.reading
        let manifest = try await run.pool.run { [repository] in
            try repository.manifest(component.name, result.manifest, sha256: result.sha256)
        }
        guard manifest.run == surroundings.run, manifest.source == component.kind, manifest.shard == nil else {
            throw RepositoryError.damaged(
                Layout.manifest(component.name, result.manifest).text, "it is not the manifest of this run")
        }
        component.progress.update { $0.phase = "done" }
        return Stored(
            result: ComponentBackup.Result(
                manifest: manifest, digest: result.sha256, added: result.added, warnings: result.warnings,
                notes: result.notes),
            kind: component.kind, seconds: result.seconds, catalog: nil, recipients: result.recipients.map(Set.init))
    }

    private func captureAndStore(_ source: any ComponentSource) async throws -> Stored {
        let clock = ContinuousClock()
        let began = clock.now
        let taken = try await taken(of: source)
        component.progress.begin("comparing")
        do {
            let (result, base) = try await storeDespitePrunes(taken)
            try await releaseDespiteCancellation(taken.capture)
            component.progress.update { $0.phase = "done" }
            let seconds = (clock.now - began) / .seconds(1)
            return Stored(
                result: result, kind: component.kind, seconds: seconds, catalog: base.catalog,
                recipients: recipients(of: result.manifest, since: base))
        } catch {
            try? await releaseDespiteCancellation(taken.capture)  // the first error is more specific
            throw error
        }
    }

    private func taken(of source: any ComponentSource) async throws -> TakenCapture {
        if let taken = component.taken { return taken }
        let folder = try run.state.folder(ofComponent: component.name)
        component.progress.begin("capturing")
        let context = CaptureContext(
            run: surroundings.run, state: folder, logger: run.logger, progress: component.progress)
        let began = run.importing?.time ?? run.now()
        let capture = try await source.capture(context)
        // The name of another tool's backup may have the time at which its run began.
        let until = run.importing.map { Timestamp(seconds: $0.time.seconds.addingClamped(3600)) }
        return TakenCapture(
            capture: capture, began: began, ended: max(began, min(until ?? run.now(), run.now())))
    }

    /// Stores a capture, and stores again the packs that a prune removes meanwhile.
    private func storeDespitePrunes(_ captured: TakenCapture) async throws -> (ComponentBackup.Result, Base) {
        var unwanted = surroundings.unwanted(component.name)
        let base = try await base(without: unwanted)
        unwanted.formUnion(base.refused)
        var previous = base.previous
        var warnings = base.warnings
        var added = BackupSet.Added()
        for _ in 0..<Self.attemptsBesidePrunes {
            var backup = ComponentBackup(
                repository: run.repository, component: component.name, kind: component.kind, capture: captured.capture,
                captured: captured.began, capturedUntil: captured.ended, run: surroundings.run,
                previous: previous?.manifest, catalog: base.catalog, unwanted: unwanted, pool: run.pool,
                lanes: run.lanes,
                progress: component.progress, logger: run.logger)
            (backup.slots, backup.memory, backup.objectLanes) = (slots, run.memory, run.objectLanes)
            backup.disk = run.disk
            backup.ownFolders = OwnFolders(of: run.repository, run.state)
            backup.shard = surroundings.shard
            backup.sharded = base.sharded
            var result = try await backup.run()
            result.added = result.added + added
            let doomed = try await run.pool.run { [result] in
                try surroundings.doomed(Set(result.manifest.packs.map(\.pack)), of: component.name)
            }
            if doomed.isEmpty {
                result.warnings += warnings
                return (result, base)
            }
            // The manifest just written remains without a set. It names everything that the next one builds upon.
            warnings.append("\(component.name): stored again what a prune was about to remove")
            added = result.added
            unwanted.formUnion(doomed)
            previous = StoredManifest(manifest: result.manifest, digest: result.digest).without(doomed)
        }
        throw PacksPruned(packs: unwanted)
    }

    /// Packs of the base keep the recipients that they have.
    private func recipients(of manifest: Manifest, since base: Base) -> Set<String>? {
        guard let now = run.repository.encryption.fingerprints else { return nil }
        let used = Set(manifest.packs.map(\.pack))
        var common: Set<String>? = Set(now)
        for (packs, recipients) in base.origins where !used.isDisjoint(with: packs) {
            common = recipients.flatMap { common?.intersection($0) }
        }
        return common
    }

    /// The number of attempts to store packs that prunes remove before the component counts as failed.
    private static let attemptsBesidePrunes = 4

    /// The state that an incremental backup builds upon.
    private struct Base: Sendable {
        /// Nil if everything is read again.
        let previous: StoredManifest?
        /// The catalog of exactly that manifest.
        let catalog: Catalog
        /// Packs not to build upon: unwanted ones, and unencrypted ones where there are recipients.
        var refused: Set<String>
        /// Packs that earlier runs and the shards stored, with the recipients of all of them; nil if these are not known.
        var origins: [(packs: Set<String>, recipients: Set<String>?)] = []
        var warnings: [String] = []
        /// The files of shards; ``catalog`` has them too.
        var sharded: ShardMerge.Result?
    }

    /// The packs of a manifest that are not encrypted. Their content is stored again, so that the new set rests on none.
    private func clearPacks(of manifest: Manifest) throws -> Set<String> {
        var clear: Set<String> = []
        let suffix = Layout.packSuffixes[0]
        try run.repository.store.list(prefix: Layout.packPrefix(manifest.component), after: nil) { object in
            if let id = Layout.name(of: object.key, suffix: suffix) { clear.insert(id) }
            return .proceed
        }
        return clear.intersection(manifest.packs.map(\.pack))
    }

    /// The base of the run, with the files that its shards have stored.
    private func base(without unwanted: Set<String>) async throws -> Base {
        var base = try await baseOfHistory(without: unwanted)
        guard !surroundings.parts.isEmpty else { return base }
        component.progress.begin("reading the names that the workers stored")
        let merge = ShardMerge(
            repository: run.repository, component: component.name, run: surroundings.run,
            base: Set(base.previous?.manifest.packs.map(\.pack) ?? []), unwanted: base.refused, pool: run.pool)
        let merged = try await merge.merge(surroundings.parts, into: base.catalog)
        base.warnings += merged.warnings
        guard !merged.packs.isEmpty else { return base }
        base.origins.append((Set(merged.packs.map(\.pack)), merged.recipients))
        base.sharded = merged
        return base
    }

    private func baseOfHistory(without unwanted: Set<String>) async throws -> Base {
        let filler = CatalogFiller(repository: run.repository, pool: run.pool)
        func fromNothing() async throws -> Catalog {
            try await run.state.catalog(of: component.name, for: nil, from: filler)
        }
        let found = try await run.pool.run { try surroundings.base(of: component.name) }
        let warnings = found.warning.map { [$0] } ?? []
        var refused = unwanted
        if run.repository.encryption.refusesClear, !found.isEncrypted, let manifest = found.manifest {
            refused.formUnion(try await run.pool.run { try clearPacks(of: manifest.manifest) })
        }
        guard let previous = found.manifest?.without(refused) else {
            return Base(previous: nil, catalog: try await fromNothing(), refused: refused, warnings: warnings)
        }
        do {
            let catalog = try await run.state.catalog(of: component.name, for: previous, from: filler)
            return Base(
                previous: previous, catalog: catalog, refused: refused,
                origins: [(Set(previous.manifest.packs.map(\.pack)), found.recipients.map(Set.init))],
                warnings: warnings)
        } catch let error as RepositoryError where error.reason == .damaged {
            let warning =
                "\(component.name): the previous backup cannot be used as a base, all files are read again: \(error)"
            return Base(
                previous: nil, catalog: try await fromNothing(), refused: refused, warnings: warnings + [warning])
        }
    }

    /// Uses a separate task, because the cancelled one must still clean up.
    private func releaseDespiteCancellation(_ capture: any Capture) async throws {
        try await Task { try await capture.release() }.value
    }
}

extension BackupSet.Added {
    package static func + (left: Self, right: Self) -> Self {
        .init(
            files: left.files.addingClamped(right.files), bytes: left.bytes.addingClamped(right.bytes),
            stored: left.stored.addingClamped(right.stored), packs: left.packs.addingClamped(right.packs))
    }
}
