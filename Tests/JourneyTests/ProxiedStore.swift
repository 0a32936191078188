import Lab

/// A server that is spoken to through a proxy. It lives as long as this does.
struct ProxiedStore: S3Server {
    let endpoint: String
    private let server: SeaweedFS

    /// - Parameter endpoint: of the proxy.
    init(endpoint: String, _ server: SeaweedFS) {
        self.endpoint = endpoint
        self.server = server
    }

    var accessKey: String { server.accessKey }
    var secretKey: String { server.secretKey }
    var process: ServerProcess { server.process }
    var folder: TemporaryFolder { server.folder }
}
