package import Components
package import Documents
internal import FoundationEssentials
internal import Glibc

/// Finds and reads `dr.yaml`.
package enum ConfigurationFile {
    /// The default locations of the configuration.
    package static let standardPlaces = ["dr.yaml", "/etc/dr/dr.yaml"]

    private static let emptyHint = "run 'dr init' to write a commented one"

    /// Returns the file named by `--config`, or the first default location with a file.
    /// - Throws: `DocumentError` if there is none.
    package static func locate(explicit: String?, in currentFolder: String? = nil) throws(DocumentError) -> String {
        let folder = currentFolder ?? FileManager.default.currentDirectoryPath
        for place in explicit.map({ [$0] }) ?? standardPlaces {
            let path = place.hasPrefix("/") || currentFolder == nil ? place : "\(folder)/\(place)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        if let explicit {
            throw DocumentError(
                file: explicit, "no such file", hint: "run 'dr init --config \(explicit)' to write a new one")
        }
        throw DocumentError(
            file: standardPlaces.joined(separator: ", "), "no configuration found",
            hint: "add --config FILE, or run 'dr init' to write a new one")
    }

    /// Returns a remark if root would use the configuration of the current folder although the machine has one.
    package static func remark(on path: String, explicit: String?) -> String? {
        guard explicit == nil, geteuid() == 0, path == standardPlaces[0],
            FileManager.default.fileExists(atPath: standardPlaces[1])
        else { return nil }
        let folder = FileManager.default.currentDirectoryPath
        return "using '\(folder)/\(path)', not '\(standardPlaces[1])'; choose with --config FILE"
    }

    /// Reads and validates a configuration; relative paths in it start from its folder.
    /// - Parameter kinds: the supported kinds of components.
    /// - Throws: `DocumentError` with all errors.
    package static func read(
        _ path: String, kinds: [any ComponentKind.Type]
    ) throws(DocumentError) -> Configuration {
        // It names programs, files and servers that get credentials, so no other user may have written it.
        try DocumentError.refuseUntrusted(path)
        return try YAMLDocument(reading: path, emptyHint: emptyHint).section(
            Configuration.self, also: Configuration.keys(of: kinds))
    }

    /// - Parameter kinds: the supported kinds of components.
    package static func parse(
        _ document: YAMLDocument, kinds: [any ComponentKind.Type]
    ) throws(DocumentError) -> Configuration {
        try document.section(Configuration.self, also: Configuration.keys(of: kinds))
    }

    /// - Parameters:
    ///   - file: the name of the text in messages.
    ///   - folder: absolute path that relative paths start from.
    ///   - kinds: the supported kinds of components.
    package static func parse(
        _ text: String, file: String, folder: String, kinds: [any ComponentKind.Type]
    ) throws(DocumentError) -> Configuration {
        try YAMLDocument(text, file: file, folder: folder, emptyHint: emptyHint).section(
            Configuration.self, also: Configuration.keys(of: kinds))
    }
}
