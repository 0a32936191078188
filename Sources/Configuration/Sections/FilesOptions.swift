package import StrictYAML

/// Settings of a component of kind `files`: any tree of files on this machine.
package struct FilesOptions: ComponentOptions {
    package static let kind = "files"

    /// Absolute path of the tree.
    package var data = ""
    /// Patterns of paths to leave out, relative to `data`.
    package var exclude: [String] = []

    package init() {}

    package func relocated(to place: Relocation) -> Self? {
        var options = self
        options.data = place.data
        return options
    }
}

extension FilesOptions: ComponentSection {
    package static let keys: [Key<Self>] = [
        Key("data", \.data, .path, required: true, "Folder to back up."),
        Key("exclude", \.exclude, .list(of: .text), "Patterns of paths in it to leave out, such as '*.tmp'."),
    ]
}
