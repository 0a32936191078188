internal import HTTP
internal import Logging
internal import ObjectStorage

/// The tries of one call: decides which failure is worth another try, after which correction and wait.
struct S3Retries {
    private let client: S3Client
    private let policy: RetryPolicy
    private var attempt = 1
    /// The number of tries of each correction other than waiting: a correction either helps soon or not at all.
    private var corrections = 0
    /// The time of the last progress.
    private var since = ContinuousClock.now
    private static let mostCorrections = 3

    init(_ client: S3Client, attempts: Int? = nil) {
        self.client = client
        var policy = client.retry
        if let attempts { policy.attempts = min(attempts, policy.attempts) }
        self.policy = policy
    }

    /// Resets the count of failures, because a part of the transfer succeeded.
    mutating func noteProgress() {
        attempt = 1
        corrections = 0
        since = .now
    }

    /// Applies the correction and waits.
    /// - Returns: false if the failure is final.
    mutating func mayGoOn(after failure: S3Failure) throws -> Bool {
        let goesOn = try corrects(failure)
        if goesOn { client.configuration.use?.noteRetry() }
        return goesOn
    }

    private mutating func corrects(_ failure: S3Failure) throws -> Bool {
        client.logger.debug(
            "request failed",
            metadata: ["code": "\(failure.code)", "status": "\(failure.status)", "attempt": "\(attempt)"])
        switch failure.remedy {
        case .none:
            // S3 answers a HEAD with a wrong date with a 403 without a reason.
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
        if let patience = client.configuration.patience, ContinuousClock.now - since >= patience { return false }
        // A stall has used the whole time-out already. It counts twice, so that an endpoint that sends a byte now and
        // then costs half as many time-outs as a policy has tries.
        attempt += failure.transport?.reason == .stalled ? 2 : 1
        var policy = policy
        policy.attempts = .max
        return try policy.wait(after: step, retryAfter: failure.retryAfter)
    }

    private mutating func mayCorrect() -> Bool {
        corrections += 1
        return corrections <= Self.mostCorrections
    }
}
