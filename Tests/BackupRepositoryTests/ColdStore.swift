import ObjectStorage
import Synchronization

@testable import BackupRepository

/// A store that has some objects in an archive class, and counts the reads that it refuses for that.
final class ColdStore: TieringStore, PassingStore {
    private struct State {
        var archived: Set<ObjectKey> = []
        var thawed: Set<ObjectKey> = []
        var hidesClasses = false
        var refusals = 0
    }

    let base: any ObjectStore
    let largestMove = 5 << 30
    private let state = Mutex(State())

    init(_ base: any ObjectStore) { self.base = base }

    /// True to show no class in a listing, as if the objects were archived after it.
    var hidesClasses: Bool {
        get { state.withLock { $0.hidesClasses } }
        set { state.withLock { $0.hidesClasses = newValue } }
    }
    var refusals: Int { state.withLock { $0.refusals } }

    func archive(_ keys: Set<ObjectKey>) { state.withLock { $0.archived.formUnion(keys) } }
    func thaw(_ keys: Set<ObjectKey>) { state.withLock { $0.thawed.formUnion(keys) } }

    private func classed(_ object: ObjectInfo) -> ObjectInfo {
        var object = object
        if state.withLock({ !$0.hidesClasses && $0.archived.contains(object.key) }) { object.storageClass = .glacier }
        return object
    }

    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        let isRefused = state.withLock { state in
            guard state.archived.contains(key), !state.thawed.contains(key) else { return false }
            state.refusals += 1
            return true
        }
        if isRefused {
            throw ObjectStoreError(.archived, operation: "get", key: key, "it is archived", store: location)
        }
        try base.get(key, range: range, sink)
    }

    func head(_ key: ObjectKey) throws -> ObjectInfo? { try base.head(key).map(classed) }

    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try base.list(prefix: prefix, after: after) { try body(classed($0)) }
    }

    // MARK: Classes

    func placement(of key: ObjectKey) throws -> ObjectPlacement? {
        guard let object = try head(key) else { return nil }
        guard object.storageClass?.isArchive == true else { return ObjectPlacement(object, .ready) }
        return ObjectPlacement(
            object, state.withLock { $0.thawed.contains(key) } ? .thawed(until: nil) : .archived)
    }

    func thaw(_ key: ObjectKey, days: Int, speed: ThawSpeed) throws -> Bool {
        thaw([key])
        return true
    }

    func move(_ object: ObjectInfo, to target: StorageClass, lock: PutOptions.Lock?) throws -> Bool {
        archive([object.key])
        return false
    }

    func refusal(of target: StorageClass) -> String? { nil }
}

extension Repository {
    /// The keys of the packs that a set needs.
    func packs(of set: Timestamp) throws -> Set<ObjectKey> {
        Set(try manifest("tree", of: try self.set(set)).packs.map { try index("tree", $0).key })
    }
}
