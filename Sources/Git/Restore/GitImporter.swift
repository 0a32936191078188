package import BackupRepository
internal import FoundationEssentials
internal import Glibc
package import Platform

/// Restores a repository from its bundle: clones it, checks out the recorded commit on the recorded branch, verifies
/// the clone, and then moves it into place in one step.
package struct GitImporter: ComponentImporter {
    package static let kind = "git"
    package static let destination = ImportDestination.directory

    private let pool: BlockingPool
    private let stamp: String

    /// - Parameter stamp: the present time, for the name under which an existing directory is kept.
    package init(pool: BlockingPool, stamp: String) {
        self.pool = pool
        self.stamp = stamp
    }

    package func run(_ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void) async throws {
        try await pool.run { report(try restore(request)) }
    }

    private func restore(_ request: ImportRequest) throws -> ImportedObject {
        guard let directory = request.directory else {
            throw ComponentError(
                .misconfigured, operation: "restore the repository", "no target directory is given",
                hint: "use --to DIR")
        }
        let scratch = try ScratchFolder(in: FileManager.default.temporaryDirectory.path, run: UUID().uuidString)
        defer { withExtendedLifetime(scratch) {} }
        let git = try GitProgram(scratch: scratch.path)
        let record = try RepositoryRecord.read(in: request.tree)
        let bundle = "\(request.tree)/\(RepositoryRecord.bundleName)"
        guard access(bundle, R_OK) == 0 else {
            throw ComponentError(
                .damaged, operation: "restore \(record.url)", "this backup has no bundle of the repository",
                hint: "restore an older set")
        }
        let commit = RepositoryRecord.short(record.commit)
        let name = "'\(record.branch)' of \(record.url)"
        func object(_ outcome: ImportedObject.Outcome, _ detail: String) -> ImportedObject {
            ImportedObject("branch", name, outcome: outcome, detail: detail)
        }
        if try isThere(record, in: directory, comparing: bundle, with: git) {
            return object(.same, "'\(directory)' has commit \(commit) checked out")
        }

        // Checked as if `--replace` were given: any other refusal is an error, such as a file at the path.
        var target = try RestoreTarget(
            directory, identity: "\(request.manifest.component)-\(request.manifest.name)", stamp: stamp, replace: true,
            protected: request.protected)
        guard !target.replaces || request.replaces else {
            return object(
                .conflict,
                "'\(target.path)' is not empty: restore to a new directory, or use --replace, which keeps the existing content beside it"
            )
        }
        let outcome = target.replaces ? ImportedObject.Outcome.update : .create
        if request.isDryRun {
            return object(outcome, "commit \(commit) of \(record.commitTime), \(record.commits) commits")
        }
        // An interrupted clone cannot be resumed, so the folder is always a new one.
        target.takeNewStaging()
        try clone(bundle, of: record, to: target.staging, mode: target.usualRoot.mode, with: git)
        let kept = try target.place()
        return object(
            outcome,
            "commit \(commit) of \(record.commitTime) is checked out in '\(target.path)'"
                + (kept.map { "; the old content is kept in '\($0)'" } ?? ""))
    }

    /// True if the directory has exactly this commit checked out on this branch, without changes.
    ///
    /// git never reads the directory's own `.git`, which another user may have written: its configuration and attributes
    /// can name programs to run. The files are compared with a clone of the bundle.
    private func isThere(
        _ record: RepositoryRecord, in directory: String, comparing bundle: String, with git: GitProgram
    ) throws -> Bool {
        let head = CheckedOutBranch(in: directory)
        guard head?.name == "refs/heads/\(record.branch)", head?.commit == record.commit else { return false }
        let own = "\(git.scratch)/compared.git"
        try? FileManager.default.removeItem(atPath: own)
        defer { try? FileManager.default.removeItem(atPath: own) }
        let operation = "compare '\(directory)' with the bundle of \(record.url)"
        try git.run(
            ["clone", "--quiet", "--bare", "--template=", "--branch", record.branch, "--", bundle, own],
            operation: operation, isRemote: true)
        let start = ["--git-dir=\(own)", "--work-tree=\(directory)", "-c", "core.attributesFile=/dev/null"]
        try git.run(start + ["read-tree", record.commit], in: directory, operation: operation)
        let changes = try git.attempt(
            start + ["status", "--porcelain", "--untracked-files=all", "--ignore-submodules=all"], in: directory)
        return changes.status == 0 && changes.output.isEmpty
    }

    private func clone(
        _ bundle: String, of record: RepositoryRecord, to staging: String, mode: UInt32, with git: GitProgram
    ) throws {
        let operation = "clone the bundle of \(record.url)"
        let folder: CInt =
            mkdir(staging, 0o700) == 0 ? open(staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1
        guard folder >= 0 else {
            throw ComponentError(.other, operation: "create '\(staging)'", FileFailure.text(code: errno))
        }
        defer { close(folder) }
        do {
            try git.run(
                ["clone", "--quiet", "--template=", "--branch", record.branch, "--", bundle, staging],
                operation: operation, isRemote: true, inheritsMask: true)
            // `origin` is set to the repository's URL, because the path of the bundle is temporary.
            try git.run(["config", "remote.origin.url", record.url], in: staging, operation: operation)
            let head = try git.run(["rev-parse", "HEAD"], in: staging, operation: operation)
            guard head == "\(record.commit)\n" else {
                throw ComponentError(
                    .damaged, operation: operation,
                    "its HEAD is \(RepositoryRecord.short(head)), not the recorded "
                        + RepositoryRecord.short(record.commit), hint: "restore another set")
            }
            try git.run(["diff-index", "--cached", "--quiet", "HEAD", "--"], in: staging, operation: operation)
            _ = try BundleProof.check(staging, operation: operation, with: git)
            guard fchmod(folder, mode) == 0 else {
                throw ComponentError(.other, operation: operation, FileFailure.text(code: errno))
            }
        } catch {
            try? FileManager.default.removeItem(atPath: staging)
            throw error
        }
    }
}
