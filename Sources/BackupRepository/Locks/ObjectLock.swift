package import ObjectStorage

/// How the objects of sets are kept from being destroyed, by anybody; `docs/object-lock.md` has the rule and its reasons.
package struct ObjectLock: Hashable, Sendable {
    package var mode: PutOptions.LockMode
    /// Seconds that every needed object is locked ahead, at least: how long backups may fail before locks begin to end.
    package var margin: Int

    package init(mode: PutOptions.LockMode, margin: Int) {
        self.mode = mode
        self.margin = margin
    }

    /// For what is written now, and for what is needed and not known for how long.
    /// - Parameter now: seconds since 1970, by a clock that does not run ahead of the store's.
    func ahead(of now: Int) -> PutOptions.Lock { PutOptions.Lock(mode: mode, until: now + margin) }

    /// Seconds between two times that locks are extended: at any moment three quarters of the margin are left.
    var interval: Int { margin / 4 }
}
