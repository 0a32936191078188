import Components
import Documents
import FileTree
import Foundation
import Grafana
import Lab
import Platform
import Prometheus
import StackConfiguration
import Testing

@testable import Operations

@Suite struct DiscoveredStackTests {
    private static let kinds: [any ComponentKind.Type] = [
        PrometheusComponent.self, GrafanaComponent.self, FilesComponent.self,
    ]

    private static func server(
        _ kind: String, port: Int, _ verdict: DiscoveredServer.Verdict = .usable, data: String = "/srv/data"
    ) -> DiscoveredServer {
        var server = DiscoveredServer(
            kind: kind, url: "http://localhost:\(port)", origin: "unit \(kind)\(port).service")
        server.verdict = verdict
        server.product = "Server 1.\(port)"
        server.settings = [
            .init("url", .text(server.url), from: "the address"), .init("data", .text(data), from: "its folder"),
        ]
        return server
    }

    private func configuration(_ stack: DiscoveredStack) throws -> Configuration {
        let text = ConfigurationTemplate.text(components: stack.text, kinds: Self.kinds)
        return try ConfigurationFile.parse(text, file: "dr.yaml", folder: "/", kinds: Self.kinds)
    }

    @Test func `each server becomes an entry with its reasons, and the file is valid`() throws {
        var other = Self.server("grafana", port: 3, .absent)
        (other.product, other.reasons) = (nil, ["no server listens there"])
        let stack = DiscoveredStack(
            [Self.server("prometheus", port: 1), Self.server("prometheus", port: 2), other], kinds: Self.kinds)
        #expect(try configuration(stack).components.map(\.name) == ["prometheus", "prometheus-2"])
        #expect(try configuration(stack).components.map(\.kind) == ["prometheus", "prometheus"])
        #expect(stack.text.contains("# Server 1.1 at http://localhost:1, found by its unit prometheus1.service."))
        #expect(stack.text.contains("data: /srv/data   # its folder"))
        #expect(
            stack.text.contains("# Not found at http://localhost:3 (unit grafana3.service): no server listens there"))
        // The example of a kind without a server stays.
        #expect(stack.text.contains("  # grafana:\n") && stack.text.contains("kind: files"))
    }

    @Test func `a server that fails a check becomes a comment with the reason`() throws {
        var stack = DiscoveredStack(
            [Self.server("prometheus", port: 1), Self.server("prometheus", port: 2)], kinds: Self.kinds)
        stack.reject("prometheus", reason: "dr doctor: its folder\ncannot be read")
        #expect(try configuration(stack).components.map(\.name) == ["prometheus-2"])
        #expect(stack.text.contains("  #   dr doctor: its folder\\ncannot be read\n") && stack.hasUsable)
        stack.reject("prometheus-2", reason: "down")
        #expect(!stack.hasUsable && stack.table.contains("incomplete"))
    }

    @Test(arguments: [
        "a: b", "\n  evil: {kind: files, data: /}", "# \"'", "/srv/\u{202e}x", "{x", "\u{FEFF}", "\u{FFFF}", "",
    ])
    func `text of a server cannot add anything to the file`(_ text: String) throws {
        var server = Self.server("prometheus", port: 1, data: "/\(text)")
        server.product = "Server \(text)"
        server.origin = "unit \(text)"
        let stack = DiscoveredStack([server], kinds: Self.kinds)
        let components = try configuration(stack).components
        #expect(components.map(\.name) == ["prometheus"])
        #expect((components.first?.settings as? PrometheusComponent)?.data.hasPrefix("/") == true)
    }

    @Test(arguments: [
        "s3://loki-data/a: b", "s3://a\n  evil: {kind: files, data: /} #",
        "s3://a\u{85}  evil: {kind: files, data: /} #", "s3://a\u{2028}  evil: {kind: files, data: /} #", "\" # '",
        "s3://a\r  evil: {kind: files, data: /} #",
    ])
    func `the bucket of a server is proposed as a comment that adds nothing`(_ text: String) throws {
        var server = Self.server("prometheus", port: 1)
        let companion = RecognizedServer.Companion(
            kind: "bucket", settings: [.init("url", .text(text), from: "its \(text)")], reason: "Its \(text)")
        server.companions = [companion, companion]
        // Of an entry that is a comment itself, too.
        var other = Self.server("grafana", port: 2, .incomplete, data: "/\(text)")
        other.reasons = [text]
        let stack = DiscoveredStack([server, other], kinds: Self.kinds)
        #expect(try configuration(stack).components.map(\.name) == ["prometheus"])
        #expect(stack.text.contains("\n  # prometheus-bucket:\n  #   kind: bucket\n  #   url: "), "\(stack.text)")
        #expect(stack.text.contains("\n  # prometheus-bucket-2:\n"))
    }

    @Test func `the table names the bucket of a server that is not usable`() {
        var server = Self.server("prometheus", port: 1, .incomplete)
        let url = RecognizedServer.Setting("url", .text("s3://loki-data"), from: "its key")
        server.companions = [RecognizedServer.Companion(kind: "bucket", settings: [url], reason: "Its chunks")]
        let stack = DiscoveredStack([server], kinds: Self.kinds)
        #expect(!stack.hasUsable && stack.table.contains("data in s3://loki-data"))
    }

    private struct Answer: Decodable {
        struct Companion: Decodable, Equatable {
            var kind: String
            var settings: [String: String]
            var reason: String
        }
        var companions: [Companion]
    }

    @Test func `the document of a search has the bucket of a server, as its schema says`() throws {
        var server = Self.server("prometheus", port: 1)
        let settings = [
            RecognizedServer.Setting("url", .text("s3://loki-data"), from: "its key"),
            .init("lanes", .value(["a": 1]), from: "b"),
        ]
        server.companions = [RecognizedServer.Companion(kind: "bucket", settings: settings, reason: "Its chunks")]
        let stack = DiscoveredStack([server], kinds: Self.kinds)
        let document = try JSONEncoder().encode(try #require(stack.servers.first))
        let found = try JSONDecoder().decode(Answer.self, from: document)
        let companion = Answer.Companion(
            kind: "bucket", settings: ["url": "s3://loki-data", "lanes": #"{"a":1}"#], reason: "Its chunks")
        #expect(found.companions == [companion])
        let members = try #require(try JSONSerialization.jsonObject(with: document) as? [String: Any])
        let text = try Data(contentsOf: Checkout.folder.appending(path: "docs/output.schema.json"))
        let schema = try JSONValue(parsing: [UInt8](text))["$defs"]?["init"]?["properties"]?["discovered"]
        #expect(Set(members.keys) == Set((schema?["items"]?["properties"]?.object ?? [:]).keys))
    }

    @Test func `a search names another program, a closed port and a server on another address`() async throws {
        let machine = try TemporaryFolder("machine")
        let units = machine.url.appending(path: "etc/systemd/system")
        try FileManager.default.createDirectory(at: units, withIntermediateDirectories: true)
        try Data("[Service]\nExecStart=/usr/bin/prometheus --web.listen-address=192.0.2.1:9090\n".utf8)
            .write(to: units.appending(path: "metrics.service"))
        let server = try ScriptedServer { _, _ in .raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") }
        var search = ServerSearch(kinds: Self.kinds, pool: BlockingPool(threads: 4))
        search.machine = machine.path
        search.ports = ["prometheus": Int(server.port), "grafana": 1]
        let found = try await search.run()
        #expect(found.map(\.kind) == ["prometheus", "prometheus", "grafana"])
        #expect(found.map(\.verdict) == [.absent, .other, .absent])
        #expect(found[0].origin == "unit metrics.service" && found[0].reasons[0].contains("192.0.2.1 only"))
        #expect(
            found[1].reasons[0].contains("another program answers") && found[2].reasons == ["no server listens there"])
        #expect(!DiscoveredStack(found, kinds: Self.kinds).hasUsable)
    }

    @Test func `a server that does not answer costs the limit once`() async throws {
        let machine = try TemporaryFolder("machine")
        let server = try ScriptedServer { _, _ in .silence }
        var search = ServerSearch(kinds: [PrometheusComponent.self], pool: BlockingPool(threads: 4))
        search.machine = machine.path
        search.ports = ["prometheus": Int(server.port)]
        search.limit = .seconds(1)
        let start = ContinuousClock.now
        let found = try await search.run()
        #expect(found.map(\.verdict) == [.absent] && server.requests.count == 1, "\(found)")
        #expect(ContinuousClock.now - start < .seconds(15))
    }
}
