import HTTP
import Lab
import Platform

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

    var access: CheckedServer { CheckedServer(url: server.url, client: HTTPClient()) }

    func component(_ kind: String) -> CheckedStack.Component {
        var component = CheckedStack.Component(name: kind, kind: kind, server: access)
        component.indices = "jaeger-*"
        return component
    }

    func stack(_ change: (inout CheckedStack) -> Void = { _ in }) -> CheckedStack {
        var stack = CheckedStack(components: ["prometheus", "grafana", "loki", "elasticsearch"].map(component))
        stack.interval = .seconds(2)
        change(&stack)
        return stack
    }

    static func run(_ name: String, _ stack: CheckedStack, limit: Duration = .seconds(20)) async -> [CheckResult] {
        await CheckRunner(pool: pool, timeLimit: limit).run(CheckRegistry(stack).checks([name]))
    }
}
