package import BackupRepository
package import Components
import Documents
import FoundationEssentials
import Platform
package import StackConfiguration

/// The parts of components, made by their kinds. This file does not name a kind.
extension Session {
    /// The kind with the name in a manifest or `dr.yaml`; nil for an unknown kind.
    package func kind(named name: String) -> (any ComponentKind.Type)? { kinds.first { $0.name == name } }

    /// The kinds of the configured components, by component.
    package var kindsByComponent: [String: any ComponentKind.Type] {
        Dictionary(configuration.components.map { ($0.name, type(of: $0.settings)) }) { $1 }
    }

    package func context(of component: String) -> ComponentContext {
        var context = ComponentContext(
            name: component, environment: ProcessInfo.processInfo.environment, pool: pool,
            userAgent: Release.userAgent, now: { [clock] in clock.milliseconds })
        context.encryptsBackups = !configuration.store.recipients.isEmpty
        context.tenants = configuration.checks.tenants
        context.sampleInterval = configuration.checks.interval?.duration
        context.cluster = configuration.kubernetes.context
        context.clusterNamespace = configuration.kubernetes.namespace
        context.kinds = kinds
        context.stack = configuration.components.map(\.settings)
        return context
    }

    package func source(_ component: ComponentConfiguration) throws -> any ComponentSource {
        try component.settings.source(context(of: component.name))
    }

    /// The inspector of a kind's contents; nil if any bytes are valid.
    /// - Parameter component: its settings, if the configuration has any.
    package func restorer(
        kind: String, of component: ComponentConfiguration? = nil
    ) throws -> (any ComponentRestorer)? {
        try self.kind(named: kind)?.restorer(
            for: component?.settings, context(of: component?.name ?? kind))
    }

    /// The importer of a kind; nil if the restored files are the component.
    /// - Parameter component: its settings, if the configuration has any.
    package func importer(kind: String, of component: ComponentConfiguration?) throws -> (any ComponentImporter)? {
        try self.kind(named: kind)?.importer(for: component?.settings, context(of: component?.name ?? kind))
    }

    /// The finder of gaps in a component's backups; nil if its kind has none.
    package func gaps(_ component: ComponentConfiguration) throws -> (any GapFinder)? {
        try component.settings.gaps(context(of: component.name))
    }

    /// True if a kind can be restored by tenant and time.
    package func canSlice(kind: String) -> Bool { self.kind(named: kind)?.canSlice ?? false }

    /// The checks of this program and of the kinds.
    package var checks: CheckRegistry { CheckRegistry(kinds) }

    /// The configured components with these names; all components without names.
    /// - Throws: ``UsageError`` for a name that the configuration does not have.
    package func chosen(_ names: [String]) throws -> [ComponentConfiguration] {
        guard !names.isEmpty else { return configuration.components }
        return try names.map { name in
            guard let component = configuration.component(named: name) else {
                let known = configuration.components.map(\.name).joined(separator: ", ")
                throw UsageError("there is no component '\(name)' in the configuration; the components are: \(known)")
            }
            return component
        }
    }
}

extension ComponentConfiguration {
    /// The directory of the component on this machine; nil if it is in a server, in a cluster, or elsewhere.
    package var home: String? { volume == nil ? settings.home : nil }

    /// All directories and servers that a restore of the component writes to or connects to.
    package var places: [Place] {
        let places = settings.places(of: name)
        guard volume != nil else { return places }
        // The directory is one in the cluster, and is not one of this machine.
        return places.filter { if case .directory = $0.kind { false } else { true } }
    }
}

extension ComponentKind {
    fileprivate static func restorer(
        for settings: (any ComponentKind)?, _ context: ComponentContext
    ) throws -> (any ComponentRestorer)? {
        try restorer(settings as? Self, context)
    }

    fileprivate static func importer(
        for settings: (any ComponentKind)?, _ context: ComponentContext
    ) throws -> (any ComponentImporter)? {
        try importer(settings as? Self, context)
    }
}
