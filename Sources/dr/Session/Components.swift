import ArgumentParser
import Configuration
import FileTree
import HTTP
import Repository

/// The registry of component kinds: a new kind is one case in each function.
enum Components {
    static func source(_ component: ComponentConfiguration, _ session: Session) throws -> any ComponentSource {
        switch try component.options() {
        case let options as FilesOptions: FileTreeSource(data: options.data, exclusions: options.exclude)
        default: throw ValidationError("component '\(component.name)': kind '\(component.kind)' has no source")
        }
    }

    /// The checks of a kind for what was restored; nil where files are just files.
    static func restorer(kind: String, _ component: ComponentConfiguration?, _ session: Session) throws
        -> (any ComponentRestorer)?
    {
        nil
    }

    /// The configured components that were asked for by name, all when none was.
    static func chosen(_ names: [String], of configuration: Configuration) throws -> [ComponentConfiguration] {
        guard !names.isEmpty else { return configuration.components }
        return try names.map { name in
            guard let component = configuration.component(named: name) else {
                let known = configuration.components.map(\.name).joined(separator: ", ")
                throw ValidationError("there is no component '\(name)' in the configuration; it has: \(known)")
            }
            return component
        }
    }
}
