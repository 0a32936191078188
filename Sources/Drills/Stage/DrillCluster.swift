import Components
import Documents
import Operations
import StackConfiguration

/// The cluster in which a drill restores the components of the live cluster.
struct DrillCluster: Equatable, Sendable {
    /// Nil for the current context, or for the cluster that dr runs in.
    var context: String?

    /// - Parameter parameters: of the drilled plan.
    /// - Returns: nil if the plan is not for Kubernetes.
    init?(_ configuration: DrillConfiguration, parameters: [String: String]) {
        let known = configuration.parameters.merging(parameters) { _, new in new }
        guard known["platform"] == "kubernetes" else { return nil }
        let context = known["context"] ?? configuration.cluster.context
        self.context = context.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// True if a component is in a cluster: its data, or its server.
    func has(_ component: ComponentConfiguration) -> Bool {
        component.volume != nil || Self.address(of: component) != nil
    }

    /// Returns the component in the drill's namespace: with the server and the claim of the same names.
    /// - Returns: nil if its server cannot be moved.
    func moved(_ component: ComponentConfiguration, to namespace: String) -> ComponentConfiguration? {
        var url = ""
        if component.settings.server != nil {
            guard var address = Self.address(of: component) else { return nil }
            address.context = context
            address.namespace = namespace
            url = address.text
        }
        var place = Relocation(data: component.settings.home ?? "/data", url: url.isEmpty ? nil : url)
        place.keepsCredentials = true
        guard let settings = component.settings.relocated(to: place) else { return nil }
        var moved = component
        moved.settings = settings
        if var volume = component.volume {
            volume.context = context
            volume.namespace = namespace
            // A claim without a class binds a volume that exists, which may have live data.
            volume.storageClasses[""] = ClaimRecord.defaultClass
            moved.volume = volume
            if !url.isEmpty { moved.entry["url"] = .string(url) }
        }
        return moved
    }

    private static func address(of component: ComponentConfiguration) -> ClusterAddress? {
        guard let url = component.settings.server?.url, case .success(let address) = ClusterAddress.parse(url) else {
            return nil
        }
        return address
    }
}
