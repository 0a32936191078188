package import Documents
package import HTTP
package import Platform

/// The means with which a component makes its parts: those of the process, and the few facts of the rest of `dr.yaml`
/// that a
/// kind needs.
package struct ComponentContext: Sendable {
    /// The component's name in `dr.yaml`.
    package var name: String
    /// Of the process: where secrets are looked up.
    package var environment: [String: String]
    /// Threads for everything that blocks.
    package var pool: BlockingPool
    /// The name that `dr` gives itself in HTTP requests.
    package var userAgent: String
    /// Milliseconds since 1970.
    package var now: @Sendable () -> Int
    /// True if backups are encrypted before they leave this machine.
    package var encryptsBackups = false
    /// Tenants under `checks: tenants:`; empty where the stack has none.
    package var tenants: [String] = []
    /// The longest wait for new samples under `checks: interval:`; nil leaves it to the server's configuration.
    package var sampleInterval: Duration?
    /// The settings of all components of the stack, this one included.
    package var stack: [any ComponentKind] = []
    /// The kinds that the program knows.
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
    /// - Parameter silence: the longest wait for an answer; the client's own if nil.
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

    /// - Throws: `DocumentError` for one that cannot be read.
    package func value(of secret: Secret?) throws -> String? { try secret?.resolve(environment: environment) }
}
