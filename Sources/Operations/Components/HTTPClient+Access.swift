import Documents
import Foundation
package import HTTP
package import StackConfiguration

extension HTTPClient {
    /// A client for the server that a component's settings name, with its credentials.
    package convenience init(_ access: HTTPAccess) throws {
        self.init(try HTTPOptions(access, environment: ProcessInfo.processInfo.environment))
    }
}

extension HTTPOptions {
    init(_ access: HTTPAccess, environment: [String: String]) throws {
        self.init()
        userAgent = Release.userAgent
        if let username = access.username, let password = access.password {
            authorization = .basic(user: username, password: try password.resolve(environment: environment))
        } else if let token = access.bearerToken {
            authorization = .bearer(token: try token.resolve(environment: environment))
        }
        trust(access.tls)
    }

    mutating func trust(_ tls: TLSOptions) {
        caFile = tls.caFile
        clientCertificate = tls.certificateFile
        clientKey = tls.keyFile
        isInsecure = tls.insecure
    }
}
