package import BackupRepository
internal import Cryptography
internal import FoundationEssentials
internal import ObjectStorage
internal import Synchronization

/// Answers a mover's calls to the store: the coordinator's credentials and keys stay here.
///
/// A mover's calls are data from outside: it gets only the objects of its component, and can replace or delete none.
package struct StoreService: Conversation.Answering {
    private let repository: Repository
    private let rights: StoreRights
    private let doomed: @Sendable (Set<String>) throws -> Set<String>
    private let mayReplace: (@Sendable () async throws -> Void)?
    /// The documents that the mover has read: only these are decrypted for it.
    private let read: ServedDocuments

    /// - Parameters:
    ///   - repository: with the credentials and keys, and the locks of new objects.
    ///   - mayWrite: false for a restore.
    ///   - doomed: returns those packs of the component that prunes remove.
    ///   - mayReplace: throws if a restored tree may not replace the present one; nil if the mover restores nothing.
    package init(
        _ repository: Repository, component: String, mayWrite: Bool,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String> = { _ in [] },
        mayReplace: (@Sendable () async throws -> Void)? = nil
    ) {
        self.repository = repository
        rights = StoreRights(
            component: component, mayWrite: mayWrite, needsEncryption: !repository.encryption.recipients.isEmpty)
        self.doomed = doomed
        self.mayReplace = mayReplace
        read = ServedDocuments()
    }

    package func answer(_ request: [UInt8], _ call: Call, in _: Conversation) async throws {
        let request = try Call.decode(StoreRequest.self, request)
        switch request.operation {
        case .put: try put(try key(of: request, rights.mayWrite), call)
        case .upload: try upload(try key(of: request, rights.mayWrite), call)
        case .get: try get(try key(of: request, rights.mayRead), try request.range(), call: call)
        case .head: try head(try key(of: request, rights.mayRead), call)
        case .list: try list(request, call)
        case .seal: try seal(try key(of: request) { rights.mayWrite($0) && rights.isDocument($0) }, call)
        case .open: try open(try key(of: request, rights.isDocument), call)
        case .openPack: try openPack(try key(of: request, rights.isPack), try request.range(), call: call)
        case .doomed: try askDoomed(call)
        case .mayReplace:
            guard let mayReplace else { throw denied(request, nil) }
            try await mayReplace()
            try call.finish([] as [String])
        }
    }

    private func key(of request: StoreRequest, _ isAllowed: (ObjectKey) -> Bool) throws -> ObjectKey {
        guard let key = request.key.flatMap(ObjectKey.init), isAllowed(key) else {
            throw denied(request, request.key.flatMap(ObjectKey.init))
        }
        return key
    }

    private func denied(_ request: StoreRequest, _ key: ObjectKey?) -> ObjectStoreError {
        ObjectStoreError(
            .denied, operation: request.operation.rawValue, key: key,
            "the mover of component '\(rights.component)' may not use this object", store: repository.store.location)
    }

    // MARK: Writing

    private func put(_ key: ObjectKey, _ call: Call) throws {
        let content = try content(of: call, limit: DocumentLimits.longestManifest, key)
        try call.finish(StoredObject(try repository.store.put(key, content, options: repository.writing)))
    }

    private func upload(_ key: ObjectKey, _ call: Call) throws {
        let upload = try repository.store.upload(key, repository.writing)
        do {
            var meter = TransferMeter()
            let result = try call.result { piece in
                meter.add(piece.span.bytes)
                try upload.write(piece.span.bytes)
            }
            let sent = try Call.decode(SentPack.self, result)
            guard sent.size == meter.size else { throw incomplete(key, arrived: meter.size, sent: sent.size) }
            try call.finish(meter.transfer(of: StoredObject(try upload.finish())))
        } catch {
            upload.cancel()
            throw error
        }
    }

    /// Takes a small object from the mover.
    private func content(of call: Call, limit: Int, _ key: ObjectKey) throws -> [UInt8] {
        var content: [UInt8] = []
        let result = try call.result { piece in
            guard content.count + piece.count <= limit else {
                throw ObjectStoreError(
                    .tooLarge, operation: "put", key: key, "it is longer than \(limit) bytes",
                    store: repository.store.location)
            }
            content += piece
        }
        try check(Transfer(size: content.count, sha256: Digest(of: content)), result, key: key)
        return content
    }

    private func check(_ arrived: Transfer, _ result: [UInt8], key: ObjectKey) throws {
        let sent = try Call.decode(Transfer.self, result)
        guard sent.size == arrived.size, sent.sha256 == arrived.sha256 else {
            throw incomplete(key, arrived: arrived.size, sent: sent.size)
        }
    }

    private func incomplete(_ key: ObjectKey, arrived: Int, sent: Int) -> ObjectStoreError {
        ObjectStoreError(
            .truncated, operation: "put", key: key,
            "\(arrived) of \(sent) bytes arrived from the mover, or others than it sent",
            store: repository.store.location)
    }

    // MARK: Reading

    private func get(_ key: ObjectKey, _ range: Range<Int>?, call: Call) throws {
        var meter = TransferMeter()
        try repository.store.get(key, range: range) { piece in
            meter.add(piece)
            try call.write(piece)
        }
        let transfer = meter.transfer()
        if range == nil, rights.isDocument(key) { read.note(transfer.sha256) }
        try call.finish(transfer)
    }

    private func head(_ key: ObjectKey, _ call: Call) throws {
        try call.finish([try repository.store.head(key)].compactMap { $0.map(StoredObject.init) })
    }

    private func list(_ request: StoreRequest, _ call: Call) throws {
        guard let prefix = request.prefix, rights.mayList(prefix) else { throw denied(request, nil) }
        var page: [StoredObject] = []
        func send() throws {
            try call.write(JSONEncoder().encode(page).span.bytes)
            page.removeAll(keepingCapacity: true)
        }
        try repository.store.list(prefix: prefix, after: request.after.flatMap(ObjectKey.init)) { object in
            page.append(StoredObject(object))
            // A page with the longest keys is shorter than a piece.
            if page.count == 100 { try send() }
            return .proceed
        }
        if !page.isEmpty { try send() }
        try call.finish([] as [StoredObject])
    }

    // MARK: Keys

    private func seal(_ key: ObjectKey, _ call: Call) throws {
        let plain = try content(of: call, limit: DocumentLimits.longestManifest, key)
        try send(try repository.encryption.seal(plain, as: key), call)
    }

    private func open(_ key: ObjectKey, _ call: Call) throws {
        let sealed = try content(of: call, limit: DocumentLimits.longestManifest, key)
        guard read.holds(Digest(of: sealed)) else { throw denied(StoreRequest(.open, key), key) }
        try send(try repository.encryption.open(sealed, of: key), call)
    }

    private func send(_ document: [UInt8], _ call: Call) throws {
        try call.write(document.span.bytes)
        try call.finish(Transfer(size: document.count, sha256: Digest(of: document)))
    }

    private func openPack(_ key: ObjectKey, _ range: Range<Int>?, call: Call) throws {
        var meter = TransferMeter()
        try repository.openPack(key, range: range ?? 0..<Int.max) { piece in
            meter.add(piece)
            try call.write(piece)
        }
        try call.finish(meter.transfer())
    }

    private func askDoomed(_ call: Call) throws {
        var list: [UInt8] = []
        _ = try call.result { piece in
            guard list.count + piece.count <= DocumentLimits.longestManifest else {
                throw LinkError(.malformed, "too many packs")
            }
            list += piece
        }
        let packs = try Call.decode(Set<String>.self, list)
        try call.write(JSONEncoder().encode(try doomed(packs).sorted()).span.bytes)
        try call.finish([] as [String])
    }
}

/// The hashes of documents that passed to a mover.
private final class ServedDocuments: Sendable {
    private let digests = Mutex<Set<Digest>>([])

    func note(_ digest: Digest) { digests.withLock { _ = $0.insert(digest) } }
    func holds(_ digest: Digest) -> Bool { digests.withLock { $0.contains(digest) } }
}
