package import Documents
internal import Platform

/// The objects of another program below a prefix of a bucket, as configured in `dr.yaml`.
package struct BucketComponent: Equatable, Sendable {
    package enum Addressing: String, CaseIterable, Sendable { case auto, path, virtual }

    /// `s3://bucket/prefix`, without a slash at its end.
    package var url = ""
    package var region: String?
    /// The base URL of an S3-compatible server; nil for AWS.
    package var endpoint: String?
    package var addressing = Addressing.auto
    /// The section of the shared AWS configuration files.
    package var awsProfile: String?
    /// Set together with the secret key; without them, the default AWS credential chain is used.
    package var accessKeyID: Secret?
    package var secretAccessKey: Secret?
    /// Absolute path of PEM certificates to trust for the endpoint instead of the system's.
    package var caFile: String?
    /// The program that keeps its data there.
    package var profile = BucketProfile.plain
    /// Loki's prefix of the index, with a slash at its end; nil for the usual one.
    package var indexPrefix: String?
    /// Patterns of gitignore(5), relative to the prefix.
    package var exclude: [String] = []

    package init() {}

    var layout: BucketLayout { BucketLayout(profile, index: indexPrefix) }

    /// The bucket's name, and the prefix without a slash at either end.
    package var place: (bucket: String, prefix: String) {
        let parts = url.dropFirst("s3://".count).split(separator: "/", maxSplits: 1).map(String.init)
        return (parts.first ?? "", parts.count > 1 ? parts[1] : "")
    }
}

extension BucketComponent: Section {
    package static let keys: [Key<Self>] = [
        Key("url", \.url, as: .bucketURL, required: true, about: "The objects to back up: s3://bucket/prefix."),
        Key(
            "region", \.region, as: .text,
            about: "AWS region of the bucket, such as eu-central-1. Default: dr queries the bucket."),
        Key("endpoint", \.endpoint, as: .httpURL, about: "URL of an S3-compatible server other than AWS."),
        Key(
            "addressing", \.addressing, as: .word(),
            about: "Position of the bucket name in URLs: 'virtual' (host name), 'path' or 'auto'. Default: auto."),
        Key("aws_profile", \.awsProfile, as: .text, about: "Profile in the shared AWS configuration files."),
        Key("access_key_id", \.accessKeyID, as: .secret, about: "Access key. Default: the AWS credential chain."),
        Key("secret_access_key", \.secretAccessKey, as: .secret, about: "Secret key of the access key."),
        Key(
            "ca_file", \.caFile, as: .path,
            about: "PEM certificates to trust for the endpoint, instead of the system's."),
        Key(
            "profile", \.profile, as: .word(),
            about: "Program that keeps its data there: the order of the copy and the checks. Default: plain."),
        Key(
            "index_prefix", \.indexPrefix, as: .indexPrefix,
            about: "Loki: `path_prefix` of the index in its schema_config. Default: index/."),
        Key(
            "exclude", \.exclude, as: .list(of: .objectPattern),
            about: "Patterns of keys below the prefix to skip, as in .gitignore, such as 'cache/'."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (accessKeyID == nil) != (secretAccessKey == nil) {
            let key = accessKeyID == nil ? "secret_access_key" : "access_key_id"
            reader.complain(written[key], "'access_key_id' and 'secret_access_key' must be set together")
        }
        if accessKeyID != nil, awsProfile != nil {
            reader.complain(written["aws_profile"], "'aws_profile' and 'access_key_id' exclude each other")
        }
        if indexPrefix != nil, profile != .loki {
            reader.complain(written["index_prefix"], "'index_prefix' needs 'profile: loki'")
        }
    }
}

extension Shape where Value == String {
    fileprivate static let bucketURL = Shape(schema: ["type": "string", "pattern": "^s3://"]) { node, reader in
        guard let url = text.read(node, &reader) else { return nil }
        guard let normal = BucketURL.normal(url) else {
            reader.complain(node, "'\(url)' is not a URL such as s3://bucket/prefix")
            return nil
        }
        return normal
    }

    /// As Loki itself requires it.
    fileprivate static let indexPrefix = Shape(schema: ["type": "string", "pattern": "^[^/].*/$"]) { node, reader in
        guard let prefix = text.read(node, &reader) else { return nil }
        guard prefix.hasSuffix("/"), !prefix.hasPrefix("/"), !prefix.contains("\\") else {
            reader.complain(
                node, "'\(prefix)' is not a prefix such as 'index/'",
                hint: "copy `path_prefix` from Loki's schema_config, with the slash at its end")
            return nil
        }
        return prefix
    }

    fileprivate static let objectPattern = Shape(schema: ["type": "string"]) { node, reader in
        guard let pattern = Shape.text.read(node, &reader) else { return nil }
        do throws(IgnorePatternError) {
            _ = try IgnorePatterns([pattern])
            return pattern
        } catch {
            reader.complain(node, "the pattern '\(pattern)' matches nothing: \(error.reason)", hint: error.hint)
            return nil
        }
    }
}

/// The location of objects in a bucket.
package enum BucketURL {
    package static let scheme = "s3://"

    /// - Returns: the URL with single slashes and none at its end; nil if it is not one of a bucket.
    package static func normal(_ text: String) -> String? {
        guard text.hasPrefix(scheme), !text.contains(where: { "?#\\".contains($0) || $0.isWhitespace }) else {
            return nil
        }
        let parts = text.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        guard let bucket = parts.first, (3...63).contains(bucket.count), bucket.allSatisfy(letters.contains),
            bucket.first != "-", bucket.last != "-", bucket.first != ".", bucket.last != "."
        else { return nil }
        let prefix = parts.dropFirst().filter { !$0.isEmpty }
        guard !prefix.contains(where: { $0 == "." || $0 == ".." }) else { return nil }
        return scheme + ([bucket] + prefix).joined(separator: "/")
    }
}
