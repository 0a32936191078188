internal import HTTP
internal import Platform

/// The credentials of an EC2 instance's role, from version 2 of its metadata service.
struct InstanceMetadata: CredentialSource {
    let environment: AWSEnvironment
    private static let source = "instance metadata"

    /// Tries once, and connects within a short time, because outside EC2 no server answers at that address. A server
    /// that accepts the connection has more time: the machine may be busy.
    private static let client: HTTPClient = {
        var options = HTTPOptions()
        options.connectTimeout = .seconds(3)
        options.stallTimeout = .seconds(15)
        options.proxy = .none
        return HTTPClient(options)
    }()

    func load() throws -> S3Credentials? {
        guard let token = token() else { return nil }
        let path = "/latest/meta-data/iam/security-credentials/"
        // An instance without a role returns 404.
        guard let roles = try text(path, token), let role = roles.split(whereSeparator: \.isNewline).first else {
            return nil
        }
        guard let document = try text(path + role, token) else {
            throw CredentialError(Self.source, "role '\(role)' has no credentials")
        }
        return try CredentialDocument.credentials([UInt8](document.utf8), source: Self.source)
    }

    /// Returns the region of the instance; nil if this machine is not an instance.
    func region() -> String? {
        guard let token = token() else { return nil }
        return try? text("/latest/meta-data/placement/region", token)
    }

    private var endpoint: String {
        let url = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    private func token() -> String? {
        guard !environment.isTrue("AWS_EC2_METADATA_DISABLED") else { return nil }
        let headers = [(name: "x-aws-ec2-metadata-token-ttl-seconds", value: "21600")]
        let request = HTTPRequest("PUT", endpoint + "/latest/api/token", headers: headers)
        guard let (response, body) = try? Self.client.send(request, limit: 64 << 10), response.isSuccess else {
            return nil
        }
        return String(decoding: body, as: UTF8.self)
    }

    private func text(_ path: String, _ token: String) throws -> String? {
        let headers = [(name: "x-aws-ec2-metadata-token", value: token)]
        do {
            let (response, body) = try Self.client.send(
                HTTPRequest("GET", endpoint + path, headers: headers), limit: 1 << 20)
            return response.isSuccess ? String(decoding: body, as: UTF8.self) : nil
        } catch let error as HTTPError {
            throw CredentialError(Self.source, error.description)
        }
    }
}
