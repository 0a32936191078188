internal import BackupRepository
internal import FoundationEssentials
internal import Platform

/// A bare repository of this component that follows the branch. Bundles are made from it.
///
/// For a remote repository it holds the objects, so that a run fetches only new ones. For a repository on this machine
/// it holds no objects, but reads that repository's. It is a cache: when it fails, dr makes it again, once.
struct Mirror {
    let path: String
    private let address: GitAddress
    private let git: GitProgram

    init(at path: String, of address: GitAddress, _ git: GitProgram) {
        self.path = path
        self.address = address
        self.git = git
    }

    /// Updates the branch and the tags.
    /// - Parameter format: `sha1` or `sha256`, by the length of the repository's object names.
    func update(branch: String, format: String) throws {
        let source = address.isLocal ? try localObjects() : nil
        if isOfThisAddress(format) {
            do {
                return try fetch(branch, objects: source)
            } catch let error as ComponentError where [.other, .damaged].contains(error.reason) {
                // A killed run's locks, a branch that became a folder of branches, a damaged pack: a new mirror has
                // none of them.
            }
        }
        try remove()
        try git.run(
            ["init", "--quiet", "--bare", "--template=", "--object-format=\(format)", path], operation: "make '\(path)'"
        )
        try fetch(branch, objects: source)
        try write(note(format), to: "\(path)/dr-mirror")
    }

