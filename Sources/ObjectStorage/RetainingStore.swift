/// A store that can make objects write-once until a moment: S3's object lock. Until then nobody can destroy the
/// content or shorten the time; with `.governance` whoever has a special permission still can.
///
/// Such a store keeps versions: a plain delete only hides a locked object, and succeeds. So whoever means to remove
/// something asks for its ``retention(of:)`` first.
package protocol RetainingStore: ObjectStore {
    /// - Returns: nil for an object that is not locked; a lock that is over may still be told.
    /// - Throws: `.notFound`; `.unsupported` where the storage was made without locks.
    func retention(of key: ObjectKey) throws -> PutOptions.Lock?

    /// Locks an object, or locks it longer.
    /// - Throws: as ``retention(of:)``; `.denied` also when `lock` ends before one that is there.
    func retain(_ key: ObjectKey, _ lock: PutOptions.Lock) throws

    /// What the storage says of itself.
    func retentionSupport() throws -> RetentionSupport
}

package struct RetentionSupport: Equatable, Sendable {
    /// Whether objects can be locked.
    package var isEnabled: Bool
    /// What every new object gets when nothing is asked for, such as `GOVERNANCE 30 days`.
    package var standard: String?

    package init(isEnabled: Bool, standard: String? = nil) {
        self.isEnabled = isEnabled
        self.standard = standard
    }
}
