import Configuration
import Foundation
import HTTP
import StrictYAML

extension HTTPClient {
    /// A client for the server that a component's settings name, with its credentials.
    convenience init(_ access: HTTPAccess) throws {
        let environment = ProcessInfo.processInfo.environment
        var options = HTTPOptions()
        options.userAgent = "dr/\(DR.version)"
        if let username = access.username, let password = access.password {
            options.authorization = .basic(
                user: username, password: try password.resolve(environment: environment))
        } else if let token = access.bearerToken {
            options.authorization = .bearer(token: try token.resolve(environment: environment))
        }
        options.caFile = access.tls.caFile
        options.clientCertificate = access.tls.certificateFile
        options.clientKey = access.tls.keyFile
        options.isInsecure = access.tls.insecure
        self.init(options)
    }
}
