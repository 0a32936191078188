package import Documents

/// One branch of a git repository with its history, as configured in `dr.yaml`.
package struct GitComponent: Equatable, Sendable {
    /// An absolute path, or a URL in a form that git accepts, without a password.
    package var url = ""
    /// Nil uses the branch of the repository's `HEAD`.
    package var branch: String?
    /// For http and https.
    package var username: String?
    package var password: Secret?
    /// Absolute paths.
    package var sshKey: String?
    package var sshKnownHosts: String?
    package var caFile: String?

    package init() {}
}

extension GitComponent: Section {
    package static let keys: [Key<Self>] = [
        Key("url", \.url, as: .gitURL, required: true, about: "The repository: a path on this machine, or its URL."),
        Key(
            "branch", \.branch, as: .text,
            about: "The branch to back up. Default: the repository's default branch."),
        Key("username", \.username, as: .text, about: "User name for http and https."),
        Key("password", \.password, as: .secret, about: "Password or token for http and https."),
        Key("ssh_key", \.sshKey, as: .path, about: "Private key for ssh, without a passphrase, or held by the agent."),
        Key(
            "ssh_known_hosts", \.sshKnownHosts, as: .path, about: "Known host keys for ssh, instead of the user's own."),
        Key(
            "ca_file", \.caFile, as: .path,
            about: "PEM certificates to trust for https, instead of the system's certificates."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (username == nil) != (password == nil) {
            let key = username == nil ? "password" : "username"
            reader.complain(written[key], "'username' and 'password' must be set together")
        }
        let address = url.lowercased()
        let isWeb = address.hasPrefix("http://") || address.hasPrefix("https://")
        if password != nil, !isWeb { reader.complain(written["password"], "'password' needs an http or https URL") }
        if caFile != nil, !address.hasPrefix("https://") {
            reader.complain(written["ca_file"], "'ca_file' needs an https:// URL")
        }
        let isSSH = address.hasPrefix("ssh://") || !address.hasPrefix("/") && !address.contains("://")
        for key in ["ssh_key", "ssh_known_hosts"] where written.contains(key) && !isSSH {
            reader.complain(written[key], "'\(key)' needs an ssh URL")
        }
        if let branch, branch.hasPrefix("refs/") || branch.hasPrefix("-") {
            reader.complain(
                written["branch"], "'\(branch)' is not a valid branch name",
                hint: "give it without refs/heads/, as `git branch` does"
            )
        }
    }
}

extension Shape where Value == String {
    /// A path, made absolute from the configuration file's folder; or a URL or ssh's `user@host:path`, unchanged.
    fileprivate static let gitURL = Shape(schema: ["type": "string"]) { node, reader in
        guard let url = text.read(node, &reader) else { return nil }
        guard let scheme = url.firstRange(of: "://").map({ url[..<$0.lowerBound].lowercased() }) else {
            // As git distinguishes them: a colon before the first slash.
            let isShort = url.prefix { $0 != "/" }.contains(":")
            guard isShort else { return path.read(node, &reader) }
            guard !url.hasPrefix("-"), !url.contains("::") else {
                reader.complain(node, "'\(url)' is neither a path nor a URL")
                return nil
            }
            return url
        }
        guard ["ssh", "https", "http", "git", "file"].contains(scheme) else {
            reader.complain(node, "the URL has scheme '\(scheme)'; ssh, https, http, git and file are supported")
            return nil
        }
        let authority = url.dropFirst(scheme.count + 3).prefix { $0 != "/" }
        if let user = authority.lastIndex(of: "@").map({ authority[..<$0] }) {
            // A web server's user name may itself be a token. The message shows neither.
            guard !user.contains(":"), !scheme.hasPrefix("http") else {
                reader.complain(
                    node, "the URL must not contain credentials",
                    hint: "use 'username' and 'password: {env: NAME}', and change the secret")
                return nil
            }
        }
        return url
    }
}
