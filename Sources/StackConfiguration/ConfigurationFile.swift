package import Components
package import Documents
internal import Foundation

/// Finds and reads `dr.yaml`.
package enum ConfigurationFile {
    /// Where a configuration is looked for when none is named.
    package static let standardPlaces = ["dr.yaml", "/etc/dr/dr.yaml"]

    private static let emptyHint = "'dr init' writes a commented one"

    /// The file to use: the one named by `--config`, or the first standard place that has one.
    /// - Throws: `DocumentError` when there is none.
    package static func locate(explicit: String?, in currentFolder: String? = nil) throws(DocumentError) -> String {
        let folder = currentFolder ?? FileManager.default.currentDirectoryPath
        for place in explicit.map({ [$0] }) ?? standardPlaces {
            let path = place.hasPrefix("/") || currentFolder == nil ? place : "\(folder)/\(place)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        if let explicit {
            throw DocumentError(
                file: explicit, "no such file", hint: "'dr init --config \(explicit)' writes a new one")
        }
        throw DocumentError(
            file: standardPlaces.joined(separator: ", "), "no configuration found",
            hint: "name one with --config, or write a new one with 'dr init'")
    }

    /// Reads and checks a configuration; relative paths in it start from its folder.
    /// - Parameter kinds: the kinds of components that may stand in it.
    /// - Throws: `DocumentError` with everything that is wrong.
    package static func read(
        _ path: String, kinds: [any ComponentKind.Type]
    ) throws(DocumentError) -> Configuration {
        try YAMLDocument(reading: path, emptyHint: emptyHint).section(
            Configuration.self, also: Configuration.keys(of: kinds))
    }

    /// - Parameters:
    ///   - file: the name of the text in messages.
    ///   - folder: absolute path that relative paths start from.
    ///   - kinds: the kinds of components that may stand in it.
    package static func parse(
        _ text: String, file: String, folder: String, kinds: [any ComponentKind.Type]
    ) throws(DocumentError) -> Configuration {
        try YAMLDocument(text, file: file, folder: folder, emptyHint: emptyHint).section(
            Configuration.self, also: Configuration.keys(of: kinds))
    }
}
