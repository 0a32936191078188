import ObjectStorage
import Synchronization

/// A store in memory with its own clock, as consistent as S3: each call sees all earlier writes.
final class MemoryStore: RetainingStore, PartedStore {
    private struct Object {
        var content: [UInt8]
        var modified: Int
        var lock: PutOptions.Lock?
        var tag: String
    }

    private struct State {
        var objects: [ObjectKey: Object] = [:]
        var clock: Int
        var writes = 0
        var locked: Set<ObjectKey> = []
        /// The number of calls of ``retain(_:_:)``.
        var retained = 0
        var uploads: [UnfinishedUpload] = []
    }

    private let state: Mutex<State>
    let location = "memory://"

    init(clock: Int) { state = Mutex(State(clock: clock)) }

    /// Seconds since 1970.
    var clock: Int {
        get { state.withLock { $0.clock } }
        set { state.withLock { $0.clock = newValue } }
    }

    var keys: [ObjectKey] { state.withLock { $0.objects.keys.sorted() } }
    func keys(_ prefix: String) -> [ObjectKey] { keys.filter { $0.text.hasPrefix(prefix) } }

    /// Returns a copy that is independent from now on.
    func fork() -> MemoryStore {
        let copy = MemoryStore(clock: 0)
        let state = state.withLock { $0 }
        copy.state.withLock { $0 = state }
        return copy
    }

    /// Makes the store refuse to delete objects, like a store without versions does for locked ones.
    func lock(_ keys: [ObjectKey]) { state.withLock { $0.locked.formUnion(keys) } }
    func unlock() { state.withLock { $0.locked.removeAll() } }

    func change(_ key: ObjectKey, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard var object = state.objects[key] else { return }
            change(&object.content)
            state.objects[key] = object
        }
    }

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try state.withLock { state in
            if options.condition == .ifAbsent, state.objects[key] != nil {
                throw ObjectStoreError(
                    .alreadyExists, operation: "put", key: key, "the key is taken", store: "memory://")
            }
            state.writes += 1
            let object = Object(
                content: content, modified: state.clock, lock: options.lock, tag: "\"\(state.writes)\"")
            state.objects[key] = object
            return ObjectInfo(key: key, size: content.count, tag: object.tag, modified: state.clock)
        }
    }

    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        CollectedUpload { [self] content in try put(key, content, options: options) }
    }

    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        guard let object = state.withLock({ $0.objects[key] }) else {
            throw ObjectStoreError(.notFound, operation: "get", key: key, "no such object", store: location)
        }
        let content = range.map { Array(object.content[$0]) } ?? object.content
        try sink(content.span.bytes)
    }

    func head(_ key: ObjectKey) throws -> ObjectInfo? {
        state.withLock { $0.objects[key] }.map {
            ObjectInfo(key: key, size: $0.content.count, tag: $0.tag, modified: $0.modified)
        }
    }

    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        let found = state.withLock { $0.objects.filter { $0.key.text.hasPrefix(prefix) } }
        for (key, object) in found.sorted(by: { $0.key < $1.key }) where after.map({ $0 < key }) ?? true {
            let info = ObjectInfo(
                key: key, size: object.content.count, tag: object.tag, modified: object.modified)
            if try body(info) == .stop { return }
        }
    }

    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        state.withLock { state in
            keys.compactMap { key in
                if state.locked.contains(key), state.objects[key] != nil {
                    return ObjectStoreError(
                        .locked, operation: "delete", key: key, "the object is locked", store: "memory://")
                }
                state.objects[key] = nil
                return nil
            }
        }
    }

    func storeTime() -> Int? { clock }

    // MARK: Optional features of stores

    var retained: Int { state.withLock { $0.retained } }
    var unfinished: [UnfinishedUpload] {
        get { state.withLock { $0.uploads } }
        set { state.withLock { $0.uploads = newValue } }
    }

    func retention(of key: ObjectKey) throws -> PutOptions.Lock? {
        try state.withLock { state in
            guard let object = state.objects[key] else {
                throw ObjectStoreError(
                    .notFound, operation: "get the retention of", key: key, "no such object", store: "memory://")
            }
            return object.lock
        }
    }

    func retain(_ key: ObjectKey, _ lock: PutOptions.Lock) throws {
        try state.withLock { state in
            guard var object = state.objects[key] else {
                throw ObjectStoreError(.notFound, operation: "lock", key: key, "no such object", store: "memory://")
            }
            guard (object.lock?.until ?? 0) <= lock.until, object.lock?.mode != .compliance || lock.mode == .compliance
            else {
                throw ObjectStoreError(
                    .denied, operation: "lock", key: key, "it is locked for longer", store: "memory://")
            }
            object.lock = lock
            state.objects[key] = object
            state.retained += 1
        }
    }

    func retentionSupport() -> RetentionSupport { RetentionSupport(isEnabled: true) }

    func unfinishedUploads(_ body: (UnfinishedUpload) throws -> Void) throws { try unfinished.forEach(body) }
    func abort(_ upload: UnfinishedUpload) { state.withLock { $0.uploads.removeAll { $0 == upload } } }
}
