internal import ObjectStorage
internal import Synchronization

/// The objects of a repository in memory.
final class FuzzStore: ObjectStore {
    let location = "memory://fuzz"
    private let objects: Mutex<[ObjectKey: [UInt8]]>
    /// The modification time of all objects, in seconds since 1970.
    private let modified: Int

    init(_ objects: [ObjectKey: [UInt8]] = [:], modified: Int) {
        self.objects = Mutex(objects)
        self.modified = modified
    }

    var all: [ObjectKey: [UInt8]] { objects.withLock { $0 } }

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try objects.withLock { objects in
            if options.condition == .ifAbsent, objects[key] != nil {
                throw ObjectStoreError(.alreadyExists, operation: "put", key: key, "the key is taken", store: location)
            }
            objects[key] = content
            return ObjectInfo(key: key, size: content.count, modified: modified)
        }
    }

    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload { Upload(self, key, options) }

    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        guard let content = objects.withLock({ $0[key] }) else {
            throw ObjectStoreError(.notFound, operation: "get", key: key, "no such object", store: location)
        }
        guard let range else { return try sink(content.span.bytes) }
        guard range.lowerBound >= 0, range.upperBound <= content.count else {
            throw ObjectStoreError(.invalidRange, operation: "get", key: key, "outside the object", store: location)
        }
        try sink(content.span.bytes.extracting(range))
    }

    func head(_ key: ObjectKey) throws -> ObjectInfo? {
        objects.withLock { $0[key] }.map { ObjectInfo(key: key, size: $0.count, modified: modified) }
    }

    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        let found = objects.withLock { $0.filter { $0.key.text.hasPrefix(prefix) } }
        for (key, content) in found.sorted(by: { $0.key < $1.key }) where after.map({ $0 < key }) ?? true {
            if try body(ObjectInfo(key: key, size: content.count, modified: modified)) == .stop { return }
        }
    }

    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        objects.withLock { objects in for key in keys { objects[key] = nil } }
        return []
    }

    private final class Upload: ObjectUpload {
        private let store: FuzzStore
        private let key: ObjectKey
        private let options: PutOptions
        private var content: [UInt8] = []

        init(_ store: FuzzStore, _ key: ObjectKey, _ options: PutOptions) {
            self.store = store
            self.key = key
            self.options = options
        }

        func write(_ bytes: RawSpan) throws { bytes.withUnsafeBytes { content += $0 } }
        func finish() throws -> ObjectInfo { try store.put(key, content, options: options) }
        func cancel() {}
    }
}
