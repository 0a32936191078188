internal import Cryptography
internal import Foundation
internal import HTTP
internal import Logging
internal import ObjectStorage
internal import Platform
internal import Synchronization

/// Addresses, signs and sends requests for one bucket, and knows what to do when one fails.
final class S3Client: Sendable {
    let configuration: S3Configuration
    let environment: AWSEnvironment
    let logger: Logger
    let retry: RetryPolicy
    private let chain: CredentialChain
    private let http: HTTPClient
    /// Set when the endpoint is not derived from the region.
    private let customEndpoint: String?
    private let state: Mutex<State>

    private struct State {
        var region: String
        var endpoint: S3Endpoint
        /// Seconds that the server's clock is ahead of ours.
        var skew = 0
    }

    /// - Throws: ``S3DocumentError``, or what reading the shared files throws. Asks nobody.
    init(_ configuration: S3Configuration, in environment: AWSEnvironment, logger: Logger) throws {
        self.configuration = configuration
        self.environment = environment
        self.logger = logger
        retry = try Self.retry(configuration, environment)
        chain = CredentialChain(environment, explicit: configuration.credentials, profile: configuration.profile)
        let profile = try SharedProfiles(environment)[configuration.profile ?? SharedProfiles.selected(environment)]
        customEndpoint = try S3Endpoint.url(configuration, environment)
        // A wrong guess is corrected by the first answer.
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

    /// As many tries as `AWS_MAX_ATTEMPTS` says, where it says so.
    private static func retry(
        _ configuration: S3Configuration, _ environment: AWSEnvironment
    ) throws -> RetryPolicy {
        var retry = configuration.retry
        if let text = environment["AWS_MAX_ATTEMPTS"] {
            guard let attempts = Int(text), attempts > 0 else {
                throw S3DocumentError("AWS_MAX_ATTEMPTS is '\(text)', which is no number of attempts")
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

    /// Sends until an answer comes that no other try would change.
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

    /// A page of a listing is the longest document: a thousand keys of 1024 bytes, each of them written as `%XX`.
    private static let longestDocument = 16 << 20

    /// One try, for an answer that is a document.
    /// - Throws: as ``once(_:_:)``; ``S3Failure`` for a document that is too long.
    func document(_ request: S3Request) throws -> (HTTPResponse, [UInt8]) {
        var request = request
        request.isDocument = true
        var document: [UInt8] = []
        do {
            let response = try once(request) { _, piece in
                guard document.count + piece.byteCount <= Self.longestDocument else {
                    throw S3Failure(
                        code: "AnswerTooLong", message: "the answer is longer than \(Self.longestDocument) bytes")
                }
                piece.withUnsafeBytes { document.append(contentsOf: $0) }
            }
            return (response, document)
        } catch let error as SinkFailure {
            throw error.underlying
        }
    }

    /// One try. `sink` gets the body of a success only.
    /// - Throws: ``S3Failure`` for any other status and for broken transfers; what `sink` throws, as ``SinkFailure``.
    func once(_ request: S3Request, _ sink: (HTTPResponse, RawSpan) throws -> Void) throws -> HTTPResponse {
        let credentials = try chain.credentials()
        var document: [UInt8] = []
        let response: HTTPResponse
        do {
            response = try http.perform(signed(request, credentials)) { response, piece in
                guard !response.isSuccess else {
                    do { try sink(response, piece) } catch { throw SinkFailure(underlying: error) }
                    return
                }
                // The rest of a long page of HTML from a proxy is of no use.
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
        return response
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

    /// - Returns: false when the answer does not tell the time.
    func correctClock(after failure: S3Failure) -> Bool {
        guard let serverTime = failure.serverTime else { return false }
        let skew = serverTime - environment.now()
        state.withLock { $0.skew = skew }
        logger.debug("clock corrected", metadata: ["seconds": "\(skew)"])
        return true
    }

    /// Whether the server's clock is so far from ours that a refusal without a word may be about that.
    func isSkewed(_ failure: S3Failure) -> Bool {
        guard let serverTime = failure.serverTime else { return false }
        return abs(serverTime - environment.now() - state.withLock { $0.skew }) > 5 * 60
    }

    /// - Returns: false when the bucket's region stays unknown.
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

    /// HeadBucket names the region even when it refuses.
    private func bucketRegion() throws -> String? {
        do {
            return try once(S3Request("HEAD", nil)) { _, _ in }.headers["x-amz-bucket-region"]
        } catch let failure as S3Failure {
            return failure.region
        }
    }
}

/// An error of the caller's own closure, on its way through code that would else take it for one of the transfer.
struct SinkFailure: Error {
    var underlying: any Error
}
