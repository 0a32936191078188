package import BackupRepository

/// A way to put back the parts of a component that are damaged or missing.
package enum HealMethod: Sendable {
    /// Exchanges parts in the data directory.
    case files(any ComponentHealer)
    /// Creates the objects that the server lacks, through the importer. An object with other content was changed by a
    /// user, and is not damaged.
    case objects
}
