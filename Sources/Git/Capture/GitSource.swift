package import BackupRepository
internal import FoundationEssentials
internal import Glibc
internal import Logging
package import Platform
internal import SystemPackage

/// Captures the branch of a git repository as a bundle: one file with the full history, which git itself can clone.
///
/// The tree is `repository.bundle` and `refs.json`. While the branch and its tags do not move, neither file changes,
/// and a backup adds no data.
package struct GitSource: ComponentSource {
    package static let kind = "git"

    let address: GitAddress
    private let branch: String?
    private let access: GitAccess
    private let pool: BlockingPool
    /// `git`, or its path.
    var program = "git"

    /// - Parameters:
    ///   - url: an absolute path, or a URL in a form that git accepts.
    ///   - branch: nil uses the branch of the repository's `HEAD`.
    package init(url: String, branch: String? = nil, access: GitAccess = GitAccess(), pool: BlockingPool) {
        address = GitAddress(url)
        self.branch = branch
        self.access = access
        self.pool = pool
    }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        try await pool.run {
            let scratch = try ScratchFolder(in: context.state, run: context.run)
            defer { withExtendedLifetime(scratch) {} }
            let git = try program(in: scratch)
            let tree = try DocumentTree(in: context.state, run: context.run)
            do {
                let state = try bringUpToDate(tree, context, scratch: scratch, with: git)
                return GitCapture(tree: tree, record: state.record, warnings: state.warnings, pool: pool)
            } catch {
                try? tree.release()
                throw error
            }
        }
    }

    private func program(in scratch: ScratchFolder) throws -> GitProgram {
        var git = try GitProgram(scratch: scratch.path, access: access, address: address)
        git.program = program
        return git
    }

    private func bringUpToDate(
        _ tree: DocumentTree, _ context: CaptureContext, scratch: ScratchFolder, with git: GitProgram
    ) throws -> (record: RepositoryRecord, warnings: [String]) {
        let references = try RemoteReferences.ask(address, git)
        let branch = try references.branch(branch, of: address)
        let isLong = references.branches[branch]?.utf8.count == 64

        let lock = FolderLock("\(context.state)/mirror.lock")
        defer { withExtendedLifetime(lock) {} }
        // While another run holds the mirror, this run uses a private one, and fetches everything again.
        let place = lock.isHeld ? "\(context.state)/mirror.git" : "\(scratch.path)/mirror.git"
        let mirror = Mirror(at: place, of: address, git)
        try mirror.update(branch: branch, format: isLong ? "sha256" : "sha1")

        let held = try mirror.references(branch: branch)
        var record = try mirror.describe(branch: branch, held)
        var warnings = try mirror.outsiders(of: record.commit)
        let before = try? RepositoryRecord.read(in: tree.path)
        if let before, before.url == record.url, before.branch == record.branch {
            if before.commit == record.commit {
                record.replaced = before.replaced
            } else if try !mirror.contains(before.commit, in: record.commit) {
                record.replaced = before.commit
                warnings.append(
                    "branch '\(branch)' was force-pushed: the commit backed up before, "
                        + "\(RepositoryRecord.short(before.commit)), is not in the history of the present one, "
                        + "\(RepositoryRecord.short(record.commit)); older sets keep the old history")
            }
        }
        if before != record || !tree.keep(RepositoryRecord.bundleName) {
            let bundle = "\(scratch.path)/\(RepositoryRecord.bundleName)"
            try mirror.bundle(held, to: bundle)
            warnings += try BundleProof.prove(bundle, of: record, with: git)
            let place = "\(tree.path)/\(RepositoryRecord.bundleName)"
            guard rename(bundle, place) == 0, tree.keep(RepositoryRecord.bundleName) else {
                throw ComponentError(.other, operation: "write '\(place)'", Errno.last.description)
            }
        }
        // Written last: a run that is killed earlier leaves a record that does not match, and the next run makes the
        // bundle again.
        try tree.write(RepositoryRecord.fileName, try record.encoded())
        try tree.removeTheRest()
        return (record, warnings)
    }

    package func diagnose() async -> [Diagnosis] {
        await pool.run {
            do {
                let scratch = try ScratchFolder(in: FileManager.default.temporaryDirectory.path, run: UUID().uuidString)
                defer { withExtendedLifetime(scratch) {} }
                let git = try program(in: scratch)
                let version = try git.run(["version"], operation: "read git's version").split(separator: " ")
                var findings = [Self.judge(version: version.dropFirst(2).first.map(String.init) ?? "")]
                do {
                    let references = try RemoteReferences.ask(address, git)
                    let branch = try references.branch(branch, of: address)
                    let commit = references.branches[branch] ?? ""
                    findings.append(
                        Diagnosis(
                            of: "repository", .ok,
                            "\(address.redacted), branch '\(branch)' at \(RepositoryRecord.short(commit))"))
                } catch { findings.append(Diagnosis(of: "repository", .failed, "\(error)")) }
                return findings
            } catch { return [Diagnosis(of: "git", .failed, "\(error)")] }
        }
    }

    /// git 2.32 introduced `GIT_CONFIG_GLOBAL`.
    static func judge(version: String) -> Diagnosis {
        let version = version.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        let numbers = version.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, (numbers[0], numbers[1]) < (2, 32) else {
            return Diagnosis(of: "git", .ok, "version \(version)")
        }
        return Diagnosis(of: "git", .failed, "version \(version) is too old: install 2.32 or newer")
    }
}
