internal import Cryptography
internal import Foundation
internal import ObjectStorage
internal import Platform

/// One component in a backup run: captured, stored beside what is there, and released.
struct ComponentRun: Sendable {
    private let component: BackupRun.Component
    private let run: BackupRun
    private let start: BackupRun.Start

    init(of component: BackupRun.Component, in run: BackupRun, since start: BackupRun.Start) {
        (self.component, self.run, self.start) = (component, run, start)
    }

    enum Outcome: Sendable {
        case stored(Stored)
        case failed(Failure)
    }

    struct Stored: Sendable {
        let result: ComponentBackup.Result
        let kind: String
        let seconds: Double
        let catalog: Catalog

        /// Makes the catalog that of the new manifest, for the next run.
        func keepCatalog() throws {
            try catalog.setNote(StateFolder.manifestNote, result.digest.hex)
            try catalog.commit()
        }
    }

    struct Failure: Sendable {
        let reason: String
        /// True if the store had no space left for it.
        var isStoreFull = false
    }

    /// Also a component that hangs costs the others nothing: nothing refers to what it has stored by then.
    func outcome() async -> Outcome {
        do {
            return .stored(
                try await givingUpOnStall(after: component.stallTimeout, sign: { component.progress.state }) {
                    try await captureAndStore()
                })
        } catch is CancellationError {
            return .failed(Failure(reason: "interrupted"))
        } catch let error {
            let phase = component.progress.state.phase
            component.progress.update { $0.phase = "failed" }
            guard let stall = error as? Stall else {
                let isFull = (error as? ObjectStoreError)?.reason == .noSpace
                return .failed(Failure(reason: "\(error)", isStoreFull: isFull))
            }
            let limit = stall.limit.formatted(.units(allowed: [.hours, .minutes, .seconds], width: .wide))
            return .failed(
                Failure(
                    reason: "no progress within \(limit) while \(phase)\nhint: is what it reads from, or the store, "
                        + "hanging? `stall_timeout:` of the component is how long to wait"))
        }
    }

    private struct Captured: Sendable {
        let capture: any Capture
        let began: Timestamp
        /// No datum of the capture is younger.
        let ended: Timestamp
    }

    private func captureAndStore() async throws -> Stored {
        let clock = ContinuousClock()
        let began = clock.now
        let folder = try run.state.folder(ofComponent: component.name)
        component.progress.begin("capturing")
        let context = CaptureContext(
            run: start.guarding.run, state: folder, logger: run.logger, progress: component.progress)
        let captureBegan = run.now()
        let capture = try await component.source.capture(context)
        component.progress.begin("comparing")
        do {
            let captured = Captured(capture: capture, began: captureBegan, ended: max(captureBegan, run.now()))
            let (result, catalog) = try await storeDespitePrunes(captured)
            try await releaseDespiteCancellation(capture)
            component.progress.update { $0.phase = "done" }
            let seconds = (clock.now - began) / .seconds(1)
            return Stored(result: result, kind: component.kind, seconds: seconds, catalog: catalog)
        } catch {
            try? await releaseDespiteCancellation(capture)  // the first error says more
            throw error
        }
    }

    /// Stores a capture, and stores anew what a prune takes away meanwhile.
    private func storeDespitePrunes(_ captured: Captured) async throws -> (ComponentBackup.Result, Catalog) {
        var unwanted = start.guarding.unwanted(component.name)
        let base = try await base(without: unwanted)
        var previous = base.previous
        var warnings = base.warnings
        var added = BackupSet.Added()
        for _ in 0..<Self.attemptsBesidePrunes {
            var backup = ComponentBackup(
                repository: run.repository, component: component.name, kind: component.kind, capture: captured.capture,
                captured: captured.began, capturedUntil: captured.ended, run: start.guarding.run,
                previous: previous?.manifest, catalog: base.catalog, unwanted: unwanted, pool: run.pool,
                lanes: max(1, run.lanes / run.components.count + run.lanes % run.components.count),
                progress: component.progress, logger: run.logger)
            backup.ownFolders = ownFolders
            var result = try await backup.run()
            result.added = result.added + added
            let doomed = try await run.pool.run { [result] in try start.guarding.doomed(of: result.manifest) }
            if doomed.isEmpty {
                result.warnings += warnings
                return (result, base.catalog)
            }
            // The manifest just written stays behind without a set. It names all that the next one builds upon.
            warnings.append("\(component.name): stored again what a prune was about to remove")
            added = result.added
            unwanted.formUnion(doomed)
            previous = StoredManifest(manifest: result.manifest, digest: result.digest).without(doomed)
        }
        throw PacksPruned(packs: unwanted)
    }

    /// Tries to store anew what a prune takes away, before the component counts as failed.
    private static let attemptsBesidePrunes = 4

    /// The state that an incremental backup builds on.
    private struct Base: Sendable {
        /// Nil where everything is read anew.
        let previous: StoredManifest?
        /// Of exactly that manifest.
        let catalog: Catalog
        var warnings: [String] = []
    }

    private func base(without unwanted: Set<String>) async throws -> Base {
        let filler = CatalogFiller(repository: run.repository, pool: run.pool)
        func fromNothing() async throws -> Catalog {
            try await run.state.catalog(of: component.name, for: nil, from: filler)
        }
        let found = try await run.pool.run { try start.history.manifest(of: component.name) }
        guard let previous = found?.without(unwanted) else {
            return Base(previous: nil, catalog: try await fromNothing())
        }
        do {
            let catalog = try await run.state.catalog(of: component.name, for: previous, from: filler)
            return Base(previous: previous, catalog: catalog)
        } catch let error as RepositoryError where error.reason == .damaged {
            let warning = "\(component.name): the backup before cannot be built upon, all is read anew: \(error)"
            return Base(previous: nil, catalog: try await fromNothing(), warnings: [warning])
        }
    }

    /// The store and the state folder of this run, however their paths are written.
    private var ownFolders: OwnFolders {
        var folders = OwnFolders()
        if let store = run.repository.store as? DirectoryStore { folders.add(store.root, "the store") }
        folders.add(run.state.path, "the state folder")
        return folders
    }

    /// A task of its own: the one that was cancelled must still clean up.
    private func releaseDespiteCancellation(_ capture: any Capture) async throws {
        try await Task { try await capture.release() }.value
    }
}

extension BackupSet.Added {
    fileprivate static func + (left: Self, right: Self) -> Self {
        .init(
            files: left.files + right.files, bytes: left.bytes + right.bytes, stored: left.stored + right.stored,
            packs: left.packs + right.packs)
    }
}
