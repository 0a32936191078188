internal import Cryptography
internal import FoundationEssentials
internal import HTTP
internal import Logging
internal import ObjectStorage
internal import Platform
internal import Synchronization

/// Addresses, signs and sends requests for one bucket, and corrects the cause of a failure if it can.
final class S3Client: Sendable {
    let configuration: S3Configuration
    let environment: AWSEnvironment
    let logger: Logger
    let retry: RetryPolicy
    private let chain: CredentialChain
    private let http: HTTPClient
    /// The configured endpoint; nil if the endpoint is derived from the region.
    private let customEndpoint: String?
    private let state: Mutex<State>

    private struct State {
        var region: String
        var endpoint: S3Endpoint
        /// The number of seconds that the server's clock is ahead of ours.
        var skew = 0
        /// The server's time in the newest answer with one, and when it came.
        var answered: (time: Int, at: ContinuousClock.Instant)?
    }

    /// Makes no request.
    /// - Throws: ``S3DocumentError``, or the error from reading the shared files.
    init(_ configuration: S3Configuration, in environment: AWSEnvironment, logger: Logger) throws {
        self.configuration = configuration
        self.environment = environment
        self.logger = logger
        retry = try Self.retry(configuration, environment)
        chain = CredentialChain(environment, explicit: configuration.credentials, profile: configuration.profile)
        let profile = try SharedProfiles(environment)[configuration.profile ?? SharedProfiles.selected(environment)]
        customEndpoint = try S3Endpoint.url(configuration, environment)
        // The first answer corrects a wrong guess.
        let region = configuration.region ?? S3Endpoint.region(environment) ?? profile?["region"] ?? "us-east-1"
        let endpoint = try S3Endpoint(configuration, endpoint: customEndpoint, region: region)
        state = Mutex(State(region: region, endpoint: endpoint))
        var options = HTTPOptions(
            caFile: configuration.caFile ?? environment["AWS_CA_BUNDLE"] ?? profile?["ca_bundle"],
            isInsecure: configuration.isInsecure)
        options.connectTimeout = configuration.connectTimeout
        options.stallTimeout = configuration.stallTimeout
        http = HTTPClient(options)
    }

    /// Returns the retry policy, with the number of tries from `AWS_MAX_ATTEMPTS` if it is set.
    private static func retry(
        _ configuration: S3Configuration, _ environment: AWSEnvironment
    ) throws -> RetryPolicy {
        var retry = configuration.retry
        if let text = environment["AWS_MAX_ATTEMPTS"] {
            guard let attempts = Int(text), attempts > 0 else {
                throw S3DocumentError("AWS_MAX_ATTEMPTS is '\(text)', which is not a valid number of attempts")
            }
            retry.attempts = attempts
        }
        return retry
    }

    var region: String { state.withLock { $0.region } }
    var endpoint: S3Endpoint { state.withLock { $0.endpoint } }
    var signsPayloads: Bool { configuration.payloadSigning == .always || endpoint.scheme == "http" }
    func credentials() throws -> S3Credentials { try chain.credentials() }

    // MARK: - Sending

    /// Sends the request until an answer comes that another try would not change.
    /// - Throws: ``S3Failure``, ``CredentialError``, `CancellationError`.
    func send(_ request: S3Request, attempts: Int? = nil) throws -> (HTTPResponse, [UInt8]) {
        var retries = S3Retries(self, attempts: attempts)
        while true {
            do {
                return try document(request)
            } catch let failure as S3Failure {
                guard try retries.mayGoOn(after: failure) else { throw failure }
            }
        }
    }

    /// The longest document is a page of a listing: a thousand keys of 1024 bytes, each byte written as `%XX`.
    private static let longestDocument = 16 << 20

    /// Tries once, for an answer that is a document.
    /// - Throws: as ``once(_:_:)``; ``S3Failure`` for a document that is too long.
    func document(_ request: S3Request) throws -> (HTTPResponse, [UInt8]) {
        var request = request
        request.isDocument = true
        var document: [UInt8] = []
        do {
            let response = try once(request) { _, piece in
                guard document.count + piece.byteCount <= Self.longestDocument else {
                    throw S3Failure(
                        code: S3Failure.answerTooLong,
                        message: "the answer is longer than \(Self.longestDocument) bytes")
                }
                piece.withUnsafeBytes { document.append(contentsOf: $0) }
            }
            return (response, document)
        } catch let error as SinkFailure {
            throw error.underlying
        }
    }

    /// Tries once. `sink` receives the body of a success only.
    /// - Throws: ``S3Failure`` for any other status and for broken transfers; errors of `sink`, as ``SinkFailure``.
    func once(_ request: S3Request, _ sink: (HTTPResponse, RawSpan) throws -> Void) throws -> HTTPResponse {
        guard let use = configuration.use else { return try uncounted(request, sink) }
        let start = ContinuousClock.now
        var received = 0
        do {
            let response = try uncounted(request) { response, piece in
                if !request.isDocument { received += piece.byteCount }
                try sink(response, piece)
            }
            use.note(
                request.operation, succeeded: true, after: ContinuousClock.now - start, received: received,
                sent: request.key == nil ? 0 : request.payload.body?.length ?? 0)
            return response
        } catch let failure as S3Failure {
            use.note(
                request.operation, succeeded: failure.isAnswer, after: ContinuousClock.now - start, received: received)
            throw failure
        }
    }

