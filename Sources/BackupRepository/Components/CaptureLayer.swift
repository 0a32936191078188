/// A directory that belongs to a captured tree and is read in place, because a copy would cost too much: Loki's chunks
/// beside a private copy of its index.
///
/// The tree is then the union of ``Capture/root`` and its layers. If both have a path below ``name``, the root's is
/// used. The layer describes the directory at ``name`` itself.
package struct CaptureLayer: Equatable, Sendable {
    /// The name at the tree's top below which the directory appears.
    package var name: String
    /// Absolute path of the directory.
    package var directory: String
    /// Entries at the directory's top that are not part of the tree, because the root has replacements for them.
    package var hidden: Set<String>

    package init(_ name: String, directory: String, hidden: Set<String> = []) {
        self.name = name
        self.directory = directory
        self.hidden = hidden
    }
}
