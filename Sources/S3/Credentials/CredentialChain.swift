internal import Synchronization

/// Credentials from the first place that has any, asked for once and again shortly before they expire.
package final class CredentialChain: Sendable {
    private let sources: [any CredentialSource]
    private let now: @Sendable () -> Int
    private let current = Mutex<S3Credentials?>(nil)

    /// Temporary credentials are replaced this many seconds before they expire, while they still work, so that a
    /// request on its way does not outlive them.
    static let advisory = 15 * 60
    /// From here on they count as expired.
    static let mandatory = 10 * 60

    /// The order of the AWS tools; a profile named by the configuration comes before the environment's keys.
    /// - Parameters:
    ///   - explicit: keys from the configuration; then nothing else is asked.
    ///   - profile: a profile named by the configuration.
    package init(_ environment: AWSEnvironment, explicit: S3Credentials? = nil, profile: String? = nil) {
        now = environment.now
        if let explicit {
            sources = [FixedCredentials(credentials: explicit)]
            return
        }
        let chosen = environment["AWS_PROFILE"] ?? environment["AWS_DEFAULT_PROFILE"]
        let shared = ProfileCredentials(
            environment: environment, profile: profile ?? chosen ?? "default", isExplicit: profile ?? chosen != nil)
        let keys = EnvironmentCredentials(environment: environment)
        var sources: [any CredentialSource] = profile == nil ? [keys] : [shared]
        if let identity = WebIdentityCredentials(environment: environment) { sources.append(identity) }
        sources.append(profile == nil ? shared : keys)
        sources.append(ContainerCredentials(environment: environment))
        sources.append(InstanceMetadata(environment: environment))
        self.sources = sources
    }

    /// Blocks while they are fetched; other threads wait for the same answer.
    /// - Throws: ``CredentialError`` when no place has any, or the first that should have does not work.
    package func credentials() throws -> S3Credentials {
        try current.withLock { current in
            if let known = current, !isDue(known, within: Self.advisory) { return known }
            do {
                let found = try load()
                current = found
                return found
            } catch {
                // They still work for a while: the next request asks again.
                if let known = current, !isDue(known, within: Self.mandatory) { return known }
                throw error
            }
        }
    }

    /// Drops credentials that a server refused as expired, unless another thread has replaced them already.
    package func reject(_ refused: S3Credentials) {
        current.withLock { if $0 == refused { $0 = nil } }
    }

    private func isDue(_ credentials: S3Credentials, within seconds: Int) -> Bool {
        credentials.expiration.map { $0 - now() < seconds } ?? false
    }

    private func load() throws -> S3Credentials {
        for source in sources {
            if let found = try source.load() { return found }
        }
        throw CredentialError(
            "the AWS chain", "none found",
            hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role")
    }
}

private struct FixedCredentials: CredentialSource {
    let credentials: S3Credentials
    func load() throws -> S3Credentials? { credentials }
}
