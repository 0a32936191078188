package import Components
internal import Documents

extension LokiComponent {
    package static let recognition: Recognition? = Recognition(
        port: 3100, programs: ["loki"],
        address: {
            ServerAddress(
                host: $0.value(of: "server.http-listen-address"),
                port: $0.value(of: "server.http-listen-port").flatMap { Int($0) },
                prefix: ServerAddress(listen: nil, prefix: $0.value(of: "server.path-prefix")).prefix)
        },
        ask: { server, _ in
            guard let version = server.get("/loki/api/v1/status/buildinfo")?.document?["version"]?.text else {
                return nil
            }
            var settings = [RecognizedServer.Setting("url", .text(server.url), from: "the server's address")]
            guard let answer = server.get("/config"), answer.status == 200,
                let found = try? LokiSettings(yaml: answer.body, "GET \(server.url)/config")
            else {
                return RecognizedServer(
                    product: "Loki \(version)", settings: settings, missing: ["its configuration: set data"])
            }
            guard let data = found.pathPrefix, data.hasPrefix("/") else {
                return RecognizedServer(
                    product: "Loki \(version)", settings: settings,
                    missing: ["an absolute common.path_prefix in its configuration: set data"])
            }
            settings.append(.init("data", .text(data), from: "its common.path_prefix"))
            let folders = [("chunks", found.chunks), ("rules", found.rules), ("wal", found.writeAheadLog)]
            for (key, folder) in folders {
                guard let folder, folder.path.hasPrefix("/"), folder.path != "\(data)/\(key)" else { continue }
                settings.append(.init(key, .text(folder.path), from: "its \(folder.key)"))
            }
            let isLocal = found.periods.allSatisfy { $0.objectStore == "filesystem" }
            return RecognizedServer(
                product: "Loki \(version)", settings: settings,
                missing: isLocal ? [] : ["chunks in files: this server keeps them in an object store"])
        })
}
