internal import Foundation
internal import Yams

/// Finds and reads `dr.yaml`.
package enum ConfigurationFile {
    /// Where a configuration is looked for when none is named.
    package static let standardPlaces = ["dr.yaml", "/etc/dr/dr.yaml"]

    /// The file to use: the one named by `--config`, or the first standard place that has one.
    /// - Throws: `ConfigurationError` when there is none.
    package static func locate(explicit: String?, in currentFolder: String? = nil) throws(ConfigurationError) -> String
    {
        let folder = currentFolder ?? FileManager.default.currentDirectoryPath
        for place in explicit.map({ [$0] }) ?? standardPlaces {
            let path = place.hasPrefix("/") || currentFolder == nil ? place : "\(folder)/\(place)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        if let explicit {
            throw refusal(explicit, "no such file", hint: "'dr init --config \(explicit)' writes a new one")
        }
        throw refusal(
            standardPlaces.joined(separator: ", "), "no configuration found",
            hint: "name one with --config, or write a new one with 'dr init'")
    }

    /// Reads and checks a configuration; relative paths in it start from its folder.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    package static func read(_ path: String) throws(ConfigurationError) -> Configuration {
        let url = URL(filePath: path).absoluteURL
        let bytes: Data
        do {
            bytes = try Data(contentsOf: url)
        } catch {
            throw refusal(path, "cannot be read: \(FileFailure.text(error))")
        }
        guard let text = String(data: bytes, encoding: .utf8) else { throw refusal(path, "is not text in UTF-8") }
        return try parse(text, file: path, folder: url.deletingLastPathComponent().path)
    }

    /// - Parameters:
    ///   - file: what messages call the text.
    ///   - folder: absolute path that relative paths start from.
    package static func parse(
        _ text: String, file: String, folder: String
    ) throws(ConfigurationError) -> Configuration {
        let root: YAMLNode?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw ConfigurationError([diagnostic(of: error, file: file)])
        }
        guard let root, !root.isNull else {
            throw refusal(file, "is empty", hint: "'dr init' writes a commented one")
        }
        var reader = Reader(file: file, folder: folder)
        guard let configuration = reader.section(Configuration.self, from: root) else {
            throw ConfigurationError(reader.diagnostics.sorted { $0.location.isBefore($1.location) })
        }
        return configuration
    }

    private static func refusal(_ file: String, _ message: String, hint: String? = nil) -> ConfigurationError {
        ConfigurationError([Diagnostic(Location(file: file), message, hint: hint)])
    }

    /// What the YAML parser says, without the text around it: that may hold secrets.
    private static func diagnostic(of error: any Error, file: String) -> Diagnostic {
        func at(_ mark: Mark) -> Location { Location(file: file, line: mark.line, column: mark.column) }
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _)?, .parser(_, let problem, let mark, _)?,
            .composer(_, let problem, let mark, _)?:
            return Diagnostic(at(mark), "not valid YAML: \(problem)")
        case .reader(let problem, _, _, _)?:
            return Diagnostic(Location(file: file), "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context)?:
            let keys = names.map { "'\($0)'" }.joined(separator: ", ")
            return Diagnostic(at(context.mark), "given more than once in one mapping: \(keys)")
        default:
            return Diagnostic(Location(file: file), "not valid YAML")
        }
    }
}

extension Location {
    fileprivate func isBefore(_ other: Location) -> Bool { (line, column) < (other.line, other.column) }
}
