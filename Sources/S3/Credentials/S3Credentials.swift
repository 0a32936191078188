package import Platform

/// A key pair that signs requests, permanent or of a session. Never shows its secrets when printed.
package struct S3Credentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package var accessKeyID: String
    package var secretAccessKey: String
    /// Goes with each request of a session.
    package var sessionToken: String?
    /// Seconds since 1970 when they stop working; nil for permanent ones.
    package var expiration: Int?
    /// Which link of the chain they came from, for `doctor` and logs.
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

/// Credentials that should be there and are not usable.
package struct CredentialError: OperationError, Equatable {
    package var source: String
    /// Without secrets.
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

/// One place where credentials can come from.
protocol CredentialSource: Sendable {
    /// Blocks; asks anew each time.
    /// - Returns: nil when this place is not set up here, so that the next one is asked.
    /// - Throws: ``CredentialError`` when it is set up and does not work.
    func load() throws -> S3Credentials?
}
