package import Platform

/// The limits of an archive from outside.
package struct ArchiveLimits: Sendable {
    /// Bytes of its plain tar.
    package var plainBytes: Int
    package var entries = 2_000_000
    /// The largest ratio of plain to stored bytes, for an archive of more than ``freeExpansion`` bytes.
    package var expansion = 200
    package var freeExpansion = 256 << 20
    /// True to keep symbolic links whose targets are outside of the archive: a link is data, and is never followed.
    package var keepsLinksOutside = false

    package init(plainBytes: Int) { self.plainBytes = plainBytes }
}

/// An archive that is not unpacked.
package struct ArchiveRefusal: OperationError, Equatable {
    package enum Reason: String, Sendable {
        case truncated = "archive_truncated"
        /// It is not a tar archive, or its tar is damaged.
        case malformed = "archive_malformed"
        /// A path or a link leads out of the folder into which it is unpacked.
        case leaves = "archive_leaves_folder"
        /// It has an entry that is not a file, a directory or a link.
        case special = "archive_special_file"
        case tooLarge = "archive_too_large"
    }

    package var reason: Reason
    /// The entry, as it is named in the archive; empty for the whole archive.
    package var path: String
    package var detail: String

    package init(_ reason: Reason, path: String, _ detail: String) {
        self.reason = reason
        self.path = path
        self.detail = detail
    }

    package var reasonCode: String { reason.rawValue }
    package var place: ErrorPlace {
        ErrorPlace(object: path, text: path.isEmpty ? "the archive is refused" : "entry '\(path.printable)'")
    }
}
