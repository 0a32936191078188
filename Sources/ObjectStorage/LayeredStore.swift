/// A store in front of another one, which shows the optional abilities of the other.
package protocol LayeredStore: ObjectStore {
    var base: any ObjectStore { get }
}

extension ObjectStore {
    /// Returns the store itself, or one behind it, that has an optional ability, such as `(any RetainingStore).self`;
    /// nil if none has.
    package func with<Ability>(_ ability: Ability.Type) -> Ability? {
        self as? Ability ?? (self as? any LayeredStore)?.base.with(ability)
    }

    /// Makes a store that remembers answers ask again. Call it where an older answer could do harm.
    package func refresh() { with(RememberedObjects.self)?.forget() }

    /// Makes a store that keeps contents fetch this one again: it was not as it must be.
    package func discard(_ key: ObjectKey) { with(RememberedObjects.self)?.discard(key) }
}
