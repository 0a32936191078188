internal import SystemPackage

extension String {
    /// The path without its last name; empty for a name alone.
    package var folderOfPath: String { FilePath(self).removingLastComponent().string }

    /// The text after the last dot in the last name of the path; empty without a dot.
    package var pathExtension: String { FilePath(self).extension ?? "" }

    /// The path without its extension and the dot before it.
    package var withoutPathExtension: String {
        var path = FilePath(self)
        path.extension = nil
        return path.string
    }
}
