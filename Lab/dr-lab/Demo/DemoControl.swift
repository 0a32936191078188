import Foundation
import Lab

/// What `systemctl start` is on a host: the plan calls it, and the server comes up.
final class DemoControl {
    private let server: StandInServer

    init(_ components: [any DemoComponent]) async throws {
        // The stage waits for dr while this is called, and a plan starts each component once: nobody else uses it then.
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

    /// The argument vector that starts a component's server, as YAML.
    func start(_ component: String) -> String { "[curl, -fsS, -X, POST, \"\(server.url)/start/\(component)\"]" }

    func stop() async { await server.stop() }
}
