package import ObjectStorage

/// A read-only view of a store in which one object is damaged, from which a control run restores.
package struct DamagedStore: DiscardingStore, BufferingStore {
    package enum Damage: Equatable, Sendable {
        /// Each read returns the byte at an offset of an object with one bit changed.
        case flippedBit(ObjectKey, at: Int)
        /// The object does not exist.
        case missing(ObjectKey)
    }

    private let whole: any ObjectStore
    private let damage: Damage

    package init(_ store: any ObjectStore, _ damage: Damage) {
        whole = store
        self.damage = damage
    }

    package var location: String { whole.location }
    package var transferMemory: Int { whole.memoryOfTransfer }

    package func discardContent(of key: ObjectKey) { whole.discard(key) }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        switch damage {
        case .missing(key):
            throw ObjectStoreError(
                .notFound, operation: "read", key: key, "removed for the negative control", store: location)
        case .flippedBit(key, let offset):
            var position = range?.lowerBound ?? 0
            try whole.get(key, range: range) { piece in
                let bytes = position..<position + piece.byteCount
                position = bytes.upperBound
                guard bytes.contains(offset) else { return try sink(piece) }
                var copy = piece.withUnsafeBytes { Array($0) }
                copy[offset - bytes.lowerBound] ^= 0x10
                try sink(copy.span.bytes)
            }
        default: try whole.get(key, range: range, sink)
        }
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? {
        if case .missing(key) = damage { return nil }
        return try whole.head(key)
    }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try whole.list(prefix: prefix, after: after) { object in
            if case .missing(object.key) = damage { return .proceed }
            return try body(object)
        }
    }

    // A control run does not write.

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        throw refusal("write", key)
    }
    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        throw refusal("write", key)
    }
    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { keys.map { refusal("delete", $0) } }

    private func refusal(_ operation: String, _ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(.denied, operation: operation, key: key, "a negative control only reads", store: location)
    }
}
