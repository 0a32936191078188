package import Components
internal import Documents

extension GrafanaComponent {
    package static let recognition: Recognition? = Recognition(
        port: 3000, programs: ["grafana", "grafana-server"],
        address: { arguments in
            let key = "cfg:server.http_port="
            let word = arguments.words.last { $0.hasPrefix(key) || $0.hasPrefix("cfg:default.server.http_port=") }
            return ServerAddress(port: word.flatMap { $0.split(separator: "=").last.flatMap { Int($0) } })
        },
        ask: { server, _ in
            // `database` tells the answer from those of other servers with the same path.
            guard let health = server.get("/api/health")?.document, health["database"]?.text != nil else { return nil }
            let version = health["version"]?.text ?? "of an unknown version"
            return RecognizedServer(
                product: "Grafana \(version)",
                settings: [
                    .init("url", .text(server.url), from: "the server's address"),
                    .init("username", .text("admin"), from: "a server admin; or use bearer_token for one organisation"),
                    .init("password", .value(["env": "GRAFANA_PASSWORD"]), from: "set it in /etc/dr/environment"),
                ])
        })
}
