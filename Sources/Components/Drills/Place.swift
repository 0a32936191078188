/// A directory, server, bucket or cluster that a recovery writes to or connects to.
package struct Place: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// An absolute path.
        case directory(String)
        /// A server by its base URL.
        case server(url: String)
        /// Objects below a prefix; the prefix has no slash at either end, the endpoint is nil for AWS.
        case bucket(name: String, prefix: String, endpoint: String?)
        /// A kubectl context, and the URL of its API server; nil if kubectl does not know it.
        case cluster(context: String, server: String?)
    }

    /// The owner as text: "metrics".
    package var owner: String
    package var kind: Kind
    /// True if the component can only read it: a drill may then share it with the live stack.
    package var isOnlyRead: Bool
    /// True if a backup reads the objects themselves from there.
    package var isBackedUp = false
    /// The program that keeps its data there: "tempo"; nil if the settings do not name it.
    package var program: String?

    package init(_ owner: String, _ kind: Kind, isOnlyRead: Bool = false) {
        self.isOnlyRead = isOnlyRead
        self.owner = owner
        self.kind = kind
    }
}

extension Place: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .directory(let path): "directory '\(path)' of \(owner)"
        case .server(let url): "server \(url) of \(owner)"
        case .bucket(let name, let prefix, _): "objects s3://\(name)/\(prefix) of \(owner)"
        case .cluster(let context, _): "cluster '\(context)' of \(owner)"
        }
    }
}
