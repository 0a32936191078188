import Foundation
import ObjectStorage
import Synchronization

/// A store with injected faults: it counts operations, fails all after the N-th, and damages reads.
final class FaultyStore: ObjectStore {
    let base: any ObjectStore
    private let state: Mutex<State>

    private struct State {
        var operations = 0
        /// The number of operations after which no write reaches the store, as after a kill.
        var limit = Int.max
        /// The interval of reads of one object at which a byte is damaged, or the transfer is truncated; 0 for never.
        var damageEvery = 0
        var truncateEvery = 0
        /// Reads are counted for each object separately, so that concurrent readers do not change the number of
        /// consecutive faults for one of them.
        var reads: [ObjectKey: Int] = [:]
        var faults = 0
    }

    struct Killed: Error {}

    var location: String { base.location }
    var operations: Int { state.withLock { $0.operations } }
    /// Reads that were damaged or truncated.
    var faults: Int { state.withLock { $0.faults } }

    init(_ base: any ObjectStore, limit: Int = .max, damageEvery: Int = 0, truncateEvery: Int = 0) {
        self.base = base
        state = Mutex(State(limit: limit, damageEvery: damageEvery, truncateEvery: truncateEvery))
    }

    private func count() throws {
        try state.withLock { state in
            guard state.operations < state.limit else { throw Killed() }
            state.operations += 1
        }
    }

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        try count()
        return try base.put(key, content, options: options)
    }

    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        try count()
        return Upload(try base.upload(key, options), self)
    }

    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try count()
        let (damages, truncates) = state.withLock { state in
            // The start of an object's count depends on its name, so that some fail at once and others later.
            let count = state.reads[key, default: key.text.utf8.reduce(0) { $0 + Int($1) }] + 1
            state.reads[key] = count
            let damages = state.damageEvery > 0 && count % state.damageEvery == 0
            let truncates = state.truncateEvery > 0 && count % state.truncateEvery == 0
            if damages || truncates { state.faults += 1 }
            return (damages, truncates)
        }
        guard damages || truncates else { return try base.get(key, range: range, sink) }
        var content: [UInt8] = []
        try base.get(key, range: range) { piece in piece.withUnsafeBytes { content += $0 } }
        if damages, !content.isEmpty { content[content.count / 2] ^= 0x10 }
        if truncates { content.removeLast(content.count / 2) }
        try sink(content.span.bytes)
        if truncates { throw ObjectStoreError(.truncated, operation: "get", key: key, "cut short", store: location) }
    }

    func head(_ key: ObjectKey) throws -> ObjectInfo? {
        try count()
        return try base.head(key)
    }

    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try count()
        try base.list(prefix: prefix, after: after, body)
    }

    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        try count()
        return try base.delete(keys)
    }

    private final class Upload: ObjectUpload {
        private let base: any ObjectUpload
        private let store: FaultyStore

        init(_ base: any ObjectUpload, _ store: FaultyStore) {
            self.base = base
            self.store = store
        }

        func write(_ bytes: RawSpan) throws {
            try store.count()
            try base.write(bytes)
        }

        func finish() throws -> ObjectInfo {
            try store.count()
            return try base.finish()
        }

        func cancel() { base.cancel() }
    }
}
