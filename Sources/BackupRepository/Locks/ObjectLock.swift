package import ObjectStorage

/// The protection of sets' objects from deletion by any user; `docs/object-lock.md` has the rule and its reasons.
package struct ObjectLock: Hashable, Sendable {
    package var mode: PutOptions.LockMode
    /// The least time in seconds for which every needed object is locked: the time that backups may fail before locks
    /// expire.
    package var margin: Int

    package init(mode: PutOptions.LockMode, margin: Int) {
        self.mode = mode
        self.margin = margin
    }

    /// Returns the lock for new objects, and for objects that are needed for an unknown time.
    /// - Parameter now: seconds since 1970, by a clock that is not ahead of the store's.
    func ahead(of now: Int) -> PutOptions.Lock { PutOptions.Lock(mode: mode, until: now + margin) }

    /// Seconds between two extensions of locks: three quarters of the margin are left at any time.
    var interval: Int { margin / 4 }
}
