package import BackupRepository

/// All that checks look at: the servers of a configuration, what a backup set says they must hold, and the settings.
package struct CheckedStack: Sendable {
    package struct Component: Sendable {
        package var name: String
        /// The kind of `dr.yaml`: "prometheus".
        package var kind: String
        /// Nil where no address is configured.
        package var server: CheckedServer?
        /// Why there is no server although there should be: a secret that is not at hand.
        package var obstacle: String?
        /// Reads every block of the data directory; for Prometheus.
        package var examineBlocks: (@Sendable () throws -> ExaminedBlocks)?
        /// The longest time that new samples may take to come, by the server's own configuration; for Prometheus. Nil when
        /// the server does not say.
        package var patience: (@Sendable () -> Duration?)?
        /// The multi-index expression; for Elasticsearch.
        package var indices = "*"
        /// Absolute path of what is restored in place.
        package var home: String?
        /// What the set's manifest says; nil without a set, or where it holds none.
        package var facts: [String: String]?
        /// Milliseconds since 1970 of the newest datum in the set.
        package var watermark: Int?
        /// Milliseconds since 1970 of the capture.
        package var captured: Int?

        package init(name: String, kind: String, server: CheckedServer? = nil) {
            self.name = name
            self.kind = kind
            self.server = server
        }

        /// Whether its answers can be recorded and compared.
        package var canBeAsked: Bool { ["prometheus", "loki", "grafana", "elasticsearch"].contains(kind) }
    }

    package struct Endpoint: Sendable {
        package var name: String
        package var server: CheckedServer
        package var isCritical: Bool
        package var status: Int
        /// Must occur in the answer.
        package var text: String?
        package var timeLimit: Duration?

        package init(
            name: String, server: CheckedServer, isCritical: Bool = true, status: Int = 200, text: String? = nil,
            timeLimit: Duration? = nil
        ) {
            self.name = name
            self.server = server
            self.isCritical = isCritical
            self.status = status
            self.text = text
            self.timeLimit = timeLimit
        }
    }

    package var components: [Component]
    package var endpoints: [Endpoint] = []
    /// Nil: no service level is configured.
    package var serviceLevel: ServiceLevel?
    /// The longest wait for new samples; nil leaves it to the server's configuration.
    package var interval: Duration?
    /// Loki's tenants; empty where it has none.
    package var tenants: [String] = []
    package var sentinels: [any Sentinel] = []
    /// The set that the stack is held against.
    package var set: Timestamp?
    /// Why what is known of the set could not be read.
    package var setObstacle: String?
    /// What was recorded with it.
    package var recorded: RecordedMark?
    /// Components that came out of the set; nil for all. What was not restored need not be as it was.
    package var restored: Set<String>?

    package init(components: [Component]) { self.components = components }

    package func components(of kind: String) -> [Component] { components.filter { $0.kind == kind } }

    func wasRestored(_ component: String) -> Bool { restored?.contains(component) ?? true }
}

/// What reading every block of a data directory came to.
package struct ExaminedBlocks: Sendable {
    package var blocks: Int
    /// One line each.
    package var damage: [String]

    package init(blocks: Int, damage: [String]) {
        self.blocks = blocks
        self.damage = damage
    }
}
