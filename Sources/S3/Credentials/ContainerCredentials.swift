internal import FoundationEssentials
internal import HTTP
internal import Platform

/// The credential endpoint of ECS and EKS Pod Identity for containers.
struct ContainerCredentials: CredentialSource {
    let environment: AWSEnvironment
    private static let source = "container"

    private static let client: HTTPClient = {
        var options = HTTPOptions()
        options.connectTimeout = .seconds(2)
        options.stallTimeout = .seconds(15)
        options.proxy = .none
        return HTTPClient(options)
    }()

    func load() throws -> S3Credentials? {
        let url: String
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            url = environment.containerHost + path
        } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            guard Self.isAllowed(full) else {
                throw CredentialError(Self.source, "'\(full)' is neither an https URL nor an address of this machine")
            }
            url = full
        } else {
            return nil
        }
        var headers: [HTTPHeaders.Field] = []
        if let token = try token() { headers.append(("Authorization", token)) }
        let request = HTTPRequest("GET", url, headers: headers)
        return try RetryPolicy(attempts: 3, cap: .seconds(2)).run {
            do {
                let (response, body) = try Self.client.send(request, limit: 1 << 20)
                if response.isSuccess { return .done(try CredentialDocument.credentials(body, source: Self.source)) }
                let failure = CredentialError(Self.source, "status \(response.status) from \(request.summary)")
                guard response.status >= 500 else { throw failure }
                return .again(failure)
            } catch let error as HTTPError {
                return .again(CredentialError(Self.source, error.description))
            }
        }
    }

    /// Reads the token each time, because the platform rotates the file.
    private func token() throws -> String? {
        guard let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] else {
            return environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        }
        guard let text = try environment.text(of: file) else {
            throw CredentialError(Self.source, "token file '\(file)' does not exist")
        }
        return text.trimmed
    }

    /// True if a token may be sent to `url`: over plain http only to this machine and to the addresses that AWS
    /// reserves.
    private static func isAllowed(_ url: String) -> Bool {
        if url.hasPrefix("https://") { return true }
        guard url.hasPrefix("http://"), let host = URLComponents(string: url)?.host else { return false }
        let bare = host.drop { $0 == "[" }.prefix { $0 != "]" }
        let isNumeric = bare.allSatisfy { $0.isNumber || $0 == "." }
        return bare == "localhost" || bare == "::1" || isNumeric && bare.hasPrefix("127.")
            || ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(bare)
    }
}
