/// A store that can make objects write-once until a time: S3's object lock. Until then no user can destroy the content
/// or shorten the time; with `.governance` a user with a special permission still can.
///
/// Such a store keeps versions: a plain delete only hides a locked object, and succeeds. So a caller that wants to
/// remove an object must check its ``retention(of:)`` first.
package protocol RetainingStore: ObjectStore {
    /// - Returns: nil for an object without a lock; the store may still report an expired lock.
    /// - Throws: `.notFound`; `.unsupported` if the storage was created without locks; `.locked` for a lock that
    ///   cannot be read.
    func retention(of key: ObjectKey) throws -> PutOptions.Lock?

    /// Locks an object, or extends its lock.
    /// - Throws: as ``retention(of:)``; `.denied` also if `lock` ends before an existing one.
    func retain(_ key: ObjectKey, _ lock: PutOptions.Lock) throws

    /// Returns the lock support that the storage reports.
    func retentionSupport() throws -> RetentionSupport
}

package struct RetentionSupport: Equatable, Sendable {
    /// True if objects can be locked.
    package var isEnabled: Bool
    /// The default lock of new objects, such as `GOVERNANCE 30 days`.
    package var standard: String?

    package init(isEnabled: Bool, standard: String? = nil) {
        self.isEnabled = isEnabled
        self.standard = standard
    }
}
