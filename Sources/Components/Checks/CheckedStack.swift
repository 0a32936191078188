package import BackupRepository

/// The stack for checks: the components of a configuration, the backup set that they are compared with, and the settings.
package struct CheckedStack: Sendable {
    package struct Endpoint: Sendable {
        package var name: String
        package var server: CheckedServer
        package var isCritical: Bool
        package var status: Int
        /// Text that the response must contain.
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

    /// The canary of one component.
    package struct PlacedCanary: Sendable {
        package var component: String
        package var canary: any Canary

        package init(_ component: String, _ canary: any Canary) {
            self.component = component
            self.canary = canary
        }
    }

    package var components: [CheckedComponent]
    package var endpoints: [Endpoint] = []
    /// Nil if no service level is configured.
    package var serviceLevel: ServiceLevel?
    package var canaries: [PlacedCanary] = []
    /// The set that the stack is compared with.
    package var set: Timestamp?
    /// The reason why the set could not be read.
    package var setObstacle: String?
    /// The record of queries and canaries that belongs to the set.
    package var recorded: RecordedMark?
    /// The components that were restored from the set; nil for all. Others may have changed since.
    package var restored: Set<String>?

    package init(components: [CheckedComponent]) { self.components = components }

    func wasRestored(_ component: String) -> Bool { restored?.contains(component) ?? true }
}
