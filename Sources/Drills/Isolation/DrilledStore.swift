package import ObjectStorage

/// The live store in a drill: readable, but writable only for the marks of sets. Archived packs can be thawed, which
/// changes no object.
package struct DrilledStore: TieringStore, DiscardingStore, BufferingStore {
    private let live: any ObjectStore
    private static let marks = "marks/"

    package init(_ live: any ObjectStore) { self.live = live }

    package var location: String { live.location }
    package var transferMemory: Int { live.memoryOfTransfer }

    /// Without this, a copy would not be asked for what the first store has damaged.
    package func discardContent(of key: ObjectKey) { live.discard(key) }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try live.get(key, range: range, sink)
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? { try live.head(key) }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try live.list(prefix: prefix, after: after, body)
    }

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        guard "\(key)".hasPrefix(Self.marks) else { throw refusal("write", key) }
        return try live.put(key, content, options: options)
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        throw refusal("write", key)
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { keys.map { refusal("delete", $0) } }

    // MARK: Classes

    package var hasClasses: Bool { live.tiering != nil }

    package var largestMove: Int { 0 }

    package func placement(of key: ObjectKey) throws -> ObjectPlacement? { try live.anyPlacement(of: key) }

    package func thaw(_ key: ObjectKey, days: Int, speed: ThawSpeed) throws -> Bool {
        guard let tiering = live.tiering else {
            throw ObjectStoreError(
                .unsupported, operation: "thaw", key: key, "the store has no storage classes", store: location)
        }
        return try tiering.thaw(key, days: days, speed: speed)
    }

    package func move(_ object: ObjectInfo, to target: StorageClass, lock: PutOptions.Lock?) throws -> Bool {
        throw refusal("move", object.key)
    }

    package func refusal(of target: StorageClass) throws -> String? { "a drill moves nothing" }

    private func refusal(_ operation: String, _ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(
            .denied, operation: operation, key: key, "a drill writes only marks to the store", store: location)
    }
}
