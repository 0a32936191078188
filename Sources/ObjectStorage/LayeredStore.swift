/// A store in front of another one, which shows the optional abilities of the other.
package protocol LayeredStore: ObjectStore {
    var base: any ObjectStore { get }
}

/// A store that holds a part of each transfer in memory.
package protocol BufferingStore: ObjectStore {
    /// The bytes that an upload or read needs to get to its end.
    var transferMemory: Int { get }
}

extension ObjectStore {
    /// The bytes of memory that an upload to the store, or a read from it, needs to get to its end.
    package var memoryOfTransfer: Int { with((any BufferingStore).self)?.transferMemory ?? 1 << 20 }

    /// Returns the store itself, or one behind it, that has an optional ability, such as `(any RetainingStore).self`;
    /// nil if none has.
    package func with<Ability>(_ ability: Ability.Type) -> Ability? {
        self as? Ability ?? (self as? any LayeredStore)?.base.with(ability)
    }

    /// Makes a store that remembers answers ask again. Call it where an older answer could do harm.
    package func refresh() { with(RememberedObjects.self)?.forget() }

    /// Makes the next read of a content come from elsewhere, if it can: this one was not as it must be. A store that keeps
    /// contents fetches it again, and one in front of several stores asks the next of them.
    package func discard(_ key: ObjectKey) {
        (self as? any DiscardingStore)?.discardContent(of: key)
        (self as? any LayeredStore)?.base.discard(key)
    }

    /// Makes a store that keeps contents fetch those of sets and marks with these prefixes side by side. Blocks.
    package func prepare(_ prefixes: [String]) { with(RememberedObjects.self)?.prepare(prefixes) }
}

/// A store that has more than one source for a content.
package protocol DiscardingStore: ObjectStore {
    func discardContent(of key: ObjectKey)
}
