internal import Cryptography
internal import FoundationEssentials
internal import HTTP
internal import Platform

/// The two calls of AWS STS (API version 2011-06-15) that issue credentials.
struct SecurityTokenService: Sendable {
    let environment: AWSEnvironment
    let region: String?

    private static let client = HTTPClient()

    func assumeRole(
        _ role: String, with base: S3Credentials, session: String?, externalID: String?, duration: Int?
    ) throws -> S3Credentials {
        var form = [("Action", "AssumeRole"), ("RoleArn", role), ("RoleSessionName", session ?? "dr")]
        if let externalID { form.append(("ExternalId", externalID)) }
        if let duration { form.append(("DurationSeconds", "\(duration)")) }
        return try ask(form, signer: base, source: "role '\(role)'", result: "AssumeRoleResult")
    }

    func assumeRole(_ role: String, withWebIdentity token: String, session: String?) throws -> S3Credentials {
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("RoleArn", role), ("RoleSessionName", session ?? "dr"),
            ("WebIdentityToken", token),
        ]
        return try ask(
            form, signer: nil, source: "web identity for role '\(role)'", result: "AssumeRoleWithWebIdentityResult")
    }

    private var endpoint: String {
        if let url = environment["AWS_ENDPOINT_URL_STS"] { return url.hasSuffix("/") ? String(url.dropLast()) : url }
        guard let region = region ?? S3Endpoint.region(environment) else { return "https://sts.amazonaws.com" }
        return "https://sts.\(region).\(S3Endpoint.domain(of: region))"
    }

    private func ask(
        _ form: [(String, String)], signer: S3Credentials?, source: String, result: String
    ) throws -> S3Credentials {
        let body = ([("Version", "2011-06-15")] + form)
            .map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        return try RetryPolicy(attempts: 4, cap: .seconds(5)).run {
            do {
                let (response, document) = try Self.client.send(try request(body, signer), limit: 1 << 20)
                let root = XMLElement.parse(document)
                if response.isSuccess {
                    let keys = root?.first(result)?["Credentials"]
                    guard let found = keys.flatMap({ Self.credentials($0, source) }) else {
                        throw CredentialError(source, "the answer of STS contains no credentials")
                    }
                    return .done(found)
                }
                let code = root?.first("Code")?.text ?? "status \(response.status)"
                let failure = CredentialError(source, "\(code): \(root?.first("Message")?.text ?? "")")
                // Not all servers of the provider may know a token that was just issued.
                guard response.status >= 500 || ["IDPCommunicationError", "InvalidIdentityToken"].contains(code) else {
                    throw failure
                }
                return .again(failure)
            } catch let error as HTTPError {
                let failure = CredentialError(source, error.description)
                guard error.isRetryable else { throw failure }
                return .again(failure)
            }
        }
    }

    private func request(_ body: String, _ signer: S3Credentials?) throws -> HTTPRequest {
        let type = (name: "content-type", value: "application/x-www-form-urlencoded; charset=utf-8")
        guard let signer else {
            return HTTPRequest("POST", endpoint + "/", headers: [type], body: .text(body))
        }
        let now = environment.now()
        let host = endpoint.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" }
        var headers: [HTTPHeaders.Field] = [type, ("host", String(host)), ("x-amz-date", UTCTime(seconds: now).basic)]
        if let token = signer.sessionToken { headers.append(("x-amz-security-token", token)) }
        let hash = Digest(of: [UInt8](body.utf8)).hex
        let scopeRegion = region ?? S3Endpoint.region(environment) ?? "us-east-1"
        let signature = SigV4(signer, region: scopeRegion, service: "sts")
            .authorization(.init("POST", "/", headers: headers, payloadHash: hash), now: now)
        headers.removeAll { $0.name == "host" }  // libcurl writes it
        headers.append(("authorization", signature))
        return HTTPRequest("POST", endpoint + "/", headers: headers, body: .text(body))
    }

    private static func credentials(_ keys: XMLElement, _ source: String) -> S3Credentials? {
        guard let id = keys.value("AccessKeyId"), let secret = keys.value("SecretAccessKey") else { return nil }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: keys.value("SessionToken"),
            expiration: keys.value("Expiration").flatMap(AWSTime.parse), source: source)
    }
}
