package import Components
internal import Documents

extension AlertmanagerComponent {
    package static let recognition: Recognition? = Recognition(
        port: 9093, programs: ["alertmanager", "prometheus-alertmanager"],
        address: {
            ServerAddress(
                listen: $0.value(of: "web.listen-address"),
                prefix: $0.value(of: "web.route-prefix") ?? $0.value(of: "web.external-url"))
        },
        ask: { server, arguments in
            guard let status = server.get("/api/v2/status")?.document,
                let version = status["versionInfo"]?["version"]?.text, status["cluster"]?.object != nil
            else { return nil }
            var settings = [RecognizedServer.Setting("url", .text(server.url), from: "the server's address")]
            if let file = arguments.value(of: "config.file"), file.hasPrefix("/") {
                settings.append(.init("config", .text(file), from: "its --config.file, from the service's unit"))
            }
            if let folder = arguments.value(of: "storage.path"), folder.hasPrefix("/") {
                settings.append(.init("storage", .text(folder), from: "its --storage.path, from the service's unit"))
            }
            return RecognizedServer(product: "Alertmanager \(version)", settings: settings)
        })
}
