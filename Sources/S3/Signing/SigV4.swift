internal import Cryptography
internal import HTTP
internal import Platform

/// AWS Signature Version 4 as a pure value; the time is a parameter.
///
/// See "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference. For S3, a path is encoded
/// once and never normalised; other AWS services differ in that.
package struct SigV4: Sendable {
    package var credentials: S3Credentials
    package var region: String
    package var service: String

    package init(_ credentials: S3Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    package typealias Field = (name: String, value: String)

    /// The parts of a request that are signed.
    package struct Request {
        package var method: String
        /// Absolute, not encoded.
        package var path: String
        /// Not encoded; a sub-resource such as `uploads` has an empty value.
        package var query: [Field]
        /// Must contain `host` exactly as it is sent.
        package var headers: [Field]
        /// The SHA-256 of the body in lower-case hexadecimal, or one of S3's constants.
        package var payloadHash: String

        package init(
            _ method: String, _ path: String, query: [Field] = [], headers: [Field], payloadHash: String
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.payloadHash = payloadHash
        }
    }

    package static let unsignedPayload = "UNSIGNED-PAYLOAD"
    private static let algorithm = "AWS4-HMAC-SHA256"

    /// Returns the value of the `Authorization` header. It signs all given headers except those that a connection may
    /// change.
    /// - Parameter now: seconds since 1970; must equal the time in the request's `x-amz-date`.
    package func authorization(_ request: Request, now: Int) -> String {
        let scope = scope(now)
        return "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope), "
            + "SignedHeaders=\(Self.signedHeaders(request.headers)), Signature=\(signature(request, now: now))"
    }

    // MARK: - Steps, each with published examples

    package static func canonicalRequest(_ request: Request) -> String {
        let path = PercentEncoding.encode(request.path.isEmpty ? "/" : request.path, keeping: "/")
        let headers = canonicalHeaders(request.headers).map { "\($0.name):\($0.value)\n" }.joined()
        return [
            request.method, path, canonicalQuery(request.query), headers, signedHeaders(request.headers),
            request.payloadHash,
        ].joined(separator: "\n")
    }

    package func stringToSign(_ request: Request, now: Int) -> String {
        let hash = Digest(of: [UInt8](Self.canonicalRequest(request).utf8)).hex
        return [Self.algorithm, UTCTime(seconds: now).basic, scope(now), hash].joined(separator: "\n")
    }

    package func signingKey(_ now: Int) -> [UInt8] {
        let day = String(UTCTime(seconds: now).basic.prefix(8))
        return [day, region, service, "aws4_request"].reduce([UInt8]("AWS4\(credentials.secretAccessKey)".utf8)) {
            HMAC.sha256(key: $0, [UInt8]($1.utf8))
        }
    }

    package func signature(_ request: Request, now: Int) -> String {
        HMAC.sha256(key: signingKey(now), [UInt8](stringToSign(request, now: now).utf8)).hex
    }

    /// Returns names and values encoded, sorted by encoded name and then by value. This is also the query to send.
    package static func canonicalQuery(_ query: [Field]) -> String {
        query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    private func scope(_ now: Int) -> String {
        "\(UTCTime(seconds: now).basic.prefix(8))/\(region)/\(service)/aws4_request"
    }

    private static func signedHeaders(_ headers: [Field]) -> String {
        canonicalHeaders(headers).map(\.name).joined(separator: ";")
    }

    /// Returns lower-case names in order; values of one name are joined by commas in their original order.
    private static func canonicalHeaders(_ headers: [Field]) -> [Field] {
        var values: [String: [String]] = [:]
        for header in headers {
            let name = header.name.lowercased()
            guard !unsigned.contains(name), !name.hasPrefix("proxy-") else { continue }
            values[name, default: []].append(collapsed(header.value))
        }
        return values.map { (name: $0.key, value: $0.value.joined(separator: ",")) }.sorted { $0.name < $1.name }
    }

    /// Removes white space at the ends; runs of it inside, folded lines too, become one space.
    private static func collapsed(_ value: String) -> String {
        value.split { $0.isWhitespace }.joined(separator: " ")
    }

    /// The headers that proxies and libcurl add, drop or rewrite. (Google's front end rewrites `accept-encoding`.)
    private static let unsigned: Set<String> = [
        "accept-encoding", "authorization", "connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding",
        "upgrade", "user-agent", "x-amzn-trace-id",
    ]
}
