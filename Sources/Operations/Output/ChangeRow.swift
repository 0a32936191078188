package import BackupRepository
import Platform

/// A file that differs between two backup sets, in the document of `dr diff`.
package struct ChangeRow: Encodable {
    package var component: String
    package var change: String
    package var path: String
    package var path64: String?
    package var size: Int
    /// The size in the older set.
    package var was: Int?

    package init(_ change: TreeListing.Change, of record: FileRecord, in component: String, was older: FileRecord?) {
        self.component = component
        self.change = change.rawValue
        path = record.name
        path64 = record.path64
        size = record.size
        was = older?.size
    }
}
