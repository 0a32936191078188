package import Documents
package import HTTP
package import Platform

/// The means with which a component makes its parts: those of the process, and the few facts of the rest of `dr.yaml`
/// that a
/// kind needs.
package struct ComponentContext: Sendable {
    /// The longest silence of a live server while its ``ComponentKind/identity(_:)`` is read. It is generous because a
    /// busy server is still the live one, and a drill that could not compare it proves less.
    package static let identitySilence = Duration.seconds(20)

    /// The component's name in `dr.yaml`.
    package var name: String
    /// The environment of the process, for secrets.
    package var environment: [String: String]
    /// Threads for blocking work.
    package var pool: BlockingPool
    /// The user agent of HTTP requests.
    package var userAgent: String
    /// Milliseconds since 1970.
    package var now: @Sendable () -> Int
    /// True if backups are encrypted before they leave this machine.
    package var encryptsBackups = false
    /// The tenants under `checks: tenants:`; empty without tenants.
    package var tenants: [String] = []
    /// The longest wait for new samples under `checks: interval:`; nil to use the server's configuration.
    package var sampleInterval: Duration?
    /// The context of `kubernetes:` in the kubeconfig; nil for the current one, or for the cluster that dr runs in.
    package var cluster: String?
    /// The namespace of `kubernetes:`; nil if it names none.
    package var clusterNamespace: String?
    /// The settings of all components of the stack, this one included.
    package var stack: [any ComponentKind] = []
    /// The supported kinds.
    package var kinds: [any ComponentKind.Type] = []

    package init(
        name: String, environment: [String: String], pool: BlockingPool, userAgent: String,
        now: @escaping @Sendable () -> Int
    ) {
        self.name = name
        self.environment = environment
        self.pool = pool
        self.userAgent = userAgent
        self.now = now
    }

    /// A client for a server, with its credentials and certificates.
    /// - Parameter silence: the longest time without data; nil for the client's default.
    /// - Throws: `DocumentError` for a secret that cannot be read.
    package func client(_ access: HTTPAccess, silence: Duration? = nil) throws -> HTTPClient {
        var options = try HTTPOptions(access, environment: environment, userAgent: userAgent)
        if let silence { options.stallTimeout = silence }
        return HTTPClient(options)
    }

    /// A client without credentials.
    package func client() -> HTTPClient {
        var options = HTTPOptions()
        options.userAgent = userAgent
        return HTTPClient(options)
    }

    /// - Throws: `DocumentError` for a secret that cannot be read.
    package func value(of secret: Secret?) throws -> String? { try secret?.resolve(environment: environment) }
}
