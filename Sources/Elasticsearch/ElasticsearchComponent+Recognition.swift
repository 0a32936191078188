package import Components
internal import Documents

extension ElasticsearchComponent {
    package static let recognition: Recognition? = Recognition(
        // The service starts a script or java, so that its unit does not show the port.
        port: 9200, programs: ["systemd-entrypoint", "elasticsearch", "opensearch"],
        ask: { server, _ in
            guard let root = server.get("/")?.document, let version = root["version"]?["number"]?.text,
                root["cluster_name"]?.text != nil
            else { return nil }
            let isOpenSearch = root["version"]?["distribution"]?.text == "opensearch"
            var settings: [RecognizedServer.Setting] = [
                .init("kind", .text(name), from: "Jaeger's indices"),
                .init("url", .text(server.url), from: "the server's address"),
                .init("indices", .text("jaeger-*"), from: "Jaeger's default names"),
            ]
            var missing: [String] = []
            if let repository = repository(server) {
                settings.append(repository)
            } else {
                missing.append("a snapshot repository of the cluster: set repository")
            }
            return RecognizedServer(
                product: "\(isOpenSearch ? "OpenSearch" : "Elasticsearch") \(version)", settings: settings,
                missing: missing)
        })

    /// The first registered repository that dr can use, by its name.
    private static func repository(_ server: ServerProbe) -> RecognizedServer.Setting? {
        let all = server.get("/_snapshot")?.document?.object ?? [:]
        for (name, value) in all.sorted(by: { $0.key < $1.key }) {
            let settings = value["settings"]
            switch value["type"]?.text {
            case "fs":
                guard let location = settings?["location"]?.text else { continue }
                return .init(
                    "repository", .value(["type": "fs", "name": .string(name), "location": .string(location)]),
                    from: remark)
            case "s3":
                guard let bucket = settings?["bucket"]?.text else { continue }
                let path = settings?["base_path"]?.text.map { ["base_path": JSONValue.string($0)] } ?? [:]
                let known: JSONValue = ["type": "s3", "name": .string(name), "bucket": .string(bucket)]
                return .init("repository", .value(known.adding(path)), from: remark)
            default: continue
            }
        }
        return nil
    }

    private static let remark = "a snapshot repository that the cluster has"
}
