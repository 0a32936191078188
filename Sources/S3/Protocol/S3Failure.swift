internal import HTTP

/// A request that S3, or the road to it, did not fulfil.
struct S3Failure: Error {
    /// What can be done about it.
    enum Remedy: Equatable {
        case retry
        /// The server asks for fewer requests.
        case slowDown
        case refreshCredentials
        case correctClock
        /// The bucket is elsewhere.
        case changeRegion
        case none
    }

    /// 0 where no answer came.
    var status = 0
    /// S3's word for the error; for answers without a document, one that fits the status.
    var code: String
    var message: String
    var requestID: String?
    /// Where the bucket is, if the answer told.
    var region: String?
    var retryAfter: Duration?
    /// The server's clock, in seconds since 1970.
    var serverTime: Int?
    /// The credentials that signed the request.
    var credentials: S3Credentials?
    /// Set when the transfer itself failed.
    var transport: HTTPError?

    init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: HTTPError) {
        self.init(code: "Transport", message: error.description)
        transport = error
    }

    /// - Parameter document: the body; also that of a success, for some operations report errors under status 200.
    init(_ response: HTTPResponse, _ document: [UInt8]) {
        let error = XMLElement.parse(document)?.first("Error")
        status = response.status
        code = error?.value("Code") ?? Self.word(for: response)
        message = error?.value("Message") ?? "status \(response.status)"
        requestID = error?.value("RequestId") ?? response.headers["x-amz-request-id"]
        region = response.headers["x-amz-bucket-region"] ?? error?.value("Region")
        retryAfter = response.retryAfter
        serverTime = response.date
    }

    /// HEAD has no body, and proxies write HTML.
    private static func word(for response: HTTPResponse) -> String {
        switch response.status {
        case 301: "PermanentRedirect"
        case 307: "TemporaryRedirect"
        case 403: "AccessDenied"
        case 404: "NoSuchKey"
        case 405: "MethodNotAllowed"
        case 412: "PreconditionFailed"
        case 416: "InvalidRange"
        case 429: "TooManyRequests"
        case 501: "NotImplemented"
        case 503: "ServiceUnavailable"
        case 507: "InsufficientStorage"
        default: "HTTP\(response.status)"
        }
    }

    /// After "Error responses" in the Amazon S3 API Reference, and what compatible servers send.
    var remedy: Remedy {
        if let transport { return transport.isRetryable ? .retry : .none }
        switch code {
        case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "BandwidthLimitExceeded",
            "RequestThrottled", "PriorRequestNotComplete", "TooManyRequests":
            return .slowDown
        case "InternalError", "ServiceUnavailable", "OperationAborted", "ConditionalRequestConflict", "RequestTimeout",
            "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch":
            return .retry
        case "ExpiredToken", "TokenRefreshRequired", "ExpiredTokenException":
            return .refreshCredentials
        case "RequestTimeTooSkewed":
            return .correctClock
        case "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
            "IllegalLocationConstraintException":
            return .changeRegion
        default:
            return [500, 502, 503, 504].contains(status) ? .retry : .none
        }
    }

    var isMissing: Bool {
        ["NoSuchKey", "NoSuchVersion", "NotFound"].contains(code) || status == 404 && !isMissingBucket
    }
    var isMissingBucket: Bool { code == "NoSuchBucket" }
    /// The server does not know what was asked.
    var isUnsupported: Bool { ["NotImplemented", "MethodNotAllowed"].contains(code) || [405, 501].contains(status) }
}
