/// The checks by name: what plans and the command line may ask for, and how each is made for a stack.
package struct CheckRegistry: Sendable {
    private struct Entry: Sendable {
        var name: String
        /// What there is nothing of when it makes no check.
        var subject: String
        var make: @Sendable (CheckedStack) -> [any RecoveryCheck]
    }

    private let stack: CheckedStack

    package init(_ stack: CheckedStack) { self.stack = stack }

    /// Every word that may stand where a check is named.
    package static let knownNames: [String] = entries.map(\.name) + aliases.keys.sorted()

    /// Words for several checks.
    package static let aliases: [String: [String]] = ["sla": ServiceLevel.Objective.allCases.map(\.checkName)]

    /// The profiles that need no configuration.
    package static let profiles: [String: [String]] = [
        "full": entries.map(\.name),
        "quick": [
            "prometheus_healthy", "prometheus_ready", "grafana_healthy", "grafana_database_ok", "loki_ready",
            "elasticsearch_green", "endpoints",
        ],
    ]

    /// The checks that names mean, each once, in the order of the names. A name with nothing to look at gives one
    /// check that is skipped and says so; an unknown one gives one that fails.
    package func checks(_ names: [String]) -> [any RecoveryCheck] {
        var seen: Set<String> = []
        return names.flatMap { Self.aliases[$0] ?? [$0] }.filter { seen.insert($0).inserted }.flatMap {
            name -> [any RecoveryCheck] in
            guard let entry = Self.entries.first(where: { $0.name == name }) else {
                return [FixedCheck(name: name, result: .failed("-", "there is no check of this name"))]
            }
            let made = entry.make(stack)
            return made.isEmpty ? [FixedCheck(name: name, result: .skipped("there is no \(entry.subject)"))] : made
        }
    }

    private static let entries: [Entry] =
        [
            server("prometheus_healthy", "prometheus") { health("prometheus_healthy", $0, $1, "/-/healthy") },
            server("prometheus_ready", "prometheus") { health("prometheus_ready", $0, $1, "/-/ready") },
            server("targets_up", "prometheus") { TargetsUp($0, $1) },
            Entry(name: "ingestion", subject: "component of kind prometheus") { stack in
                reached(stack, "ingestion", "prometheus") { component, server in
                    Ingestion(component, server, interval: stack.interval)
                }
            },
            Entry(name: "prometheus_blocks_intact", subject: "component of kind prometheus") { stack in
                stack.components(of: "prometheus").map(BlocksIntact.init)
            },
            server("grafana_healthy", "grafana") { health("grafana_healthy", $0, $1, "/api/health") },
            server("grafana_database_ok", "grafana") { GrafanaDatabase(component: $0.name, server: $1) },
            server("grafana_dashboards", "grafana") { GrafanaObjects(.dashboards, $0, $1) },
            server("grafana_datasources", "grafana") { GrafanaObjects(.dataSources, $0, $1) },
            server("loki_ready", "loki") { health("loki_ready", $0, $1, "/ready") },
            Entry(name: "loki_query", subject: "component of kind loki") { stack in
                reached(stack, "loki_query", "loki") { component, server in
                    LokiQuery(component, server, tenants: stack.tenants)
                }
            },
            server("elasticsearch_green", "elasticsearch") { ClusterGreen(component: $0, server: $1) },
            server("elasticsearch_documents", "elasticsearch") { DocumentsCounted(component: $0, server: $1) },
            Entry(name: "endpoints", subject: "endpoint under 'checks: endpoints:'") { stack in
                stack.endpoints.map(EndpointCheck.init)
            },
        ]
        + ServiceLevel.Objective.allCases.map { objective in
            Entry(name: objective.checkName, subject: "service level under 'checks: sla:'") { stack in
                stack.serviceLevel.map { [ServiceLevelCheck(objective, $0)] } ?? []
            }
        } + [
            Entry(name: "data_equality", subject: "set to compare with: name one with --set") { stack in
                stack.set == nil ? [] : [DataEquality(stack)]
            },
            Entry(name: "sentinels", subject: "set to compare with: name one with --set") { stack in
                stack.set == nil ? [] : [SentinelsBack(stack)]
            },
        ]

    // MARK: Making them

    private static func server(
        _ name: String, _ kind: String,
        _ make: @escaping @Sendable (CheckedStack.Component, CheckedServer) -> any RecoveryCheck
    ) -> Entry {
        Entry(name: name, subject: "component of kind \(kind)") { reached($0, name, kind, make) }
    }

    /// One check for each component of a kind; one that cannot be reached at all has failed.
    private static func reached(
        _ stack: CheckedStack, _ name: String, _ kind: String,
        _ make: (CheckedStack.Component, CheckedServer) -> any RecoveryCheck
    ) -> [any RecoveryCheck] {
        stack.components(of: kind).map { component in
            guard let server = component.server else {
                let result: Measurement =
                    component.obstacle.map { .failed("-", $0) } ?? .skipped("the component has no 'url'")
                return FixedCheck(name: name, component: component.name, result: result)
            }
            return make(component, server)
        }
    }

    private static func health(
        _ name: String, _ component: CheckedStack.Component, _ server: CheckedServer, _ path: String
    ) -> StatusCheck {
        StatusCheck(name: name, component: component.name, server: server, path: path)
    }
}

/// A check of which the outcome is known before it is made.
private struct FixedCheck: RecoveryCheck {
    var name: String
    var component: String?
    var target: String { "-" }
    var result: Measurement

    func measure() -> Measurement { result }
}
