import FoundationEssentials
import Platform

/// The contexts of kubectl's configuration.
package struct KubernetesContexts: Sendable {
    /// The API server of each context.
    private(set) var servers: [String: String] = [:]
    /// The current context; nil without one.
    private(set) var current: String?

    private struct View: Decodable {
        struct Cluster: Decodable { var name: String, cluster: Server }
        struct Server: Decodable { var server: String? }
        struct Context: Decodable { var name: String, context: Target }
        struct Target: Decodable { var cluster: String? }
        var clusters: [Cluster]?
        var contexts: [Context]?
        var currentContext: String?
        enum CodingKeys: String, CodingKey {
            case clusters, contexts
            case currentContext = "current-context"
        }
    }

    /// Empty without kubectl or its configuration.
    init(_ pool: BlockingPool) async {
        let program = Program(
            "kubectl", ["config", "view", "--output=json"],
            environment: InheritedEnvironment.selected(from: ProcessInfo.processInfo.environment),
            timeout: .seconds(60))
        guard let run = try? await pool.run({ try program.captured(limit: 4 << 20) }), run.end.status == 0,
            let view = try? JSONDecoder().decode(View.self, from: Data(run.output.utf8))
        else { return }
        let addresses = Dictionary(
            (view.clusters ?? []).compactMap { entry in entry.cluster.server.map { (entry.name, $0) } }
        ) { $1 }
        for entry in view.contexts ?? [] {
            servers[entry.name] = entry.context.cluster.flatMap { addresses[$0] }
        }
        current = view.currentContext.flatMap { $0.isEmpty ? nil : $0 }
    }
}
