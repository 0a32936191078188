import Alertmanager
import Elasticsearch
import FileTree
import Foundation
import Git
import Grafana
import HTTP
import Lab
import Loki
import NamespaceObjects
import Platform
import Prometheus

@testable import Components

/// A server of one page to a path, and a stack in which every component is that server.
final class StackFixture: Sendable {
    typealias Pages = [String: (status: Int, body: String)]

    let server: ScriptedServer
    static let pool = BlockingPool(threads: 8)

    /// - Parameter pages: by the longest prefix of the request's target that is listed; 404 for others.
    convenience init(_ pages: Pages) throws {
        try self.init { request, _ in
            let page = pages.filter { request.target.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }?.value
            return .reply(.response(page?.status ?? 404, [], page?.body ?? "not found"))
        }
    }

    init(_ act: @escaping @Sendable (HTTPMessage, Int) -> ScriptedServer.Act) throws {
        server = try ScriptedServer(act)
    }

    deinit { server.stop() }

    var prometheus: PrometheusAPI { PrometheusAPI(url: server.url, client: HTTPClient(), pool: Self.pool) }

    var grafana: GrafanaAPI {
        GrafanaAPI(url: server.url, client: HTTPClient(), pool: Self.pool, retries: RetryPolicy(attempts: 1))
    }

    var access: CheckedServer { CheckedServer(url: server.url, client: HTTPClient()) }

    static let kinds: [any ComponentKind.Type] = [
        PrometheusComponent.self, GrafanaComponent.self, LokiComponent.self, ElasticsearchComponent.self,
        FilesComponent.self, GitComponent.self, AlertmanagerComponent.self, NamespaceObjectsComponent.self,
    ]

    static func context(of name: String) -> ComponentContext {
        ComponentContext(
            name: name, environment: [:], pool: pool, userAgent: "dr/test",
            now: { Int(Date().timeIntervalSince1970 * 1000) })
    }

    /// A component of a kind at a URL; `interval` is the longest wait for new samples.
    static func component(_ kind: String, url: String, interval: Duration? = nil) -> CheckedComponent {
        var access = HTTPAccess()
        access.url = url
        let settings: any ComponentKind
        switch kind {
        case "prometheus":
            var prometheus = PrometheusComponent()
            (prometheus.access, prometheus.data) = (access, "/nowhere")
            settings = prometheus
        case "grafana":
            var grafana = GrafanaComponent()
            grafana.access = access
            settings = grafana
        case "loki":
            var loki = LokiComponent()
            loki.access = access
            settings = loki
        default:
            var cluster = ElasticsearchComponent()
            cluster.access = access
            settings = cluster
        }
        var context = context(of: kind)
        context.sampleInterval = interval
        return CheckedComponent(settings, context)
    }

    func component(_ kind: String, interval: Duration? = .seconds(2)) -> CheckedComponent {
        Self.component(kind, url: server.url, interval: interval)
    }

    func stack(_ change: (inout CheckedStack) -> Void = { _ in }) -> CheckedStack {
        var stack = CheckedStack(components: ["prometheus", "grafana", "loki", "elasticsearch"].map { component($0) })
        change(&stack)
        return stack
    }

    static let registry = CheckRegistry(kinds)

    static func run(_ name: String, _ stack: CheckedStack, limit: Duration = Patience.long) async -> [CheckResult] {
        await CheckRunner(pool: pool, timeLimit: limit).run(registry.checks([name], of: stack))
    }
}
