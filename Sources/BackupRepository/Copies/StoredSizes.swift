internal import ObjectStorage
internal import Synchronization

/// The packs and indexes that a store has, by component. Safe to use from many threads.
final class StoredSizes: Sendable {
    private let sizes = Mutex<[String: [ObjectKey: Int]]>([:])

    /// Lists the packs of a component, unless they are known.
    func list(_ component: String, in store: any ObjectStore) throws {
        guard sizes.withLock({ $0[component] == nil }) else { return }
        var found: [ObjectKey: Int] = [:]
        try store.list(prefix: Layout.packPrefix(component), after: nil) { object in
            found[object.key] = object.size
            return .proceed
        }
        sizes.withLock { [found] in $0[component] = found }
    }

    /// True if the store has a pack and an index of these names. A pack appears under its name only whole and verified;
    /// what became of it since, only a repair or a verification looks at.
    func isWhole(_ pack: String, of component: String) -> Bool {
        sizes.withLock { sizes in
            guard let keys = sizes[component], keys[Layout.index(component, pack)] != nil else { return false }
            return [true, false].contains { keys[Layout.pack(component, pack, isEncrypted: $0)] != nil }
        }
    }

    func size(of key: ObjectKey) -> Int? { sizes.withLock { $0[Self.component(of: key)]?[key] } }

    /// True if an object of the source need not be sent.
    /// - Parameter replacesDamaged: true to send one whose size differs.
    func has(_ object: ObjectInfo, replacingDamaged replacesDamaged: Bool) -> Bool {
        guard let size = size(of: object.key) else { return false }
        return size == object.size || !replacesDamaged
    }

    func note(_ key: ObjectKey, size: Int) { sizes.withLock { $0[Self.component(of: key), default: [:]][key] = size } }

    /// Forgets everything, because a prune removes packs.
    func forget() { sizes.withLock { $0 = [:] } }

    private static func component(of key: ObjectKey) -> String {
        String(key.text.prefix { $0 != "/" })
    }
}
