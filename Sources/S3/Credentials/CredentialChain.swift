internal import Synchronization

/// The credentials of the first source that has any, fetched once and again shortly before they expire.
package final class CredentialChain: Sendable {
    private let sources: [any CredentialSource]
    private let now: @Sendable () -> Int
    private let state = Mutex(State())

    private struct State {
        var current: S3Credentials?
        /// The time when the current credentials were fetched, in seconds since 1970.
        var fetched = 0
        /// The time of the last request to a source, successful or not.
        var asked: Int?

        /// The lifetime that the current credentials had left when they were fetched, in seconds: a source may return
        /// cached ones.
        var lifetime: Int { (current?.expiration).map { max(0, $0 - fetched) } ?? 0 }
    }

    /// The number of seconds before expiry at which temporary credentials are replaced. They still work then, so a
    /// request in flight does not outlive them. Short-lived ones are replaced in the last quarter of their lifetime.
    private static func advisory(_ lifetime: Int) -> Int { min(15 * 60, lifetime / 4) }
    /// The number of seconds before expiry from which they count as expired.
    private static func mandatory(_ lifetime: Int) -> Int { min(10 * 60, lifetime / 6) }
    /// The minimum of seconds between two requests to the sources, unless a server refused the credentials of the
    /// first.
    private static let interval = 5

    /// Builds the chain in the order of the AWS tools. A profile named by the configuration comes before the
    /// environment's keys.
    /// - Parameters:
    ///   - explicit: keys from the configuration; if given, no other source is used.
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

    /// Returns valid credentials. Blocks while they are fetched; other threads wait for the same answer.
    /// - Throws: ``CredentialError`` if no source has any, or if the first configured source fails.
    package func credentials() throws -> S3Credentials {
        try state.withLock { state in
            let time = now()
            let left = state.current?.expiration.map { $0 - time } ?? .max
            if let known = state.current {
                if left > Self.advisory(state.lifetime) { return known }
                // The sources were asked a moment ago. A clock that was set back ends no interval.
                if let asked = state.asked, (0..<Self.interval).contains(time - asked) { return known }
            }
            state.asked = time
            do {
                let found = try load()
                state.current = found
                state.fetched = time
                return found
            } catch {
                // They still work for a while, and a later request tries again.
                if let known = state.current, left > Self.mandatory(state.lifetime) { return known }
                throw error
            }
        }
    }

    /// Drops credentials that a server refused as expired, unless another thread has already replaced them.
    package func reject(_ refused: S3Credentials) {
        state.withLock { if $0.current == refused { $0.current = nil } }
    }

    private func load() throws -> S3Credentials {
        for source in sources {
            if let found = try source.load() { return found }
        }
        throw CredentialError(
            "the AWS chain", "no credentials found",
            hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role")
    }
}

private struct FixedCredentials: CredentialSource {
    let credentials: S3Credentials
    func load() throws -> S3Credentials? { credentials }
}
