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
            var found = RecognizedServer(
                product: "Loki \(version)",
                settings: [RecognizedServer.Setting("url", .text(server.url), from: "the server's address")])
            guard let answer = server.get("/config"), answer.status == 200,
                let settings = try? LokiSettings(yaml: answer.body, "GET \(server.url)/config")
            else {
                found.missing = ["its configuration: set data"]
                return found
            }
            if let period = settings.periods.last(where: \.isInS3), let buckets = settings.buckets {
                found.companions = buckets.companions(index: period.pathPrefix)
                found.missing += [buckets.leftOut].compactMap { $0 }
            }
            guard let data = settings.pathPrefix, data.hasPrefix("/") else {
                found.missing += ["an absolute common.path_prefix in its configuration: set data"]
                return found
            }
            found.settings.append(.init("data", .text(data), from: "its common.path_prefix"))
            let folders = [("chunks", settings.chunks), ("rules", settings.rules), ("wal", settings.writeAheadLog)]
            for (key, folder) in folders {
                guard let folder, folder.path.hasPrefix("/"), folder.path != "\(data)/\(key)" else { continue }
                found.settings.append(.init(key, .text(folder.path), from: "its \(folder.key)"))
            }
            if !settings.periods.allSatisfy({ $0.objectStore == "filesystem" }) {
                found.missing += ["chunks in files: this server keeps them in an object store"]
            }
            return found
        })
}
