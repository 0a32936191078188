import Documents
import Testing

@testable import Alertmanager
@testable import Components
@testable import Elasticsearch
@testable import FileTree
@testable import Git
@testable import Grafana
@testable import Loki
@testable import NamespaceObjects
@testable import Prometheus

@Suite struct RecognitionTests {
    @Test(
        arguments: [
            (["--a=1"], "1"), (["--a", "1"], "1"), (["-a=1"], "1"), (["-a", "1"], "1"), (["--a=1", "--a=2"], "2"),
            (["--a="], ""), (["--ab=1"], nil), (["--a", "--b"], nil), (["a=1"], nil), ([], nil),
        ] as [([String], String?)])
    func `an argument has its value in the same word or in the next one`(_ words: [String], _ value: String?) {
        #expect(StartArguments(words).value(of: "a") == value)
    }

    @Test(
        arguments: [
            (":9091", nil, ServerAddress(port: 9091)),
            ("0.0.0.0:80", "/metrics/", ServerAddress(host: "0.0.0.0", port: 80, prefix: "/metrics")),
            ("[::1]:90", "https://example.org/a/b", ServerAddress(host: "::1", port: 90, prefix: "/a/b")),
            ("host:port", "https://example.org", ServerAddress(host: "host")),
            ("host:70000", "/a b\"/", ServerAddress(host: "host")),
            (nil, "/", ServerAddress()),
        ] as [(String?, String?, ServerAddress)])
    func `an address is read from its arguments`(listen: String?, prefix: String?, address: ServerAddress) {
        #expect(ServerAddress(listen: listen, prefix: prefix) == address)
    }

    private static let kinds: [any ComponentKind.Type] = [
        PrometheusComponent.self, LokiComponent.self, GrafanaComponent.self, ElasticsearchComponent.self,
        AlertmanagerComponent.self, FilesComponent.self, GitComponent.self, NamespaceObjectsComponent.self,
    ]

    /// A server that answers these paths with these texts, and others with 404.
    private static func server(_ answers: [String: String]) -> ServerProbe {
        ServerProbe(url: "http://localhost:1") { path in
            ServerProbe.Answer(
                status: answers[path] == nil ? 404 : 200, body: Array((answers[path] ?? "not found").utf8))
        }
    }