    func remove() throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw ComponentError(.other, operation: "remove '\(path)'", "\(error)", hint: "remove it by hand")
        }
    }

    private func fetch(_ branch: String, objects: String?) throws {
        if let objects { try write("\(objects)\n", to: "\(path)/objects/info/alternates") }
        let operation = "fetch \(address.redacted)"
        let answer = try git.attempt(
            [
                "fetch", "--quiet", "--force", "--prune", "--no-tags", "--no-write-fetch-head",
                "--no-recurse-submodules", "--", address.text, "+refs/heads/\(branch):refs/heads/\(branch)",
                "+refs/tags/*:refs/tags/*",
            ], in: path, isRemote: true)
        // "rejected … because shallow roots are not allowed to be updated": a warning to git, and the branch stays as it was.
        guard !answer.errors.contains("shallow") else { throw Self.shallow(operation) }
        guard answer.status == 0 else {
            throw GitFailure.error(operation, status: answer.status, errors: answer.errors)
        }
        guard try git.run(["rev-parse", "--is-shallow-repository"], in: path, operation: operation) == "false\n" else {
            throw Self.shallow(operation)
        }
        try git.run(["symbolic-ref", "HEAD", "refs/heads/\(branch)"], in: path, operation: operation)
    }

    private static func shallow(_ operation: String) -> ComponentError {
        ComponentError(
            .misconfigured, operation: operation,
            "it is a shallow clone: it lacks the older history, which a backup must hold",
            hint: "run `git fetch --unshallow` in it, or name the repository that it was cloned from")
    }

    /// The object folder of a repository on this machine.
    private func localObjects() throws -> String {
        let operation = "read \(address.redacted)"
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: address.text, isDirectory: &isDirectory) else {
            throw ComponentError(
                .misconfigured, operation: operation, "the folder does not exist",
                hint: "check `url:` of this component in dr.yaml")
        }
        // Looks for the repository as upload-pack does, which never searches the parent folders.
        let candidates = ["\(address.text)/.git", address.text]
        for candidate in candidates {
            let folder = FileManager.default.fileExists(atPath: candidate, isDirectory: &isDirectory)
            guard folder else { continue }
            let start = isDirectory ? ["--git-dir", candidate] : ["-C", address.text]
            let answer = try git.attempt(
                start + ["rev-parse", "--path-format=absolute", "--is-shallow-repository", "--git-path", "objects"])
            let lines = answer.output.split(separator: "\n")
            guard answer.status == 0, lines.count == 2 else { continue }
            guard lines[0] == "false" else { throw Self.shallow(operation) }
            return String(lines[1])
        }
        throw ComponentError(
            .misconfigured, operation: operation, "it is not a git repository",
            hint: "check `url:` of this component in dr.yaml")
    }

    // MARK: The mirrored repository

    private func note(_ format: String) -> String { "\(address.redacted)\n\(format)\n" }

    private func isOfThisAddress(_ format: String) -> Bool {
        (try? String(contentsOfFile: "\(path)/dr-mirror", encoding: .utf8)) == note(format)
    }

    private func write(_ text: String, to file: String) throws {
        do { try OutputFile.write(Array(text.utf8), to: file, links: .refuse) } catch {
            throw ComponentError(
                .other, operation: "write '\(file)'", FileFailure.text(error), hint: "check `state:` in dr.yaml")
        }
    }

    // MARK: Content

    /// The branch, and the tags on its history: full name to object.
    func references(branch: String) throws -> [String: String] {
        let listing = try git.run(
            [
                "for-each-ref", "--format=%(objectname) %(refname)", "--merged=refs/heads/\(branch)",
                "refs/heads/\(branch)", "refs/tags",
            ], in: path, operation: "list the tags of \(address.redacted)")
        var references: [String: String] = [:]
        for line in listing.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 1)
            if fields.count == 2 { references[String(fields[1])] = String(fields[0]) }
        }
        return references
    }

    /// - Parameter references: the result of ``references(branch:)``.
    func describe(branch: String, _ references: [String: String]) throws -> RepositoryRecord {
        let operation = "read the newest commit of \(address.redacted)"
        guard let commit = references["refs/heads/\(branch)"] else {
            throw ComponentError(.other, operation: operation, "the branch '\(branch)' was deleted while dr fetched it")
        }
        let fields = try git.run(["show", "-s", "--format=%at%n%ct%n%s", commit], in: path, operation: operation)
            .split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        let count = try git.run(["rev-list", "--count", commit], in: path, operation: operation)
        guard fields.count == 3, let authored = Int(fields[0]), let committed = Int(fields[1]),
            let commits = Int(count.trimmed)
        else { throw ComponentError(.damaged, operation: operation, "git's description of it is not readable") }
        return RepositoryRecord(
            url: address.redacted, branch: branch, commit: commit,
            authorTime: Timestamp(seconds: authored).rfc3339, commitTime: Timestamp(seconds: committed).rfc3339,
            subject: fields[2].trimmed, commits: commits, refs: references)
    }

    /// True if the history of one commit holds another; false if the mirror no longer has that commit.
    func contains(_ older: String, in newer: String) throws -> Bool {
        try git.attempt(["merge-base", "--is-ancestor", older, newer], in: path).status == 0
    }

    /// Writes the bundle: all of `references`, and `HEAD`, so that a plain `git clone` of it checks the branch out.
    func bundle(_ references: [String: String], to file: String) throws {
        let list = "\(git.scratch)/references"
        try write((["HEAD"] + references.keys.sorted()).joined(separator: "\n") + "\n", to: list)
        try git.run(
            ["bundle", "create", "--quiet", file, "--stdin"], in: path, operation: "bundle \(address.redacted)",
            input: list)
    }

    /// The parts of the commit's content that are stored elsewhere, as notes for operators.
    func outsiders(of commit: String) throws -> [String] {
        let operation = "list the files of \(address.redacted)"
        var submodules: [String] = []
        try git.forEachEntry(of: ["ls-tree", "-r", "-z", commit], in: path, operation: operation) { entry in
            guard entry.starts(with: Array("160000 ".utf8)), let tab = entry.firstIndex(of: UInt8(ascii: "\t")) else {
                return
            }
            submodules.append(String(decoding: entry[(tab + 1)...], as: UTF8.self))
        }
        var warnings: [String] = []
        if !submodules.isEmpty {
            let shown = submodules.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
            warnings.append(
                "submodules are not in the backup, only the names of their commits: \(shown)"
                    + (submodules.count > 5 ? " and \(submodules.count - 5) more" : "")
                    + "; back up their repositories as separate components")
        }
        let attributes = try git.attempt(
            ["grep", "-q", "-F", "filter=lfs", commit, "--", ":(glob)**/.gitattributes"], in: path)
        if attributes.status == 0 {
            warnings.append(
                "files kept by Git LFS are in the backup as pointers only: their content is on the LFS server")
        }
        return warnings
    }
}
