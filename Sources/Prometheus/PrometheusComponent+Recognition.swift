package import Components
internal import Documents

extension PrometheusComponent {
    package static let recognition: Recognition? = Recognition(
        port: 9090, programs: ["prometheus"],
        address: {
            ServerAddress(
                listen: $0.value(of: "web.listen-address"),
                prefix: $0.value(of: "web.route-prefix") ?? $0.value(of: "web.external-url"))
        },
        ask: { server, _ in
            // Servers with the same queries, such as Mimir and Thanos, have no TSDB folder among their flags.
            guard let version = server.get("/api/v1/status/buildinfo")?.document?["data"]?["version"]?.text,
                let flags = server.get("/api/v1/status/flags")?.document?["data"],
                let folder = flags["storage.tsdb.path"]?.text
            else { return nil }
            var missing: [String] = []
            var settings = [RecognizedServer.Setting("url", .text(server.url), from: "the server's address")]
            if let path = absolute(folder, server) {
                settings.append(.init("data", .text(path), from: "its --storage.tsdb.path, as the server reports it"))
            } else {
                missing.append("the absolute path of its --storage.tsdb.path '\(folder)': set data")
            }
            if flags["web.enable-admin-api"]?.text != "true" {
                missing.append("snapshots: start the server with --web.enable-admin-api")
            }
            return RecognizedServer(product: "Prometheus \(version)", settings: settings, missing: missing)
        })

    private static func absolute(_ folder: String, _ server: ServerProbe) -> String? {
        guard !folder.hasPrefix("/") else { return folder }
        guard let current = server.get("/api/v1/status/runtimeinfo")?.document?["data"]?["CWD"]?.text,
            current.hasPrefix("/")
        else { return nil }
        return current == "/" ? "/\(folder)" : "\(current)/\(folder)"
    }
}
