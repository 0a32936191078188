package import Platform

/// A key pair that signs requests, permanent or for a session. Its description never contains the secrets.
package struct S3Credentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package var accessKeyID: String
    package var secretAccessKey: String
    /// Sent with each request of a session.
    package var sessionToken: String?
    /// The expiry in seconds since 1970; nil for permanent credentials.
    package var expiration: Int?
    /// The link of the chain that supplied them, for `doctor` and logs.
    package var source: String

    package init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Int? = nil,
        source: String = "configuration"
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
        self.source = source
    }

    package var description: String { "\(accessKeyID) from \(source)" }
    package var debugDescription: String { description }
}

/// A credential source that is configured but does not work.
package struct CredentialError: OperationError, Equatable {
    package var source: String
    /// The cause, without secrets.
    package var detail: String
    package var hint: String?

    package init(_ source: String, _ detail: String, hint: String? = nil) {
        self.source = source
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String { "credentials" }
    package var place: ErrorPlace { ErrorPlace(object: source, text: "credentials from \(source)") }
}

/// One source of credentials.
protocol CredentialSource: Sendable {
    /// Fetches the credentials each time; blocks.
    /// - Returns: nil if this source is not configured; the chain then tries the next one.
    /// - Throws: ``CredentialError`` if it is configured and does not work.
    func load() throws -> S3Credentials?
}
