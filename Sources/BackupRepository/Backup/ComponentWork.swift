package import Logging
package import Platform

/// The files and bytes that a backup of a component will store, estimated before it begins.
package struct ComponentWork: Equatable, Sendable {
    package var files: Int
    package var bytes: Int

    package init(files: Int = 0, bytes: Int = 0) {
        self.files = files
        self.bytes = bytes
    }

    /// The packs that a process writes at the same time: another process would have nothing to do before there are more.
    private static let packsOfProcess = 4

    /// Returns the number of processes that the work is worth, `1...most`: each has four full packs to write.
    package func processes(_ packs: PackSettings, most: Int) -> Int {
        let full = max(bytes / max(packs.targetBytes, 1), files / max(packs.maximumMembers, 1))
        return min(max(full / Self.packsOfProcess, 1), most)
    }

    fileprivate mutating func add(_ record: FileRecord) {
        files += 1
        bytes = bytes.addingClamped(record.size)
    }
}

/// A view of a component, with the time in which it was taken.
package struct TakenCapture: Sendable {
    let capture: any Capture
    let began: Timestamp
    /// No datum in it is newer.
    let ended: Timestamp

    /// Gives it up. A cancelled task releases it, too.
    package func release() async throws { try await Task { try await capture.release() }.value }
}

extension ComponentJob {
    /// Returns the most that a backup has to store if the component has not grown, for a process that cannot look at the
    /// data. Blocks.
    /// - Returns: nil if there is nothing to build upon.
    package func workOfBase(in repository: Repository) throws -> ComponentWork? {
        try reusedBase(in: repository).map { ComponentWork(files: $0.totals.files, bytes: $0.totals.bytes) }
    }

    /// Returns what a backup has to store, by the sizes and times of the files.
    ///
    /// It needs no catalog, and may be wrong: files may have any time. That costs time only. The capture of files that are
    /// not on this machine is of use for the backup itself: another one would cost requests. Those of directories are made
    /// for one walk.
    /// - Parameters:
    ///   - source: the component, on this machine.
    ///   - state: the folder of this process.
    ///   - clock: seconds since 1970, the clock of ``now``.
    /// - Returns: the work, and the capture if it is of use, which the caller passes on or releases.
    /// - Throws: errors of the source and of the store; `CancellationError`.
    package func work(
        of source: any ComponentSource, in repository: Repository, state: StateFolder, progress: WorkProgress,
        pool: BlockingPool, logger: Logger, clock: @Sendable () -> Int
    ) async throws -> (work: ComponentWork, taken: TakenCapture?) {
        progress.begin("looking for changes")
        let folder = try state.folder(ofComponent: component)
        let capture = try await source.capture(
            CaptureContext(run: run, state: folder, logger: logger, progress: progress))
        let taken = TakenCapture(capture: capture, began: now, ended: max(now, Timestamp(seconds: clock())))
        do {
            let work = try await pool.run { try look(at: capture, in: repository, state, progress: progress) }
            if capture.objects != nil { return (work, taken) }
            try await taken.release()
            return (work, nil)
        } catch {
            try? await taken.release()  // the first error is more specific
            throw error
        }
    }

    private func look(
        at capture: any Capture, in repository: Repository, _ state: StateFolder, progress: WorkProgress
    ) throws -> ComponentWork {
        // Not the manifest during the walk: its list of packs takes tens of megabytes.
        let base = try reusedBase(in: repository).map { (captured: $0.captured, totals: $0.totals) }
        var all = ComponentWork(), changed = ComponentWork()
        func visit(_ record: FileRecord) {
            guard record.kind == .file else { return }
            all.add(record)
            if let base, record.modified.seconds >= base.captured.seconds { changed.add(record) }
        }
        if let objects = capture.objects {
            try objects.walk { visit($0) }
        } else {
            let walker = TreeWalker(
                tree: try CapturedTree(capture.root, layers: capture.layers), isExcluded: { capture.isExcluded($0) },
                ownFolders: OwnFolders(of: repository, state))
            // A long walk is no stall. What a capture lists, it counts itself.
            try walker.walk { record in
                visit(record)
                progress.update { $0.files += 1 }
            } oddity: { _ in
            }
        }
        guard let base else { return all }
        // Files that were moved here keep their old times.
        return ComponentWork(
            files: max(changed.files, all.files.subtractingClamped(base.totals.files)),
            bytes: max(changed.bytes, all.bytes.subtractingClamped(base.totals.bytes)))
    }

    /// The manifest to build upon, if its content need not be stored again.
    private func reusedBase(in repository: Repository) throws -> Manifest? {
        let surroundings = JobSurroundings(job: self, repository: repository, asking: { _ in [] })
        let base = try surroundings.base(of: component)
        guard let manifest = base.manifest?.manifest else { return nil }
        if repository.encryption.refusesClear, base.recipients == nil { return nil }
        return manifest.packs.contains { unwanted.contains($0.pack) } ? nil : manifest
    }
}
