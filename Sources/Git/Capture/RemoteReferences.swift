internal import BackupRepository

/// The branches of a repository, and the branch of its `HEAD`.
struct RemoteReferences: Equatable {
    /// Name without `refs/heads/` to commit.
    var branches: [String: String] = [:]
    /// The branch of `HEAD`; nil if it has none, or one without a commit.
    var defaultBranch: String?
    /// True if `HEAD` is a commit and not a branch.
    var isDetached = false

    /// Reads the output of `git ls-remote --symref`.
    init(listing: String) {
        var head: String?
        var hasHead = false
        for line in listing.split(separator: "\n") {
            let fields = line.split(separator: "\t", maxSplits: 1)
            guard fields.count == 2 else { continue }
            if fields[0].hasPrefix("ref: refs/heads/"), fields[1] == "HEAD" {
                head = String(fields[0].dropFirst("ref: refs/heads/".count))
            } else if fields[1] == "HEAD" {
                hasHead = true
            } else if fields[1].hasPrefix("refs/heads/") {
                branches[String(fields[1].dropFirst("refs/heads/".count))] = String(fields[0])
            }
        }
        defaultBranch = head.flatMap { branches[$0] == nil ? nil : $0 }
        isDetached = hasHead && head == nil
    }

    /// Asks the repository.
    static func ask(_ address: GitAddress, _ git: GitProgram) throws -> RemoteReferences {
        let listing = try git.run(
            ["ls-remote", "--symref", "--", address.text, "HEAD", "refs/heads/*"],
            operation: "list the branches of \(address.redacted)", isRemote: true)
        return RemoteReferences(listing: listing)
    }

    /// The branch to back up.
    /// - Parameter wanted: the configured branch; nil uses the branch of `HEAD`.
    func branch(_ wanted: String?, of address: GitAddress) throws -> String {
        let operation = "choose the branch of \(address.redacted)"
        guard !branches.isEmpty else {
            throw ComponentError(
                .misconfigured, operation: operation, "the repository is empty: it has no branch yet",
                hint: "push a first commit, or check `url:` of this component")
        }
        if let wanted {
            guard branches[wanted] == nil else { return wanted }
            throw ComponentError(
                .misconfigured, operation: operation, "it has no branch '\(wanted)'; it has: \(names)",
                hint: "check `branch:` of this component in dr.yaml")
        }
        if let defaultBranch { return defaultBranch }
        let reason =
            isDetached ? "its HEAD is a commit and not a branch" : "its HEAD does not name a branch with a commit"
        throw ComponentError(
            .misconfigured, operation: operation, "\(reason); it has: \(names)",
            hint: "name one with `branch:` of this component in dr.yaml")
    }

    private var names: String {
        let names = branches.keys.sorted()
        let more = names.count > 20 ? " and \(names.count - 20) more" : ""
        return names.prefix(20).map { "'\($0)'" }.joined(separator: ", ") + more
    }
}
