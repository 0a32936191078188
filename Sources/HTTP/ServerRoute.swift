internal import Synchronization

/// The way to a server that has no address in this machine's network.
package struct ServerRoute: Equatable, Sendable {
    /// The URL of the request for the server: it determines the `Host` header and the name in the certificate.
    package var url: String
    /// The port on 127.0.0.1 that leads to the server; nil if the URL's own host can be reached.
    package var localPort: UInt16?

    package init(url: String, localPort: UInt16?) {
        self.url = url
        self.localPort = localPort
    }
}

/// Finds the ways to the servers of one URL scheme, for all clients of the process.
package protocol ServerRouter: Sendable {
    /// Blocks until the way exists.
    /// - Throws: an `OperationError` if there is none.
    func route(to url: String) throws -> ServerRoute

    /// Is told that a connection on the way was lost, so that the next request gets a new way.
    func lost(_ route: ServerRoute, to url: String)
}

/// The routers of this process by URL scheme. `main` fills it before any request.
package enum ServerRouters {
    private static let routers = Mutex<[String: any ServerRouter]>([:])

    /// - Parameter scheme: with its separator: "kube://".
    package static func use(_ router: any ServerRouter, for scheme: String) {
        routers.withLock { $0[scheme] = router }
    }

    static func router(for url: String) -> (any ServerRouter)? {
        guard let end = url.firstRange(of: "://") else { return nil }
        return routers.withLock { $0[String(url[..<end.upperBound])] }
    }
}
