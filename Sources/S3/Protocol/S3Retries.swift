internal import HTTP
internal import Logging

/// The tries of one call: what is worth another one, after which remedy and which wait.
struct S3Retries {
    private let client: S3Client
    private let policy: RetryPolicy
    private var attempt = 1
    /// How often each remedy other than waiting was tried: it either helps soon or not at all.
    private var corrections = 0
    private static let mostCorrections = 3

    init(_ client: S3Client, attempts: Int? = nil) {
        self.client = client
        var policy = client.retry
        if let attempts { policy.attempts = min(attempts, policy.attempts) }
        self.policy = policy
    }

    /// Part of a transfer came through: what failed before does not count any more.
    mutating func noteProgress() {
        attempt = 1
        corrections = 0
    }

    /// Applies the remedy and waits.
    /// - Returns: false when the failure is final.
    mutating func mayGoOn(after failure: S3Failure) throws -> Bool {
        client.logger.debug(
            "request failed",
            metadata: ["code": "\(failure.code)", "status": "\(failure.status)", "attempt": "\(attempt)"])
        switch failure.remedy {
        case .none:
            // A HEAD that is refused for its date gets a bare 403.
            guard failure.status == 403, client.isSkewed(failure), mayCorrect() else { return false }
            return client.correctClock(after: failure)
        case .correctClock:
            return mayCorrect() && client.correctClock(after: failure)
        case .changeRegion:
            return try mayCorrect() && client.changeRegion(after: failure)
        case .refreshCredentials:
            client.refreshCredentials(after: failure)
            return mayCorrect()
        case .retry:
            return try wait(failure, attempt)
        case .slowDown:
            return try wait(failure, attempt + 2)
        }
    }

    private mutating func wait(_ failure: S3Failure, _ step: Int) throws -> Bool {
        guard attempt < policy.attempts else { return false }
        attempt += 1
        var policy = policy
        policy.attempts = .max
        return try policy.wait(after: step, retryAfter: failure.retryAfter)
    }

    private mutating func mayCorrect() -> Bool {
        corrections += 1
        return corrections <= Self.mostCorrections
    }
}
