internal import ObjectStorage
internal import Platform

/// A set whose pin was just written: a prune that read the pins before may still remove it.
package enum PinnedSet: Equatable, Sendable {
    /// No prune has announced its removal.
    case safe
    /// Announced, and not due yet: a prune that begins from now on keeps it.
    case announced
    /// Announced and due: a prune that runs now may have read the pins before.
    case due
    /// A prune has removed it.
    case gone

    /// Looks anew at the store. Call it after the pin was written. Blocks.
    /// - Parameters:
    ///   - grace: seconds from an announcement to the removal.
    ///   - now: used if the store does not report its time.
    package init(_ name: Timestamp, in repository: Repository, grace: Int, now: Timestamp) throws {
        let store = repository.store
        store.refresh()
        var announced: Int?
        try Marks(repository).forEach(PruneIntent.self, unreadable: { _ in }) { object, intent in
            guard intent.sets.contains(where: { $0.name == name }) else { return }
            announced = min(announced ?? .max, object.modified ?? .min)
        }
        // After the announcements: a prune removes the set before it removes the announcement.
        guard try repository.unremembered.store.head(Layout.set(name)) != nil else {
            self = .gone
            return
        }
        guard let announced else {
            self = .safe
            return
        }
        let time = try store.storeTime() ?? now.seconds
        self = time.subtractingClamped(announced) >= grace ? .due : .announced
    }
}