    private func uncounted(
        _ request: S3Request, _ sink: (HTTPResponse, RawSpan) throws -> Void
    ) throws -> HTTPResponse {
        let credentials = try chain.credentials()
        var document: [UInt8] = []
        let response: HTTPResponse
        do {
            response = try http.perform(signed(request, credentials)) { response, piece in
                guard !response.isSuccess else {
                    do { try sink(response, piece) } catch { throw SinkFailure(underlying: error) }
                    return
                }
                // The rest of a long HTML page from a proxy is not needed.
                let room = max(0, 256 << 10 - document.count)
                piece.withUnsafeBytes { document.append(contentsOf: $0.prefix(room)) }
            }
        } catch let error as HTTPError {
            throw S3Failure(error)
        }
        guard response.isSuccess else {
            var failure = S3Failure(response, document)
            failure.credentials = credentials
            throw failure
        }
        if let time = response.date { state.withLock { $0.answered = (time, .now) } }
        return response
    }

    /// The server's time in seconds since 1970; nil before the first answer.
    var time: Int? {
        state.withLock { $0.answered }.map { answer in
            answer.time.addingClamped(Int((ContinuousClock.now - answer.at).components.seconds))
        }
    }

    private func signed(_ request: S3Request, _ credentials: S3Credentials) -> HTTPRequest {
        let (region, endpoint, skew) = state.withLock { ($0.region, $0.endpoint, $0.skew) }
        let now = environment.now() + skew
        let hash = request.payload.hash?.hex ?? SigV4.unsignedPayload
        let path = request.key.map { "\(endpoint.basePath)/\($0)" } ?? endpoint.basePath
        var headers = request.headers + [("x-amz-date", UTCTime(seconds: now).basic), ("x-amz-content-sha256", hash)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let authorization = SigV4(credentials, region: region).authorization(
            SigV4.Request(
                request.method, path, query: request.query, headers: headers + [("host", endpoint.authority)],
                payloadHash: hash), now: now)
        headers.append(("authorization", authorization))
        var message = HTTPRequest(
            request.method, Self.url(of: path, query: SigV4.canonicalQuery(request.query), at: endpoint),
            headers: headers,
            body: request.payload.body)
        if request.isDocument { message.answerTimeout = configuration.stallTimeout * 10 }
        if request.isSlow {
            message.stallTimeout = configuration.stallTimeout * 5
            message.answerTimeout = configuration.stallTimeout * 30
            message.mayTrickle = true
        }
        return message
    }

    private static func url(of path: String, query: String, at endpoint: S3Endpoint) -> String {
        let path = PercentEncoding.encode(path.isEmpty ? "/" : path, keeping: "/")
        return "\(endpoint.scheme)://\(endpoint.authority)\(path)\(query.isEmpty ? "" : "?\(query)")"
    }

    // MARK: - Remedies

    func refreshCredentials(after failure: S3Failure) {
        if let refused = failure.credentials { chain.reject(refused) }
    }

    /// - Returns: false if the answer does not contain the time.
    func correctClock(after failure: S3Failure) -> Bool {
        guard let serverTime = failure.serverTime else { return false }
        let skew = serverTime - environment.now()
        state.withLock { $0.skew = skew }
        logger.debug("clock corrected", metadata: ["seconds": "\(skew)"])
        return true
    }

    /// True if the server's clock differs so much from ours that a refusal without a reason may be about that.
    func isSkewed(_ failure: S3Failure) -> Bool {
        guard let serverTime = failure.serverTime else { return false }
        return abs(serverTime - environment.now() - state.withLock { $0.skew }) > 5 * 60
    }

    /// - Returns: false if the bucket's region stays unknown.
    func changeRegion(after failure: S3Failure) throws -> Bool {
        guard let region = try failure.region ?? bucketRegion(), !region.isEmpty else { return false }
        let endpoint = try S3Endpoint(configuration, endpoint: customEndpoint, region: region)
        state.withLock { state in
            state.region = region
            state.endpoint = endpoint
        }
        logger.debug("region corrected", metadata: ["region": "\(region)"])
        return true
    }

    /// Asks HeadBucket, which names the region even when it refuses.
    private func bucketRegion() throws -> String? {
        do {
            return try once(S3Request("HEAD", nil)) { _, _ in }.headers["x-amz-bucket-region"]
        } catch let failure as S3Failure {
            return failure.region
        }
    }
}

/// An error of the caller's own closure. The wrapper keeps it apart from errors of the transfer.
struct SinkFailure: Error {
    var underlying: any Error
}
