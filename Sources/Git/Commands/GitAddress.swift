/// The address of a repository: an absolute path on this machine, a URL, or ssh's short form `user@host:path`.
struct GitAddress: Equatable, Sendable {
    /// The form that git accepts. It may hold credentials: never show it.
    let text: String

    init(_ text: String) { self.text = text }

    /// True for a path, which git reads directly, and false for `file://`.
    var isLocal: Bool { text.hasPrefix("/") }

    /// For messages and files: without a password, and without a user name where it may be a token.
    var redacted: String { Self.redacting(text) }

    /// Scheme, host and port, as in `credential.<this>.helper`; nil if git never asks for a password.
    var credentialScope: String? {
        guard let match = text.wholeMatch(of: /(https?):\/\/(?:[^\/@]*@)?([^\/?#]+).*/.ignoresCase()) else {
            return nil
        }
        return "\(match.1)://\(match.2)"
    }

    /// Removes the credentials from every URL in a text.
    static func redacting(_ text: String) -> String {
        text.replacing(/([A-Za-z][A-Za-z0-9+.\-]*):\/\/([^\/\s@'"]*(?:@[^\/\s@'"]*)*)@/) { match in
            let user = match.2.split(separator: ":", omittingEmptySubsequences: false).first ?? ""
            let isWeb = match.1.lowercased().hasPrefix("http")
            return isWeb || user.isEmpty ? "\(match.1)://" : "\(match.1)://\(user)@"
        }
    }
}
