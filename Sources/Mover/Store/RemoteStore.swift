internal import BackupRepository
internal import Cryptography
internal import Documents
internal import FoundationEssentials
package import ObjectStorage

/// The coordinator's store, as a mover sees it: no credentials, no keys, and only the objects of its component.
///
/// Both sides compare the size and SHA-256 of each document that passes; the coordinator hashes packs as they arrive.
package struct RemoteStore: ObjectStore {
    package let location: String
    private let conversation: Conversation

    /// - Parameter location: the coordinator's name of the store, for messages.
    package init(_ conversation: Conversation, location: String) {
        self.conversation = conversation
        self.location = location
    }

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        var request = StoreRequest(.put, key)
        request.isConditional = options.condition == .ifAbsent
        return try ask(request, of: key) { call in
            try call.write(content.span.bytes)
            try call.finish(Transfer(size: content.count, sha256: Digest(of: content)))
            return try info(in: try call.result(), of: key)
        }
    }

    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        var request = StoreRequest(.upload, key)
        request.isConditional = options.condition == .ifAbsent
        return RemoteUpload(try conversation.open(request), of: key, to: self, conversation)
    }

    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try fetch(StoreRequest(.get, key, range: range), key, sink: sink)
    }

    /// Takes pieces of an object, and compares them with the coordinator's last word on them.
    fileprivate func fetch(_ request: StoreRequest, _ key: ObjectKey, sink: (RawSpan) throws -> Void) throws {
        try ask(request, of: key) { call in
            var meter = TransferMeter()
            let result = try call.result { piece in
                meter.add(piece.span.bytes)
                try sink(piece.span.bytes)
            }
            let announced = try Call.decode(Transfer.self, result)
            let arrived = meter.transfer()
            guard announced.size == arrived.size, announced.sha256 == arrived.sha256 else {
                throw ObjectStoreError(
                    .truncated, operation: request.operation.rawValue, key: key,
                    "\(arrived.size) of \(announced.size) bytes arrived at the mover, or others than were sent",
                    store: location)
            }
        }
    }

    package func head(_ key: ObjectKey) throws -> ObjectInfo? {
        try ask(StoreRequest(.head, key), of: key) { call in
            try Call.decode([StoredObject].self, try call.result()).first?.info
        }
    }

    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        struct Stop: Error {}
        var request = StoreRequest(.list)
        request.prefix = prefix
        request.after = after?.text
        do {
            try ask(request, of: nil) { call in
                _ = try call.result { page in
                    for object in try Call.decode([StoredObject].self, page) {
                        guard let info = object.info else { throw LinkError(.malformed, "an impossible key") }
                        if try body(info) == .stop { throw Stop() }
                    }
                }
            }
        } catch is Stop {}
    }

    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
        keys.map { ObjectStoreError(.denied, operation: "delete", key: $0, "a mover deletes nothing", store: location) }
    }

    /// Returns those of `packs` that prunes remove.
    package func doomed(_ packs: Set<String>) throws -> Set<String> {
        try ask(StoreRequest(.doomed), of: nil) { call in
            try call.write(JSONEncoder().encode(packs.sorted()).span.bytes)
            try call.finish([] as [String])
            var doomed: [UInt8] = []
            _ = try call.result { doomed += $0 }
            return try Call.decode(Set<String>.self, doomed)
        }
    }

    /// Asks the coordinator, which sees the other users of the volume.
    /// - Throws: the reason for which a restored tree may not replace the present one.
    package func mayReplace() throws {
        try ask(StoreRequest(.mayReplace), of: nil) { call in _ = try call.result() }
    }

    // MARK: -

    fileprivate func ask<Value>(
        _ request: StoreRequest, of key: ObjectKey?, _ body: (Call) throws -> Value
    ) throws -> Value {
        do { return try conversation.call(request, body) } catch let failure as CallFailure {
            throw error(failure, request.operation, key: key)
        }
    }

    fileprivate func error(
        _ failure: CallFailure, _ operation: StoreRequest.Operation, key: ObjectKey?
    ) -> any Error {
        if failure.isCancelled { return CancellationError() }
        guard failure.store != nil else {
            guard let reason = RepositoryError.Reason(rawValue: failure.reasonCode) else { return failure }
            return RepositoryError(
                reason, object: failure.object ?? key?.text ?? location, failure.detail, hint: failure.hint)
        }
        return failure.storeError(operation: failure.operation ?? operation.rawValue, key: key, store: location)
    }

    fileprivate func info(in result: [UInt8], of key: ObjectKey) throws -> ObjectInfo {
        guard let info = try Call.decode(StoredObject.self, result).info, info.key == key else {
            throw LinkError(.malformed, "the answer is about another object")
        }
        return info
    }
}

