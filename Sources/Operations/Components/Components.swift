package import BackupRepository
package import RecoveryChecks
package import StackConfiguration

/// The registry of component kinds.
package enum Components {
    /// A new kind is one line here.
    private static let drivers: [any ComponentDriver.Type] = [
        PrometheusDriver.self,
        FilesDriver.self,
        GitDriver.self,
        LokiDriver.self,
        GrafanaDriver.self,
        ElasticsearchDriver.self,
    ]

    /// The words for them in `dr.yaml` and in manifests.
    package static var kinds: [String] { drivers.map { $0.kind } }

    package static func source(_ component: ComponentConfiguration, _ session: Session) throws -> any ComponentSource {
        func make<Driver: ComponentDriver>(_ driver: Driver.Type, _ options: any ComponentOptions) throws
            -> (any ComponentSource)?
        {
            try (options as? Driver.Options).map { try driver.source($0, session) }
        }
        for driver in drivers {
            if let source = try make(driver, component.options) { return source }
        }
        throw UsageError("component '\(component.name)': kind '\(component.kind)' has no source")
    }

    /// The checks of a kind for what was restored; nil where files are just files.
    /// - Parameter component: its settings, where the configuration has any.
    static func restorer(kind: String, _ component: ComponentConfiguration?, _ session: Session) throws
        -> (any ComponentRestorer)?
    {
        func make<Driver: ComponentDriver>(_ driver: Driver.Type) throws -> (any ComponentRestorer)? {
            try driver.restorer(component?.options as? Driver.Options, session)
        }
        return try driver(of: kind).flatMap { try make($0) }
    }

    /// What brings a kind back where putting files in place is not enough; nil where it is.
    package static func importer(kind: String, _ component: ComponentConfiguration?, _ session: Session) throws
        -> (any ComponentImporter)?
    {
        func make<Driver: ComponentDriver>(_ driver: Driver.Type) throws -> (any ComponentImporter)? {
            try driver.importer(component?.options as? Driver.Options, session)
        }
        return try driver(of: kind).flatMap { try make($0) }
    }

    /// What knows what a component's backups lack; nil where its kind knows of nothing.
    package static func gaps(_ component: ComponentConfiguration, _ session: Session) throws -> (any GapFinder)? {
        func make<Driver: ComponentDriver>(_ driver: Driver.Type) throws -> (any GapFinder)? {
            try (component.options as? Driver.Options).flatMap { try driver.gaps($0, session) }
        }
        return try driver(of: component.kind).flatMap { try make($0) }
    }

    /// The directory where a component lives on this machine; nil where it lives in a server, or elsewhere.
    package static func home(_ component: ComponentConfiguration) -> String? {
        func home<Driver: ComponentDriver>(_ driver: Driver.Type) -> String? {
            (component.options as? Driver.Options).flatMap { driver.home($0) }
        }
        return driver(of: component.kind).flatMap { home($0) }
    }

    /// The component as checks see it. One whose credentials are not at hand is there too, and says so.
    package static func checked(_ component: ComponentConfiguration, _ session: Session) -> CheckedStack.Component {
        func checked<Driver: ComponentDriver>(_ driver: Driver.Type) throws -> CheckedStack.Component? {
            try (component.options as? Driver.Options).map { options in
                var checked = try driver.checked(options, name: component.name, session)
                checked.home = driver.home(options)
                return checked
            }
        }
        var plain = CheckedStack.Component(name: component.name, kind: component.kind)
        do {
            return try driver(of: component.kind).flatMap { try checked($0) } ?? plain
        } catch {
            plain.obstacle = "\(error)"
            return plain
        }
    }

    package static func canSlice(kind: String) -> Bool { driver(of: kind)?.canSlice ?? false }

    private static func driver(of kind: String) -> (any ComponentDriver.Type)? { drivers.first { $0.kind == kind } }

    /// The configured components that were asked for by name, all when none was.
    package static func chosen(_ names: [String], of configuration: Configuration) throws -> [ComponentConfiguration] {
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
