internal import Synchronization

/// Credentials from the first place that has any, asked for once and again shortly before they expire.
package final class CredentialChain: Sendable {
    private let sources: [any CredentialSource]
    private let now: @Sendable () -> Int
    private let state = Mutex(State())

    private struct State {
        var current: S3Credentials?
        /// Seconds since 1970 when the current ones came.
        var fetched = 0
        /// When a place was last asked, with or without success.
        var asked: Int?

        /// Seconds that the current ones had left when they came: a place may hand out ones that it has kept for a while.
        var lifetime: Int { (current?.expiration).map { max(0, $0 - fetched) } ?? 0 }
    }

    /// Temporary credentials are replaced this many seconds before they expire, while they still work, so that a
    /// request on its way does not outlive them; short-lived ones in the last quarter of their life.
    private static func advisory(_ lifetime: Int) -> Int { min(15 * 60, lifetime / 4) }
    /// From here on they count as expired.
    private static func mandatory(_ lifetime: Int) -> Int { min(10 * 60, lifetime / 6) }
    /// Seconds between two questions, unless a server has refused what the first one gave.
    private static let interval = 5

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
        try state.withLock { state in
            let time = now()
            let left = state.current?.expiration.map { $0 - time } ?? .max
            if let known = state.current {
                if left > Self.advisory(state.lifetime) { return known }
                // Asked a moment ago, and this is what came. A clock that goes backwards ends no interval.
                if let asked = state.asked, (0..<Self.interval).contains(time - asked) { return known }
            }
            state.asked = time
            do {
                let found = try load()
                state.current = found
                state.fetched = time
                return found
            } catch {
                // They still work for a while: a later request asks again.
                if let known = state.current, left > Self.mandatory(state.lifetime) { return known }
                throw error
            }
        }
    }

    /// Drops credentials that a server refused as expired, unless another thread has replaced them already.
    package func reject(_ refused: S3Credentials) {
        state.withLock { if $0.current == refused { $0.current = nil } }
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
