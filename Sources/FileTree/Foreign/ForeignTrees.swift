internal import BackupRepository
internal import Components

/// Trees of files in another tool's snapshots.
enum ForeignTrees {
    static let forms = [
        ForeignBackup(ForeignBackup.restic, .snapshot) { files in ForeignTree(files.root) }
    ]
}
