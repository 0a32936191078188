import Foundation
import Lab

/// A replacement for `systemctl start`: an HTTP server that the plan calls to start the stack's servers.
final class DemoControl {
    private let server: StandInServer

    init(_ components: [any DemoComponent]) async throws {
        // The demo waits for dr during these calls, and a plan starts each component once, so there is no concurrent
        // use.
        nonisolated(unsafe) let components = components
        server = try await StandInServer("control", contract: nil) { request in
            let name = request.path.split(separator: "/").last.map(String.init)
            guard let component = components.first(where: { $0.name == name }) else {
                return .text(404, "there is no such component\n")
            }
            do { try await component.start() } catch { return .text(500, "\(error)\n") }
            return .text(200, "started\n")
        }
    }

    /// Returns the argument vector that starts a component's server, as YAML.
    func start(_ component: String) -> String { "[curl, -fsS, -X, POST, \"\(server.url)/start/\(component)\"]" }

    func stop() async { await server.stop() }
}
