internal import FoundationEssentials
internal import Platform

/// The credentials for a token that the platform writes into a file (EKS and other OpenID providers), exchanged for a
/// role.
struct WebIdentityCredentials: CredentialSource {
    let environment: AWSEnvironment
    let sts: SecurityTokenService
    /// Read each time, because the platform rotates it.
    let tokenFile: String
    let role: String
    let session: String?

    init(environment: AWSEnvironment, sts: SecurityTokenService, tokenFile: String, role: String, session: String?) {
        self.environment = environment
        self.sts = sts
        self.tokenFile = tokenFile
        self.role = role
        self.session = session
    }

    /// Reads the settings from the environment; nil if it has none.
    init?(environment: AWSEnvironment) {
        guard let file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], let role = environment["AWS_ROLE_ARN"] else {
            return nil
        }
        self.init(
            environment: environment, sts: SecurityTokenService(environment: environment, region: nil), tokenFile: file,
            role: role, session: environment["AWS_ROLE_SESSION_NAME"])
    }

    func load() throws -> S3Credentials? {
        guard let token = try environment.text(of: tokenFile)?.trimmed else {
            throw CredentialError("web identity", "token file '\(tokenFile)' does not exist")
        }
        return try sts.assumeRole(role, withWebIdentity: token, session: session)
    }
}
