internal import Components
internal import Documents

/// The buckets that Loki's configuration names, without the access to them.
package struct LokiBuckets: Equatable, Sendable {
    /// The key of the configuration: "storage_config.aws.bucketnames".
    package var key: String
    /// Loki spreads its chunks over several buckets.
    package var names: [String]
    /// The URL of a server other than AWS; nil if there is none.
    package var endpoint: String?
    /// True if there is an endpoint, and it is not a URL without credentials.
    package var hasUnusableEndpoint = false
    package var region: String?
    /// The path before all keys, without a slash at either end; nil if there is none.
    package var prefix: String?

    /// - Parameter text: the value of a key of the configuration; nil if it is absent or empty.
    init?(usesThanos: Bool, _ text: (String) -> String?) {
        var places = [("storage_config.aws", "bucketnames"), ("common.storage.s3", "bucketnames")]
        if usesThanos { places = [("storage_config.object_store.s3", "bucket_name")] + places }
        for (section, last) in places {
            guard let names = text("\(section).\(last)") else { continue }
            key = "\(section).\(last)"
            self.names = names.split { $0 == "," || $0 == " " }.map(String.init)
            if let address = text("\(section).endpoint") {
                switch Self.endpoint(address, isPlain: text("\(section).insecure") == "true") {
                case .success(let url): endpoint = url
                case .failure: hasUnusableEndpoint = true
                }
            }
            region = text("\(section).region")
            let prefix = last == "bucket_name" ? text("storage_config.object_store.storage_prefix") : nil
            self.prefix = prefix?.split(separator: "/").joined(separator: "/")
            return
        }
        return nil
    }

    /// - Parameter isPlain: true for HTTP without TLS, where Loki's setting has no scheme.
    /// - Returns: nil for the usual one of AWS: without an endpoint, the kind finds that of the bucket's region by
    ///   itself. Those of a private network and of other partitions have other names.
    private static func endpoint(_ text: String, isPlain: Bool) -> Result<String?, HTTPAddress.Refusal> {
        let url = text.contains("://") ? text : "\(isPlain ? "http" : "https")://\(text)"
        return HTTPAddress.parse(url).map {
            $0.contains("://s3.") && $0.hasSuffix(".amazonaws.com") ? nil : $0
        }
    }

    /// The most buckets that are proposed.
    private static let most = 8

    /// Other text is no name, and a URL may have credentials.
    private var properNames: [String] { names.filter { !$0.contains { "/:@".contains($0) } } }

    /// Says that the proposal lacks buckets; nil if it has all.
    var leftOut: String? {
        let count = properNames.count
        guard count > Self.most else { return nil }
        return "\(count - Self.most) of the \(count) buckets of its \(key): dr proposes the first \(Self.most), add a "
            + "component for each other one"
    }

    /// The components for `dr.yaml` that back the buckets up.
    /// - Parameter index: the `path_prefix` of the newest period in a bucket.
    func companions(index: String) -> [RecognizedServer.Companion] {
        // Without it, the bucket would be one of that name in AWS.
        let endpointToSet = hasUnusableEndpoint ? "Set its endpoint, which is not a plain URL in Loki. " : ""
        let names = properNames
        let others =
            names.count > 1
            ? "Loki spreads its index and its chunks over \(names.count) buckets, and dr reads them in no common order: "
                + "the newest chunks can be missing after a restore. " : ""
        return names.prefix(Self.most).map { name in
            let path = prefix.map { $0.isEmpty ? "" : "/\($0)" } ?? ""
            var settings = [
                RecognizedServer.Setting("url", .text("s3://\(name)\(path)"), from: "its \(key)"),
                RecognizedServer.Setting("profile", .text("loki"), from: "the objects are Loki's"),
            ]
            if let region { settings.append(.init("region", .text(region), from: "its region")) }
            if let endpoint { settings.append(.init("endpoint", .text(endpoint), from: "its endpoint")) }
            if !index.isEmpty, index != LokiObjects.usualIndex {
                settings.append(.init("index_prefix", .text(index), from: "the path_prefix of its index"))
            }
            return RecognizedServer.Companion(
                kind: "bucket", settings: settings,
                reason: "Its chunks are in this bucket. \(others)\(endpointToSet)Remove the marks when dr has its "
                    + "credentials: docs/bucket.md.")
        }
    }
}
