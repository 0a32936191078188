import Blocking
import Configuration
import Foundation
import Repository

/// One component's way back, by whichever road its kind takes.
struct RestoreJob {
    let session: Session
    let repository: Repository
    let set: BackupSet
    let manifest: Manifest
    /// Nil where the component is not in the configuration any more.
    let settings: ComponentConfiguration?
    var paths: [String] = []
    var slice: RestoreSlice?
    var owner = Owner.recorded
    var replace = false
    var isDryRun = false

    private var component: String { manifest.component }
    private var output: Output { Output(options: session.options) }

    // MARK: Into a directory

    func restoringFiles(to directory: String) async throws {
        let target = try await target(directory, replace: replace)
        if target.path != directory { output.note("restoring to \(target.path)") }
        var restore = ComponentRestore(
            repository: repository, manifest: manifest, target: target, pool: session.pool, progress: WorkProgress())
        restore.paths = paths
        restore.slice = slice
        restore.owner = owner
        restore.lanes = Session.lanes
        restore.restorer = try Components.restorer(kind: manifest.source, settings, session)
        if isDryRun { return try await preview(restore) }
        let display = ProgressDisplay(options: session.options, work: [(component, restore.progress)])
        let report = try await display.during { [restore] in try await restore.run() }
        for line in report.advice { output.warn(line) }
        warnOfDamage()
        let result = FilesRestored(set: set.name, manifest, report)
        try output.result(result) { result.text }
    }

    private func preview(_ restore: ComponentRestore) async throws {
        let plan = try await restore.plan()
        warnOfDamage()
        let result = FilesPreview(set: set.name, component: component, plan)
        try output.result(result) { result.text }
    }

    private func warnOfDamage() {
        for damage in manifest.damage {
            output.warn("'\(damage.path)' is not in this backup: \(damage.reason)")
        }
    }

    private func target(_ directory: String, replace: Bool) async throws -> RestoreTarget {
        try await session.pool.run { [component, manifest] in
            try RestoreTarget(
                directory, identity: "\(component)-\(manifest.name)", stamp: "\(Session.now())", replace: replace)
        }
    }

    // MARK: Through an importer

    /// - Parameter directory: to fill; nil for a server.
    /// - Throws: `ExitStatus.partial` when not every object is whole.
    func importing(with importer: any ComponentImporter, into directory: String?, prefix: String?) async throws {
        let folder = try session.state(of: repository).importFolder(of: component, manifest.name)
        var keepsFolder = false
        defer { if !keepsFolder { try? FileManager.default.removeItem(atPath: folder) } }
        let progress = WorkProgress()
        var restore = ComponentRestore(
            repository: repository, manifest: manifest, target: try await target("\(folder)/tree", replace: true),
            pool: session.pool, progress: progress)
        restore.lanes = Session.lanes
        restore.owner = .fixed(uid: geteuid(), gid: getegid())
        restore.restorer = try Components.restorer(kind: manifest.source, settings, session)
        var request = ImportRequest(
            tree: "\(folder)/tree", manifest: manifest, progress: progress, logger: session.logger)
        request.directory = directory.map { URL(filePath: $0).absoluteURL.path }
        request.isDryRun = isDryRun
        request.replaces = replace
        request.prefix = prefix
        let report = ImportReport(json: session.options.json, showsSame: session.options.verbose)
        let display = ProgressDisplay(options: session.options, work: [(component, progress)])
        do {
            try await display.during { [restore, request] in
                _ = try await restore.run()
                progress.begin(request.isDryRun ? "comparing" : "importing")
                progress.update { $0.totalFiles = request.manifest.totals.files }
                try await importer.run(request) { report.add($0) }
            }
        } catch {
            // What is good of a damaged backup stays: the failure names the place to whoever needs it.
            keepsFolder = error is RestoreFailure
            // What was done before the server went away is done: it has been told, and the document gets its end.
            if !report.isEmpty { try report.end(set: set.name, component: component, isDryRun: isDryRun, error: error) }
            throw error
        }
        warnOfDamage()
        try report.end(set: set.name, component: component, isDryRun: isDryRun)
        if !report.isWhole { throw ExitStatus.partial }
    }
}
