package import Components
package import Documents

/// Jaeger's indices in Elasticsearch or OpenSearch, as configured in `dr.yaml`.
package struct ElasticsearchComponent: Equatable, Sendable {
    package var access = HTTPAccess()
    /// `base64(id:key)`, as the server returns it.
    package var apiKey: Secret?
    /// A multi-index expression.
    package var indices = "jaeger-*"
    package var repository = SnapshotRepositoryOptions()
    /// Longest time that a snapshot or a restore may run without progress; nil uses the component's default.
    package var timeout: Period?

    package init() {}
}

extension ElasticsearchComponent: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { $0.within(\.access) } + [
            Key("api_key", \.apiKey, as: .secret, about: "Encoded API key of Elasticsearch; OpenSearch has none."),
            Key(
                "indices", \.indices, as: .indexPattern,
                about: "The indices to back up, such as \"jaeger-*\": names, '*', commas."),
            Key(
                "indices", \.indices, as: .indexPattern,
                about: "The indices to back up, such as \"jaeger-*\": names, '*', commas."),
            Key(
                "repository", \.repository, as: .section(), required: true,
                about: "The snapshot repository, in which the cluster itself keeps the data."),
            Key(
                "timeout", \.timeout, as: .period,
                about: "Time without progress after which dr gives up a snapshot or a restore. Default: 15m."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        access.validate(written, &reader)
        if apiKey != nil, access.password != nil || access.bearerToken != nil {
            reader.complain(written["api_key"], "'api_key' excludes 'password' and 'bearer_token'")
        }
    }
}

/// The place where a cluster keeps snapshots. Credentials for S3 are in the nodes' keystores: no API accepts them.
package struct SnapshotRepositoryOptions: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable { case s3, fs }

    package var name = "dr"
    package var type = Kind.s3
    package var bucket: String?
    package var basePath: String?
    package var client: String?
    package var location: String?
    /// True if the cluster may only read it, as in a drill.
    package var isOnlyRead = false

    package init() {}
}

extension SnapshotRepositoryOptions: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "type", \.type, as: .word(), required: true,
            about: "Type of the repository: an S3 bucket, or a shared directory."),
        Key(
            "name", \.name, as: .text(pattern: "^[a-z0-9][a-z0-9_-]*$"),
            about: "Name of the repository in the cluster. Default: dr."),
        Key("bucket", \.bucket, as: .text, about: "S3: the bucket."),
        Key("base_path", \.basePath, as: .text, about: "S3: the path in the bucket, without a slash at either end."),
        Key("client", \.client, as: .text, about: "S3: the section s3.client.<name> of the nodes' settings."),
        Key("location", \.location, as: .text, about: "fs: the directory, below path.repo of every node."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        let (needed, foreign) =
            type == .s3 ? ("bucket", ["location"]) : ("location", ["bucket", "base_path", "client"])
        if !written.contains(needed) {
            reader.complain(written.section, "a repository of type '\(type.rawValue)' needs '\(needed)'")
        }
        for key in foreign where written.contains(key) {
            reader.complain(written[key], "'\(key)' does not belong to a repository of type '\(type.rawValue)'")
        }
        if let basePath, basePath.hasPrefix("/") || basePath.hasSuffix("/") {
            reader.complain(written["base_path"], "'base_path' must not begin or end with '/'")
        }
        let isName = name.utf8.enumerated().allSatisfy { index, byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (index > 0 && "_-".utf8.contains(byte))
        }
        if !isName {
            reader.complain(
                written["name"], "'\(name)' is not a valid name of a repository",
                hint: "use a-z, 0-9, '-' and '_', and a letter or a digit first")
        }
    }
}

extension Shape where Value == String {
    /// Lower case, without characters that would end the path of a request.
    fileprivate static let indexPattern = Shape(schema: ["type": "string", "pattern": "^[^A-Z\\s\"/\\\\<>|?#:]+$"]) {
        node, reader in
        guard let pattern = text.read(node, &reader) else { return nil }
        guard !pattern.contains(where: { $0.isUppercase || $0.isWhitespace || "\"/\\<>|?#:".contains($0) }),
            !pattern.hasPrefix("-"), pattern.split(separator: ",").contains(where: { $0.first != "-" })
        else {
            reader.complain(
                node, "'\(pattern)' does not name any indices",
                hint: "names and patterns with '*', joined by commas: jaeger-*")
            return nil
        }
        return pattern
    }
}
