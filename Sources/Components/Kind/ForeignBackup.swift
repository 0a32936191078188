package import BackupRepository

/// One form in which another tool leaves backups of a kind, for `dr import`.
package struct ForeignBackup: Sendable {
    package enum Layout: Equatable, Sendable {
        /// `<folder>/<time>/<file>` below one address, as the scripts of a runbook write it. The backup of one time may
        /// have some of the files only.
        case folder(String, files: [String])
        /// One archive, whose file name is its time.
        case archive
        /// A tree of files in a repository of snapshots.
        case snapshot
    }

    /// The tool, as `dr import` names it.
    package var format: String
    package var layout: Layout
    /// Reads the unpacked files. Blocks; it may write below ``ForeignFiles/work``.
    package var open: @Sendable (ForeignFiles) throws -> any Capture

    package init(
        _ format: String, _ layout: Layout, open: @escaping @Sendable (ForeignFiles) throws -> any Capture
    ) {
        self.format = format
        self.layout = layout
        self.open = open
    }

    /// The names of the formats that no single kind owns.
    package static let runbook = "runbook"
    package static let restic = "restic"
}

/// The files of another tool's backup on this machine. Archives among them are unpacked, each in a directory with the
/// name of the archive; the paths in them are safe.
package struct ForeignFiles: Sendable {
    /// Absolute path of their directory.
    package var root: String
    /// Absolute path of an empty directory for files that the kind makes from them.
    package var work: String
    /// The time of the backup.
    package var time: Timestamp
    package var context: ComponentContext

    package init(root: String, work: String, time: Timestamp, context: ComponentContext) {
        self.root = root
        self.work = work
        self.time = time
        self.context = context
    }
}
