internal import HTTP
internal import Platform

/// A request that failed at S3 or in the network.
struct S3Failure: Error {
    /// The possible reaction to a failure.
    enum Remedy: Equatable {
        case retry
        /// The server asks for fewer requests.
        case slowDown
        case refreshCredentials
        case correctClock
        /// The bucket is in another region.
        case changeRegion
        case none
    }

    /// 0 if there was no answer.
    var status = 0
    /// S3's error code; for answers without a document, a code that fits the status.
    var code: String
    var message: String
    var requestID: String?
    /// The bucket's region, if the answer named it.
    var region: String?
    var retryAfter: Duration?
    /// The server's clock, in seconds since 1970.
    var serverTime: Int?
    /// The credentials that signed the request.
    var credentials: S3Credentials?
    /// The target of a redirection that is not about the bucket's region.
    var redirection: String?
    /// True if libcurl sent the request twice.
    var wasRepeated = false
    /// Set when the transfer itself failed.
    var transport: HTTPError?

    /// The code of dr itself for a document that is too long to be one.
    static let answerTooLong = "AnswerTooLong"

    init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: HTTPError) {
        self.init(code: "Transport", message: error.description)
        transport = error
    }

    /// - Parameter document: the body; also that of a success, because some operations report errors with status 200.
    init(_ response: HTTPResponse, _ document: [UInt8]) {
        let error = XMLElement.parse(document)?.first("Error")
        status = response.status
        code = error?.value("Code") ?? Self.word(for: response)
        message =
            error?.value("Message").map(Self.clipped) ?? Self.firstWords(of: document) ?? "status \(response.status)"
        requestID = error?.value("RequestId") ?? response.headers["x-amz-request-id"]
        region = response.headers["x-amz-bucket-region"] ?? error?.value("Region")
        retryAfter = response.retryAfter
        wasRepeated = response.wasRepeated
        serverTime = response.date
        // S3 redirects only to another of its own regions, which it names. Any other redirection comes from a server
        // before S3.
        if region == nil, error?.value("Code") == nil, let target = response.redirection {
            redirection = target
            code = "HTTP\(response.status)"
            message = "it redirects to '\(target)'"
        }
    }

    /// Returns the title of an HTML page, or the first line of a text: the message of a server that is not S3.
    private static func firstWords(of document: [UInt8]) -> String? {
        let text = String(decoding: document.prefix(4096), as: UTF8.self)
        let isPage = text.drop { $0.isWhitespace }.hasPrefix("<")
        guard isPage else { return text.split(whereSeparator: \.isNewline).first.map { clipped(String($0)) } }
        guard let start = text.firstRange(of: "<title>"),
            let end = text[start.upperBound...].firstRange(of: "</title>")
        else { return nil }
        return clipped(String(text[start.upperBound..<end.lowerBound]))
    }

    private static func clipped(_ text: String) -> String {
        let plain = String(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
        let words = plain.split { $0.isWhitespace }.joined(separator: " ")
        return words.count > 500 ? "\(words.prefix(500))…" : words
    }

    /// Returns a code for the status, because HEAD has no body and proxies write HTML.
    private static func word(for response: HTTPResponse) -> String {
        switch response.status {
        case 301: "PermanentRedirect"
        case 307: "TemporaryRedirect"
        case 403: "AccessDenied"
        case 404: "NoSuchKey"
        case 405: "MethodNotAllowed"
        case 412: "PreconditionFailed"
        case 413: "RequestEntityTooLarge"
        case 416: "InvalidRange"
        case 429: "TooManyRequests"
        case 501: "NotImplemented"
        case 503: "ServiceUnavailable"
        case 507: "InsufficientStorage"
        default: "HTTP\(response.status)"
        }
    }

    /// The reaction to this failure, according to "Error responses" in the Amazon S3 API Reference and to the codes of
    /// compatible servers.
    var remedy: Remedy {
        if let transport { return transport.isRetryable ? .retry : .none }
        if redirection != nil { return .none }
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
        case "GlacierExpeditedRetrievalNotAvailable":
            // With status 503; the lack of capacity lasts, and the other speeds are there.
            return .none
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
    /// True if the store is full or a quota is used up, by the codes of S3, MinIO, Ceph, Backblaze, Alibaba and others.
    var isFull: Bool {
        if status == 507 { return true }
        switch code {
        case "InsufficientStorage", "InsufficientCapacity", "InsufficientStorageSpace", "NoSpaceLeft",
            "XMinioStorageFull", "StorageFull", "StorageQuotaExceeded", "storage_cap_exceeded", "CapExceeded":
            return true
        default: return code.hasSuffix("QuotaExceeded")
        }
    }
    /// True if the server does not support the request.
    var isUnsupported: Bool { ["NotImplemented", "MethodNotAllowed"].contains(code) || [405, 501].contains(status) }
}