    private static let servers: [String: [String: String]] = [
        "prometheus": [
            "/api/v1/status/buildinfo": #"{"status": "success", "data": {"version": "2.42.0"}}"#,
            "/api/v1/status/flags":
                #"{"data": {"storage.tsdb.path": "data/", "web.enable-admin-api": "true"}}"#,
            "/api/v1/status/runtimeinfo": #"{"data": {"CWD": "/srv"}}"#,
        ],
        "loki": [
            "/loki/api/v1/status/buildinfo": #"{"version": "3.4.6"}"#,
            "/config": """
            common: {path_prefix: /loki}
            schema_config: {configs: [{from: 2024-04-01, store: tsdb, object_store: filesystem, schema: v13,
              index: {prefix: index_, period: 24h}}]}
            storage_config: {filesystem: {directory: /srv/chunks}}
            """,
        ],
        "grafana": ["/api/health": #"{"database": "ok", "version": "10.4.1"}"#],
        "elasticsearch": [
            "/": #"{"cluster_name": "c", "version": {"number": "8.1.0"}}"#,
            "/_snapshot": #"{"x": {"type": "url"}, "nightly": {"type": "fs", "settings": {"location": "/a, b"}}}"#,
        ],
        "alertmanager": ["/api/v2/status": #"{"cluster": {"status": "ready"}, "versionInfo": {"version": "0.25.0"}}"#],
    ]

    @Test(arguments: kinds.map { $0.name })
    func `a kind recognises its own server and no other`(_ name: String) throws {
        let kind = try #require(Self.kinds.first { $0.name == name })
        guard let recognition = kind.recognition else {
            #expect(Self.servers[name] == nil)
            return
        }
        for (other, answers) in Self.servers {
            let found = recognition.ask(Self.server(answers), StartArguments())
            #expect((found != nil) == (other == name), "\(name) and \(other)")
        }
        // Anything else: nothing, text, JSON of another shape, and deep JSON.
        let paths = Self.servers.values.flatMap(\.keys)
        for text in ["", "ok", "{}", "[]", "null", "{\"version\": 1}", "{\"data\": [], \"version\": {}}"] {
            let same = Self.server(Dictionary(paths.map { ($0, text) }) { $1 })
            #expect(recognition.ask(same, StartArguments()) == nil, "\(name): \(text)")
        }
        #expect(recognition.ask(ServerProbe(url: "http://localhost:1") { _ in nil }, StartArguments()) == nil)
    }

    private func settings(_ found: RecognizedServer?) -> [String: RecognizedServer.Setting.Value] {
        Dictionary((found?.settings ?? []).map { ($0.key, $0.value) }) { $1 }
    }

    @Test func `a server reports its version and its paths`() throws {
        func found(_ kind: any ComponentKind.Type, _ words: [String] = []) -> RecognizedServer? {
            kind.recognition?.ask(Self.server(Self.servers[kind.name] ?? [:]), StartArguments(words))
        }
        let metrics = found(PrometheusComponent.self)
        #expect(metrics?.product == "Prometheus 2.42.0" && metrics?.missing == [])
        #expect(settings(metrics)["data"] == .text("/srv/data/"))
        let logs = found(LokiComponent.self)
        #expect(logs?.missing == [] && settings(logs)["data"] == .text("/loki"))
        #expect(settings(logs)["chunks"] == .text("/srv/chunks"))
        #expect(settings(found(GrafanaComponent.self))["password"] == .value(["env": "GRAFANA_PASSWORD"]))
        let indices = found(ElasticsearchComponent.self)
        #expect(
            settings(indices)["repository"] == .value(["type": "fs", "name": "nightly", "location": "/a, b"]))
        let alerts = found(AlertmanagerComponent.self, ["--storage.path=/var/lib/am", "--config.file=relative.yml"])
        #expect(settings(alerts)["storage"] == .text("/var/lib/am") && settings(alerts)["config"] == nil)
    }

    /// What a Loki with this configuration proposes for its buckets.
    private func proposed(
        _ configuration: String, objectStore: String = "s3"
    ) throws -> [RecognizedServer.Companion] {
        var answers = try #require(Self.servers["loki"])
        answers["/config"] = """
            schema_config: {configs: [{from: 2024-04-01, store: tsdb, object_store: \(objectStore), schema: v13,
              index: {prefix: index_, period: 24h, path_prefix: logs/index/}}]}
            \(configuration)
            """
        let found = try #require(LokiComponent.recognition?.ask(Self.server(answers), StartArguments()))
        #expect(!found.missing.isEmpty && found.companions.allSatisfy { $0.kind == "bucket" })
        return found.companions
    }

    /// The texts of the proposed settings.
    private func companions(_ configuration: String, objectStore: String = "s3") throws -> [[String: String]] {
        try proposed(configuration, objectStore: objectStore).map { companion in
            let pairs = companion.settings.compactMap { setting -> (String, String)? in
                guard case .text(let text) = setting.value else { return nil }
                return (setting.key, text)
            }
            return Dictionary(pairs) { $1 }
        }
    }

    @Test func `a Loki in S3 proposes its buckets, without their credentials`() throws {
        let section =
            "endpoint: 'minio:9000', insecure: true, region: eu-1, access_key_id: AKIA, secret_access_key: '**'"
        let expected = [
            "endpoint": "http://minio:9000", "region": "eu-1", "profile": "loki", "index_prefix": "logs/index/",
        ]
        for configuration in [
            "storage_config: {aws: {bucketnames: 'a-1,a-2', \(section)}}",
            "common: {path_prefix: /loki, storage: {s3: {bucketnames: 'a-1,a-2', \(section)}}}",
        ] {
            let found = try companions(configuration)
            #expect(found == ["s3://a-1", "s3://a-2"].map { url in expected.merging(["url": url]) { $1 } })
        }
        let thanos = try companions(
            "storage_config: {use_thanos_objstore: true, object_store: {storage_prefix: p, s3: {bucket_name: b-1, "
                + "endpoint: s3.eu-central-1.amazonaws.com}}}")
        #expect(thanos == [["url": "s3://b-1/p", "profile": "loki", "index_prefix": "logs/index/"]])
        for endpoint in ["https://id:secret@minio", "id:secret@minio", "https://minio?key=secret"] {
            let secret = try proposed("storage_config: {aws: {bucketnames: b-1, endpoint: '\(endpoint)'}}")
            #expect(secret.count == 1 && !"\(secret)".contains("secret"))
            // Without its endpoint, the bucket is another one.
            #expect(secret.first?.reason.contains("Set its endpoint") == true)
            #expect(secret.first?.settings.contains { $0.key == "endpoint" } == false)
        }
        #expect(try proposed("storage_config: {aws: {bucketnames: b-1}}").first?.reason.contains("Set its") == false)
        #expect(try companions("storage_config: {aws: {bucketnames: b-1}}", objectStore: "filesystem_").isEmpty)
        #expect(try companions("storage_config: {aws: {bucketnames: 's3://id:secret@eu-1/b'}}").isEmpty)
        #expect(try companions("storage_config: {aws: {s3: 's3://id:secret@eu-1/b'}}").isEmpty)
        #expect(try companions("a: b").isEmpty)
    }

    @Test func `several buckets are proposed with what no backup of them ensures`() throws {
        #expect(try proposed("storage_config: {aws: {bucketnames: b-1}}").first?.reason.contains("order") == false)
        let two = try proposed("storage_config: {aws: {bucketnames: 'b-1,b-2'}}")
        #expect(two.count == 2 && two.allSatisfy { $0.reason.contains("over 2 buckets, and dr reads them in no ") })
    }

    @Test func `buckets that are not proposed are counted`() throws {
        func missing(_ count: Int) throws -> [String] {
            var answers = try #require(Self.servers["loki"])
            let names = (0..<count).map { "b-\($0)" }.joined(separator: ",")
            answers["/config"] = """
                schema_config: {configs: [{from: 2024-04-01, store: tsdb, object_store: s3, schema: v13}]}
                common: {path_prefix: /loki, storage: {s3: {bucketnames: '\(names)'}}}
                """
            let found = try #require(LokiComponent.recognition?.ask(Self.server(answers), StartArguments()))
            #expect(found.companions.count == min(count, 8))
            return found.missing.filter { $0.contains("buckets") }
        }
        #expect(try missing(8).isEmpty)
        #expect(
            try missing(11) == [
                "3 of the 11 buckets of its common.storage.s3.bucketnames: dr proposes the first 8, add a component for "
                    + "each other one"
            ])
    }

    @Test func `a server that cannot be backed up as it is says what is missing`() throws {
        var answers = try #require(Self.servers["prometheus"])
        answers["/api/v1/status/flags"] = #"{"data": {"storage.tsdb.path": "data"}}"#
        answers["/api/v1/status/runtimeinfo"] = nil
        let metrics = try #require(PrometheusComponent.recognition?.ask(Self.server(answers), StartArguments()))
        #expect(metrics.missing.count == 2 && metrics.missing.contains { $0.contains("--web.enable-admin-api") })
        let alone = ["/": Self.servers["elasticsearch"]?["/"] ?? ""]
        let indices = try #require(ElasticsearchComponent.recognition?.ask(Self.server(alone), StartArguments()))
        #expect(indices.missing == ["a snapshot repository of the cluster: set repository"])
    }
}
