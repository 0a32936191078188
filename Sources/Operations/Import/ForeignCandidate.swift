import BackupRepository
import Components
import StackConfiguration

/// One backup of another tool, which becomes one backup set.
struct ForeignCandidate: Sendable {
    /// The part of one component.
    struct Part: Sendable {
        var component: ComponentConfiguration
        var form: ForeignBackup
        var files: [ForeignFile]
        /// The directory of the component in the archive of a snapshot, relative.
        var folder: String?
    }

    var time: Timestamp
    /// Its name at the source.
    var name: String
    /// The address of the source, without credentials.
    var from: String
    var parts: [Part]
}

/// One file of another tool's backup.
struct ForeignFile: Sendable {
    var record: ImportedFrom.File
    /// The time of its last write at the source in seconds since 1970; nil if it is not known.
    var modified: Int?
    /// Its name without folders.
    var name: String
    /// True for a tar archive, which is unpacked.
    var isArchive: Bool
    /// True to keep links of the archive that lead out of it.
    var keepsLinksOutside = false
    /// Returns a reader of its content, piece by piece; it returns nil at the end.
    var pieces: @Sendable () throws -> () throws -> [UInt8]?

    static func isArchive(_ name: String) -> Bool { [".tar.gz", ".tgz", ".tar"].contains { name.hasSuffix($0) } }
}

/// A backup of another tool that cannot be imported.
struct ForeignProblem: Sendable {
    var source: String
    var reason: String
}

/// The backups that a source has.
struct ForeignFindings: Sendable {
    var candidates: [ForeignCandidate] = []
    var problems: [ForeignProblem] = []
    /// Remarks on what is not a backup.
    var notes: [String] = []
}