/// An object that a mover writes to the coordinator's store.
private final class RemoteUpload: HashingUpload {
    private let call: Call
    private let key: ObjectKey
    private let store: RemoteStore
    private let conversation: Conversation
    private var buffer: [UInt8] = []
    private var size = 0
    private var isOver = false

    init(_ call: Call, of key: ObjectKey, to store: RemoteStore, _ conversation: Conversation) {
        self.call = call
        self.key = key
        self.store = store
        self.conversation = conversation
        buffer.reserveCapacity(CallMessage.longestPiece)
    }

    func write(_ bytes: RawSpan) throws {
        var rest = bytes
        if !buffer.isEmpty {
            let part = rest.extracting(first: min(rest.byteCount, CallMessage.longestPiece - buffer.count))
            part.withUnsafeBytes { buffer.append(contentsOf: $0) }
            rest = rest.extracting(droppingFirst: part.byteCount)
            if buffer.count == CallMessage.longestPiece { try sendBuffer() }
        }
        // Long writes, which are the rule, are not copied into the buffer.
        let whole = rest.byteCount / CallMessage.longestPiece * CallMessage.longestPiece
        if whole > 0 { try send(rest.extracting(first: whole)) }
        rest.extracting(droppingFirst: whole).withUnsafeBytes { buffer.append(contentsOf: $0) }
    }

    private func send(_ bytes: RawSpan) throws {
        guard !isOver else { return }
        size += bytes.byteCount
        do { try call.write(bytes) } catch let failure as CallFailure {
            throw store.error(failure, .upload, key: key)
        }
    }

    private func sendBuffer() throws {
        guard !buffer.isEmpty else { return }
        let bytes = buffer
        buffer = []
        try send(bytes.span.bytes)
        buffer.reserveCapacity(CallMessage.longestPiece)
    }

    func finish() throws -> ObjectInfo { try finishHashed().info }

    func finishHashed() throws -> (info: ObjectInfo, sha256: Digest) {
        try sendBuffer()
        do {
            try call.finish(SentPack(size: size))
            let result = try Call.decode(Transfer.self, try call.result())
            isOver = true
            conversation.close(call)
            guard result.size == size, let info = result.object?.info, info.key == key else {
                throw LinkError(.malformed, "the answer is about another object")
            }
            return (info, result.sha256)
        } catch let failure as CallFailure { throw store.error(failure, .upload, key: key) }
    }

    func cancel() {
        guard !isOver else { return }
        isOver = true
        call.fail(CancellationError())
        conversation.close(call)
    }

    deinit { cancel() }
}

/// The coordinator's keys, as a mover uses them.
package struct RemoteKeys: EncryptionDelegate {
    private let store: RemoteStore

    package init(_ store: RemoteStore) { self.store = store }

    package func seal(_ document: [UInt8], as key: ObjectKey) throws -> [UInt8] {
        try exchange(StoreRequest(.seal, key), document, of: key)
    }

    package func open(_ object: [UInt8], of key: ObjectKey) throws -> [UInt8] {
        try exchange(StoreRequest(.open, key), object, of: key)
    }

    package func openPack(_ key: ObjectKey, range: Range<Int>, _ sink: (RawSpan) throws -> Void) throws {
        do { try store.fetch(StoreRequest(.openPack, key, range: range), key, sink: sink) } catch let error
            as RepositoryError where error.reason == .damaged
        {
            // The reader of packs knows damage as an incomplete object.
            throw ObjectStoreError(.truncated, operation: "get", key: key, error.detail, store: store.location)
        }
    }

    private func exchange(_ request: StoreRequest, _ document: [UInt8], of key: ObjectKey) throws -> [UInt8] {
        try store.ask(request, of: key) { call in
            try call.write(document.span.bytes)
            try call.finish(Transfer(size: document.count, sha256: Digest(of: document)))
            var changed: [UInt8] = []
            let result = try call.result { changed += $0 }
            let transfer = try Call.decode(Transfer.self, result)
            guard transfer.size == changed.count, transfer.sha256 == Digest(of: changed) else {
                throw ObjectStoreError(
                    .truncated, operation: request.operation.rawValue, key: key, "it did not arrive whole",
                    store: store.location)
            }
            return changed
        }
    }
}
