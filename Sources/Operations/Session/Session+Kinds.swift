package import BackupRepository
package import Components
import Documents
import Foundation
import Platform
package import StackConfiguration

/// The parts of components, made with this session's means. The kinds decide; nothing here names one.
extension Session {
    /// The kind that a manifest or `dr.yaml` names; nil for one that this program does not have.
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
        context.stack = configuration.components.map(\.settings)
        return context
    }

    package func source(_ component: ComponentConfiguration) throws -> any ComponentSource {
        try component.settings.source(context(of: component.name))
    }

    /// The inspector of a kind's contents; nil where any bytes are valid.
    /// - Parameter component: its settings, where the configuration has any.
    package func restorer(
        kind: String, of component: ComponentConfiguration? = nil
    ) throws -> (any ComponentRestorer)? {
        try self.kind(named: kind)?.restorer(
            for: component?.settings, context(of: component?.name ?? kind))
    }

    /// The importer of a kind; nil where the restored files are the component.
    /// - Parameter component: its settings, where the configuration has any.
    package func importer(kind: String, of component: ComponentConfiguration?) throws -> (any ComponentImporter)? {
        try self.kind(named: kind)?.importer(for: component?.settings, context(of: component?.name ?? kind))
    }

    /// The finder of what a component's backups lack; nil where its kind cannot tell.
    package func gaps(_ component: ComponentConfiguration) throws -> (any GapFinder)? {
        try component.settings.gaps(context(of: component.name))
    }

    /// True if a kind can be restored by tenant and time.
    package func canSlice(kind: String) -> Bool { self.kind(named: kind)?.canSlice ?? false }

    /// The checks that this program and the kinds know.
    package var checks: CheckRegistry { CheckRegistry(kinds) }

    /// The configured components that were asked for by name, all when none was.
    /// - Throws: ``UsageError`` for a name that the configuration does not have.
    package func chosen(_ names: [String]) throws -> [ComponentConfiguration] {
        guard !names.isEmpty else { return configuration.components }
        return try names.map { name in
            guard let component = configuration.component(named: name) else {
                let known = configuration.components.map(\.name).joined(separator: ", ")
                throw UsageError("there is no component '\(name)' in the configuration; it has: \(known)")
            }
            return component
        }
    }
}

extension ComponentConfiguration {
    /// The directory where the component lives on this machine; nil where it lives in a server, or elsewhere.
    package var home: String? { settings.home }

    /// Everything that a restore of it writes to or talks to.
    package var places: [Place] { settings.places(of: name) }
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
