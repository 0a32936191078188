package import Documents

/// A tree of files on this machine, as configured in `dr.yaml`.
package struct FilesComponent: Equatable, Sendable {
    /// Absolute path of the tree.
    package var data = ""
    /// Patterns of paths to skip, relative to `data`, in gitignore's syntax.
    package var exclude: [String] = []

    package init() {}
}

extension FilesComponent: Section {
    package static let keys: [Key<Self>] = [
        Key("data", \.data, as: .path, required: true, about: "Folder to back up."),
        Key(
            "exclude", \.exclude, as: .list(of: .ignorePattern),
            about: "Patterns of paths in it to skip, as in .gitignore, such as '*.tmp', 'cache/' or '!/cache/keep'."),
    ]
}

extension Shape where Value == String {
    /// A pattern of gitignore(5) that can match something.
    static let ignorePattern = Shape(schema: ["type": "string"]) { node, reader in
        guard let pattern = Shape.text.read(node, &reader) else { return nil }
        do throws(IgnorePatternError) {
            _ = try IgnorePatterns([pattern])
            return pattern
        } catch {
            reader.complain(node, "the pattern '\(pattern)' matches nothing: \(error.reason)", hint: error.hint)
            return nil
        }
    }
}
