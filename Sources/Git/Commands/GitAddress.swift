/// Where a repository is: an absolute path on this machine, a URL, or ssh's short form `user@host:path`.
struct GitAddress: Equatable, Sendable {
    /// As git takes it; not for people.
    let text: String

    init(_ text: String) { self.text = text }

    /// A path, read where it lies, as opposed to `file://`.
    var isLocal: Bool { text.hasPrefix("/") }

    /// For people and for files: without a password, and without any user where a token may pass as one.
    var redacted: String { Self.redacting(text) }

    /// Scheme, host and port, as `credential.<this>.helper` takes them; nil where git asks nobody for a password.
    var credentialScope: String? {
        guard let match = text.wholeMatch(of: /(https?):\/\/(?:[^\/@]*@)?([^\/?#]+).*/.ignoresCase()) else {
            return nil
        }
        return "\(match.1)://\(match.2)"
    }

    /// Takes the credentials out of every URL in a text.
    static func redacting(_ text: String) -> String {
        text.replacing(/([A-Za-z][A-Za-z0-9+.\-]*):\/\/([^\/\s@'"]*(?:@[^\/\s@'"]*)*)@/) { match in
            let user = match.2.split(separator: ":", omittingEmptySubsequences: false).first ?? ""
            let isWeb = match.1.lowercased().hasPrefix("http")
            return isWeb || user.isEmpty ? "\(match.1)://" : "\(match.1)://\(user)@"
        }
    }
}
