package import BackupRepository
import FoundationEssentials
internal import Glibc
import Platform
package import StackConfiguration

/// The restore of one component, by files or by its kind's importer. Prints nothing: commands and plans share it.
package struct RestoreJob {
    package let session: Session
    package let repository: Repository
    package let set: BackupSet
    package let manifest: Manifest
    /// Nil if the component is not in the configuration any more.
    package let settings: ComponentConfiguration?
    package let progress = WorkProgress()
    package var paths: [String] = []
    package var slice: RestoreSlice?
    package var owner = Owner.recorded
    /// Restores setuid and setgid bits of files.
    package var keepsSetuid = false
    package var replace = false
    /// Lets objects on a server send their secrets to other addresses than now.
    package var allowsSecretHosts = false
    /// Removes the replaced content after the new tree is in place.
    package var discardsPrevious = false
    /// Takes contents from the target's present content, and from snapshots of its volume.
    package var usesSeeds = true
    /// The recovery run that this restore is a part of; nil for one without a plan.
    package var recovery: String?
    /// Restores the workloads of a cluster without starting them.
    package var holdsWorkloads = false
    /// Builds the component's index from the restored data instead of restoring it.
    package var rebuildsIndex = false

    /// The method of a restore.
    package enum Road {
        /// Restores the files into a directory.
        case files(String)
        /// Restores through the importer, into a directory, or into the server if that is nil.
        case importer(any ComponentImporter, directory: String?)
        /// Restores the files into the component's volume in a cluster; its name is for messages.
        case volume(String)

        /// The target directory; nil for a server or a volume.
        package var directory: String? {
            switch self {
            case .volume: nil
            case .files(let directory): directory
            case .importer(_, let directory): directory
            }
        }
    }

    package var component: String { manifest.component }

    package init(
        session: Session, repository: Repository, set: BackupSet, manifest: Manifest,
        settings: ComponentConfiguration?
    ) {
        self.session = session
        self.repository = repository
        self.set = set
        self.manifest = manifest
        self.settings = settings
    }

    /// - Parameters:
    ///   - directory: the target; nil for the component's server.
    ///   - asFiles: restores the stored files without unpacking the component.
    /// - Returns: nil if the kind needs a directory and none is named.
    package func road(to directory: String?, asFiles: Bool = false) throws -> Road? {
        let importer = asFiles ? nil : try session.importer(kind: manifest.source, of: settings)
        if let directory, let streaming = importer as? any StreamingImporter,
            let elsewhere = try streaming.elsewhere(directory)
        {
            return .importer(elsewhere, directory: nil)
        }
        if let importer, importer.fillsServer == (directory == nil) {
            return .importer(importer, directory: directory)
        }
        if directory == nil, let volumeWords { return .volume(volumeWords) }
        if let directory, directory.hasPrefix("s3://") {
            throw UsageError(
                "'\(directory)' is no directory, and only a component of kind bucket is restored into a bucket")
        }
        return directory.map { .files($0) }
    }

    // MARK: Into a directory

    package func restoreFiles(to directory: String) async throws -> ComponentRestore.Report {
        if let settings, directory == settings.home { try await session.refuseMisplaced(settings) }
        var report = try await filesRestore(to: directory).run()
        guard discardsPrevious, let kept = report.kept else { return report }
        guard report.shortfall?.isSerious != true else {
            report.advice.append(
                "the previous content is not removed, because the restored files do not have their owner")
            return report
        }
        do {
            try await session.pool.run { try PreviousContent.remove(kept) }
            (report.kept, report.discarded) = (nil, kept)
        } catch { report.advice.append("the previous content was replaced, but not removed: \(error)") }
        return report
    }

    /// Returns the plan of ``restoreFiles(to:)``.
    package func planFiles(to directory: String) async throws -> ComponentRestore.Plan {
        try await filesRestore(to: directory).plan()
    }

    private func filesRestore(to directory: String) async throws -> ComponentRestore {
        var restore = ComponentRestore(
            repository: repository, manifest: manifest, target: try await target(directory, replace: replace),
            pool: session.pool, progress: progress)
        restore.paths = paths
        restore.slice = slice
        restore.owner = owner
        restore.keepsSetuid = keepsSetuid
        restore.usesSeeds = usesSeeds
        restore.rebuildsIndex = rebuildsIndex
        restore.lanes = session.lanes
        restore.restorer = try session.restorer(kind: manifest.source, of: settings)
        return restore
    }

    /// - Parameter isOwn: true for a folder of this program.
    private func target(_ directory: String, replace: Bool, isOwn: Bool = false) async throws -> RestoreTarget {
        let places = isOwn ? [] : session.protectedPlaces
        return try await session.pool.run { [component, manifest] in
            try RestoreTarget(
                directory, identity: "\(component)-\(manifest.name)", stamp: "\(session.now())", replace: replace,
                protected: places)
        }
    }

    // MARK: Without a target

    /// Reads and verifies everything that the restore would read, and writes nothing.
    /// - Throws: the errors that prevent the rehearsal. Damaged contents are in the result.
    package func rehearse() async throws -> RehearsedRestore {
        let rehearsal = try rehearsal()
        let start = ContinuousClock.now
        let report = try await rehearsal.run()
        var result = RehearsedRestore(component: component)
        result.seconds = (ContinuousClock.now - start) / .seconds(1)
        result.set = "\(set.name)"
        (result.files, result.bytes, result.fetchedBytes) = (report.files, report.bytes, report.fetched)
        result.inspectedFiles = report.inspectedFiles
        result.damage = report.damage
        result.missing = manifest.damage
        return result
    }

    func rehearsal() throws -> ComponentRehearsal {
        var rehearsal = ComponentRehearsal(
            repository: repository, manifest: manifest, pool: session.pool, progress: progress)
        rehearsal.paths = paths
        rehearsal.slice = slice
        rehearsal.lanes = session.lanes
        rehearsal.restorer = try session.restorer(kind: manifest.source, of: settings)
        return rehearsal
    }

    // MARK: Through an importer

    /// Restores the component's documents to a private folder, from which the importer reads them.
    /// - Parameters:
    ///   - directory: the target; nil for a server.
    ///   - report: called once for each object.
    package func runImport(
        with importer: any ComponentImporter, into directory: String?, prefix: String? = nil, isDryRun: Bool = false,
        report: @escaping @Sendable (ImportedObject) -> Void
    ) async throws {
        if let importer = importer as? any StreamingImporter {
            return try await stream(with: importer, prefix: prefix, isDryRun: isDryRun, report: report)
        }
        let folder = try session.state(of: repository).importFolder(of: component, manifest.name)
        var keepsFolder = false
        defer { if !keepsFolder { try? FileManager.default.removeItem(atPath: folder) } }
        var restore = ComponentRestore(
            repository: repository, manifest: manifest,
            target: try await target("\(folder)/tree", replace: true, isOwn: true),
            pool: session.pool, progress: progress)
        restore.lanes = session.lanes
        restore.owner = .fixed(uid: geteuid(), gid: getegid())
        restore.isPrivate = true
        restore.restorer = try session.restorer(kind: manifest.source, of: settings)
        var request = ImportRequest(
            tree: "\(folder)/tree", manifest: manifest, progress: progress, logger: session.logger)
        request.directory = directory.map { URL(filePath: $0).absoluteURL.path }
        request.protected = session.protectedPlaces
        request.isDryRun = isDryRun
        request.replaces = replace
        request.allowsSecretHosts = allowsSecretHosts
        request.holdsWorkloads = holdsWorkloads
        request.prefix = prefix
        do {
            _ = try await restore.run()
            progress.begin(isDryRun ? "comparing" : "importing")
            progress.update { [files = manifest.totals.files] in $0.totalFiles = files }
            try await importer.run(request, report: report)
        } catch {
            // The intact files of a damaged backup are kept, and the error names their folder.
            keepsFolder = error is RestoreFailure
            throw error
        }
    }

    /// Passes each file on to the importer as it comes from the store.
    private func stream(
        with importer: any StreamingImporter, prefix: String?, isDryRun: Bool,
        report: @escaping @Sendable (ImportedObject) -> Void
    ) async throws {
        var request = ImportRequest(tree: "", manifest: manifest, progress: progress, logger: session.logger)
        request.isDryRun = isDryRun
        request.replaces = replace
        request.prefix = prefix
        if let place = importer.location { try session.refuseOwnStore(at: place) }
        progress.begin("looking at the destination")
        let destination = try await session.pool.run { [request] in
            try importer.destination(request, report: report)
        }
        var restore = ObjectRestore(
            repository: repository, manifest: manifest, destination: destination, pool: session.pool,
            progress: progress)
        if let parallelism = session.configuration.limits.parallelism { restore.lanes = parallelism }
        try await restore.run(to: component)
    }
}

extension ComponentImporter {
    package var fillsServer: Bool { Self.destination == .server }
}

extension Session {
    /// Refuses a restore to the directory in `dr.yaml` if the server answers and uses another one.
    /// - Throws: `UsageError`.
    func refuseMisplaced(_ component: ComponentConfiguration) async throws {
        guard let home = component.home, let reason = await (try? source(component))?.misplacement() else { return }
        throw UsageError(
            "\(component.name): '\(home)' is not the directory of its server: \(reason); correct it in \(file), or "
                + "restore to another directory with --to")
    }
}
