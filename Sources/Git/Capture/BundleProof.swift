internal import BackupRepository
internal import FoundationEssentials

/// Verifies a bundle with git: unpacks it into an otherwise empty repository, and checks every object.
enum BundleProof {
    /// - Parameters:
    ///   - record: the expected content of the bundle.
    ///   - git: its scratch folder holds the repository during the check.
    /// - Returns: notes for operators: git's complaints about malformed old objects. No data are lost.
    /// - Throws: `ComponentError` `.damaged` when the bundle is not whole.
    static func prove(_ bundle: String, of record: RepositoryRecord, with git: GitProgram) throws -> [String] {
        let operation = "verify the bundle of \(record.url)"
        let format = record.commit.utf8.count == 64 ? "sha256" : "sha1"
        let path = "\(git.scratch)/proof.git"
        try? FileManager.default.removeItem(atPath: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            try git.run(
                ["init", "--quiet", "--bare", "--template=", "--object-format=\(format)", path], operation: operation)
            try git.run(["bundle", "verify", "--quiet", bundle], in: path, operation: operation)
            // Reads every object, and follows every reference from one to another.
            try git.run(
                ["fetch", "--quiet", "--no-write-fetch-head", "--no-tags", "--", bundle, "+refs/*:refs/*"], in: path,
                operation: operation, isRemote: true)
            for (name, object) in record.refs.sorted(by: { $0.key < $1.key }) {
                let found = try git.run(["rev-parse", "--verify", name], in: path, operation: operation)
                guard found == "\(object)\n" else {
                    throw ComponentError(.damaged, operation: operation, "'\(name)' does not have the recorded object")
                }
            }
        } catch let error as ComponentError {
            guard error.reason == .other else { throw error }
            throw ComponentError(.damaged, operation: operation, error.detail, hint: "run `git fsck` in the repository")
        }
        return try check(path, operation: operation, with: git)
    }

    /// Checks a repository's objects, links between them and references.
    static func check(_ path: String, operation: String, with git: GitProgram) throws -> [String] {
        let answer = try git.attempt(["fsck", "--full", "--no-dangling", "--no-progress"], in: path)
        // https://git-scm.com/docs/git-fsck: 1 is an object that is malformed by today's rules; others are damage.
        guard answer.status > 1 else {
            guard answer.status == 1 else { return [] }
            let lines = (answer.output + answer.errors).split(separator: "\n").prefix(3).joined(separator: "; ")
            return ["git finds malformed old objects; no data are lost: \(GitAddress.redacting(lines))"]
        }
        throw ComponentError(
            .damaged, operation: operation,
            GitFailure.error(operation, status: answer.status, errors: answer.errors).detail,
            hint: "run `git fsck` in the repository")
    }
}
