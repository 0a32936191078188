/// The address of the requests for a bucket.
package struct S3Endpoint: Hashable, Sendable {
    package var scheme: String
    /// The host, with the port if it is not the scheme's default; also signed as `host`.
    package var authority: String
    /// The path before the key, not encoded, without a slash at its end: the path of the endpoint, then `/bucket` or
    /// nothing.
    package var basePath: String
    package var isAWS: Bool

    /// - Throws: ``S3DocumentError`` if the endpoint is not a valid URL or the addressing is impossible.
    package init(_ configuration: S3Configuration, endpoint: String?, region: String) throws(S3DocumentError) {
        let bucket = configuration.bucket
        var base = ""
        if let endpoint {
            let parts = endpoint.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count >= 3, parts[0] == "http:" || parts[0] == "https:", parts[1].isEmpty, !parts[2].isEmpty,
                !endpoint.contains("?"), !endpoint.contains("@")
            else { throw S3DocumentError("endpoint '\(endpoint)' does not have the form https://host[:port]") }
            scheme = String(parts[0].dropLast())
            authority = Self.withoutDefaultPort(String(parts[2]).lowercased(), scheme)
            if parts.count > 3 { base = "/" + parts[3] }
            while base.hasSuffix("/") { base.removeLast() }
            isAWS = authority.hasSuffix(".amazonaws.com") || authority.hasSuffix(".amazonaws.com.cn")
        } else {
            scheme = "https"
            authority = "s3.\(region).\(Self.domain(of: region))"
            isAWS = true
        }
        let isVirtual =
            switch configuration.addressing {
            case .path: false
            case .virtual: true
            // With TLS the wildcard certificate covers one label, so a name with dots needs the path.
            case .auto: isAWS && Self.isHostLabel(bucket)
            }
        if isVirtual {
            authority = "\(bucket).\(authority)"
            basePath = base
        } else {
            basePath = "\(base)/\(bucket)"
        }
    }

    /// Returns the endpoint that configuration, environment and profile name; nil for AWS itself.
    package static func url(
        _ configuration: S3Configuration, _ environment: AWSEnvironment
    ) throws -> String? {
        if let endpoint = configuration.endpoint { return endpoint }
        guard !environment.isTrue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") else { return nil }
        if let url = environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"] { return url }
        let profile = configuration.profile ?? SharedProfiles.selected(environment)
        return try SharedProfiles(environment).endpoint(of: profile)
    }

    /// Returns the region that the environment names.
    package static func region(_ environment: AWSEnvironment) -> String? {
        environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"]
    }

    static func domain(of region: String) -> String {
        region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    }

    /// True if a bucket's name can be one label of a host name.
    private static func isHostLabel(_ bucket: String) -> Bool {
        (3...63).contains(bucket.utf8.count) && bucket.first != "-" && bucket.last != "-"
            && bucket.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }

    private static func withoutDefaultPort(_ authority: String, _ scheme: String) -> String {
        let port = scheme == "https" ? ":443" : ":80"
        return authority.hasSuffix(port) ? String(authority.dropLast(port.count)) : authority
    }
}

/// A setting that cannot work.
package struct S3DocumentError: Error, Equatable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
