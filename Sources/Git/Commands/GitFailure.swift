internal import BackupRepository

/// Turns the messages of a failed `git` into a `ComponentError`.
enum GitFailure {
    /// - Parameters:
    ///   - operation: the attempted operation and its repository.
    ///   - errors: the end of its standard error.
    static func error(_ operation: String, status: CInt, errors: String) -> ComponentError {
        let detail = detail(errors)
        let (reason, hint) = classify(detail)
        return ComponentError(
            reason, operation: operation, detail.isEmpty ? "git exited with status \(status)" : detail, hint: hint)
    }

    /// The lines that give the reason, without credentials.
    private static func detail(_ errors: String) -> String {
        let lines = errors.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix("fatal: ") }
            .map { $0.trimmingPrefix("error: ") }.filter { !$0.isEmpty && !$0.hasPrefix("hint:") }
        return GitAddress.redacting(lines.suffix(6).joined(separator: "; "))
    }

    /// Messages of git 2.32 to 2.50, of ssh and of libcurl, in the C locale.
    private static let signs: [(words: String, reason: ComponentError.Reason, hint: String?)] = [
        ("No space left on device", .noSpace, "free space in the state folder (`state:` in dr.yaml)"),
        ("Disk quota exceeded", .noSpace, "free space in the state folder (`state:` in dr.yaml)"),
        ("Host key verification failed", .refused, "add the server's key to the file that `ssh_known_hosts` names"),
        (
            "Authentication failed", .refused,
            "check `username` and `password` of the component; a token must be allowed to read the repository"
        ),
        (
            "could not read Username", .refused,
            "the server requires credentials: set `username` and `password` of the component"
        ),
        ("error: 403", .refused, "these credentials must be allowed to read the repository"),
        ("Permission denied (publickey", .refused, "check `ssh_key`: the server must have its public key"),
        ("Permission denied", .refused, "run as a user who may read the repository"),
        ("Could not resolve host", .unreachable, nil),
        ("Connection refused", .unreachable, nil),
        ("onnection timed out", .unreachable, nil),
        ("Operation timed out", .unreachable, nil),
        ("too slow", .unreachable, nil),
        ("unable to connect", .unreachable, nil),
        ("Couldn't connect", .unreachable, nil),
        ("does not appear to be a git repository", .misconfigured, "check `url:` of this component in dr.yaml"),
        ("does not exist", .misconfigured, "check `url:` of this component in dr.yaml"),
        ("' not found", .misconfigured, "check `url:` of this component in dr.yaml"),
        ("transport '", .misconfigured, "url: a path, or an ssh, https, http, git or file URL"),
        ("not our ref", .damaged, "run `git fsck` in the repository"),
        ("corrupt", .damaged, "run `git fsck` in the repository"),
        ("bad object", .damaged, "run `git fsck` in the repository"),
        ("bad tree object", .damaged, "run `git fsck` in the repository"),
        ("missing", .damaged, "run `git fsck` in the repository"),
        ("unable to read", .damaged, "run `git fsck` in the repository"),
        ("inflate", .damaged, "run `git fsck` in the repository"),
        ("Could not read from remote repository", .unreachable, nil),
        ("unable to access", .unreachable, nil),
    ]

    private static func classify(_ detail: String) -> (ComponentError.Reason, String?) {
        guard let sign = signs.first(where: { detail.contains($0.words) }) else { return (.other, nil) }
        return (sign.reason, sign.hint)
    }
}
