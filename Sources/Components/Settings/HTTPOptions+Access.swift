internal import Documents
package import HTTP

extension HTTPOptions {
    /// The credentials and certificates of a server's settings.
    /// - Throws: `DocumentError` for a secret that cannot be read.
    package init(_ access: HTTPAccess, environment: [String: String], userAgent: String) throws {
        self.init()
        self.userAgent = userAgent
        if let username = access.username, let password = access.password {
            authorization = .basic(user: username, password: try password.resolve(environment: environment))
        } else if let token = access.bearerToken {
            authorization = .bearer(token: try token.resolve(environment: environment))
        }
        trust(access.tls)
    }

    package mutating func trust(_ tls: TLSOptions) {
        caFile = tls.caFile
        clientCertificate = tls.certificateFile
        clientKey = tls.keyFile
        isInsecure = tls.insecure
    }
}
