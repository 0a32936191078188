internal import Archiving
package import Cryptography
package import ObjectStorage
internal import Platform

/// A repository in an object store: opens it, and reads its documents, each checked against the hash that names it.
///
/// Calls block. A document that does not match its hash is fetched again, because a transfer can damage a document that
/// is intact in the store.
package struct Repository: Sendable {
    package private(set) var store: any ObjectStore
    package let description: RepositoryDescription
    package var encryption = RepositoryEncryption()
    package var signing = SetSigning()
    /// The sets that a reader uses.
    package var scope = SetScope()
    /// The documents that this command has read; nil for a command that must see what the store has each time.
    package var memory: DocumentMemory?
    /// The manifests and indexes on this machine; nil for a command that must see what the store has.
    package var cache: DocumentCache?
    /// Nil: no object is locked.
    package var lock: ObjectLock?
    /// The options for writing the objects of sets: packs, indexes, manifests, signatures, sets.
    package internal(set) var writing = PutOptions(.ifAbsent)

    /// - Throws: ``RepositoryError`` `.notARepository`, `.newerVersion`, `.damaged`; `ObjectStoreError`.
    package init(opening store: any ObjectStore) throws {
        self.store = store
        do {
            description = try Self.fetch(Layout.description, from: store) { bytes in
                try SealedDocument.decode(RepositoryDescription.self, bytes, name: Layout.description.text)
            }
        } catch let error as ObjectStoreError where error.reason == .notFound || error.reason == .noSuchStore {
            throw RepositoryError(
                .notARepository, object: store.location, "there is no repository here",
                hint: "check the address and the prefix; `dr init --create` creates a new repository")
        }
    }

    /// Creates a repository if there is none.
    /// - Returns: the repository, and true if it is new.
    package static func create(
        in store: any ObjectStore, tool: String, now: Timestamp, pack: PackSettings = .standard
    ) throws -> (Repository, isNew: Bool) {
        let description = RepositoryDescription(
            format: RepositoryFormat.version, id: RandomID.make(), created: now, tool: tool, pack: pack)
        do {
            _ = try store.put(
                Layout.description, try SealedDocument.encode(description), options: PutOptions(.ifAbsent))
        } catch let error as ObjectStoreError where error.reason == .alreadyExists {
            return (try Repository(opening: store), false)
        } catch let error as ObjectStoreError where error.reason == .noSpace {
            // A full store may report lack of space before it reports that the key exists.
            guard try store.head(Layout.description) != nil else { throw error }
            return (try Repository(opening: store), false)
        }
        // If the store has no room for it, a later prune tries again.
        do { try SpaceReserve(store: store).fill() } catch let error as ObjectStoreError
            where error.reason == .noSpace
        {}
        return (try Repository(opening: store), true)
    }

    /// The same repository for a reader that must see what the store has.
    package var unremembered: Repository {
        on(store.with(RememberedObjects.self)?.base ?? store)
    }

    /// The same repository in another store, for a reader that must see what that store has.
    func on(_ store: any ObjectStore) -> Repository {
        var repository = self
        repository.store = store
        (repository.memory, repository.cache) = (nil, nil)
        return repository
    }

    /// The same repository, which takes what its store lacks from other stores of it.
    package func fallingOver(to others: [Repository]) -> Repository {
        var repository = unremembered
        func place(_ repository: Repository) -> FallbackStore.Place {
            FallbackStore.Place(name: repository.store.location, store: repository.unremembered.store)
        }
        if !others.isEmpty { repository.store = FallbackStore(place(self), then: others.map(place)) }
        return repository
    }

    // MARK: Sets

    /// Returns the names of all sets, oldest first. A name takes 16 bytes; the names of ten years of hourly sets fit in
    /// 1.4 MB.
    /// - Parameter known: a set that must exist. A listing may lag behind: one that lacks this set is completed.
    package func setNames(including known: Timestamp? = nil) throws -> [Timestamp] {
        var names: [Timestamp] = []
        try store.listDocuments(prefix: Layout.setPrefix) { object in
            if let text = Layout.name(of: object.key, suffix: ".json"), let name = Timestamp(text) {
                names.append(name)
            }
        }
        if let known, !names.contains(known), try unremembered.store.head(Layout.set(known)) != nil {
            names.append(known)
            names.sort()
        }
        return names
    }

    /// Returns the SHA-256 of a set's document as it is stored. The document is checked, so that damage on the way or
    /// on this machine does not give the hash of another one.
    package func digest(ofSet name: Timestamp) throws -> Digest { try document(ofSet: name).digest }

    package func set(_ name: Timestamp) throws -> BackupSet {
        try set(name, void: VoidRuns(askingAbout: Marks(self)))
    }

    /// Returns a set with the SHA-256 of its document as it is stored. A set of an abandoned run is returned as well.
    func document(ofSet name: Timestamp) throws -> (set: BackupSet, digest: Digest) {
        var digest: Digest?
        let set = try set(name, void: nil) { digest = Digest(of: $0) }
        return (set, digest ?? Digest(of: []))
    }

    /// - Parameter void: the runs that prunes have abandoned; nil if their sets are wanted as well.
    func set(_ name: Timestamp, void: VoidRuns?, document: ([UInt8]) -> Void = { _ in }) throws -> BackupSet {
        let key = Layout.set(name)
        do {
            let set = try Self.fetch(key, from: store, memory: memory) { bytes in
                let set: BackupSet
                do {
                    let plain = try encryption.open(bytes, of: key)
                    set = try SealedDocument.decode(BackupSet.self, plain, name: key.text)
                } catch let error as RepositoryError where [.newerVersion, .encrypted].contains(error.reason) {
                    try signing.requireSigner(of: name, bytes, in: store)
                    throw error
                }
                guard set.name == name, set.repository == description.id else {
                    throw RepositoryError.damaged(key.text, "it holds set \(set.name) of repository \(set.repository)")
                }
                try signing.check(set, bytes, in: self)
                document(bytes)
                return set
            }
            guard try void?.contains(set.run) != true else {
                throw RepositoryError(
                    .noSuchSet, object: key.text,
                    "a prune abandoned its run before the set was written, so the set is not valid",
                    hint: "`dr prune` removes it")
            }
            return set
        } catch let error as ObjectStoreError where error.reason == .notFound {
            // Readers take a set that is not there for a pruned one, and use an older one in silence.
            guard error.unreached == nil else { throw RepositoryError.missing(key, error) }
            throw RepositoryError(
                .noSuchSet, object: key.text, "there is no such set", hint: "`dr list` lists the sets")
        }
    }

    /// Returns the newest readable set, skipping damaged ones.
    /// - Parameter skipped: is called for each skipped set.
    package func newestReadableSet(
        where isWanted: (BackupSet) -> Bool = { _ in true }, skipped: (Timestamp, any Error) -> Void = { _, _ in }
    ) throws -> BackupSet? {
        for name in try setNames().reversed() {
            do {
                let set = try set(name)
                if isWanted(set) { return set }
            } catch let error as RepositoryError where error.reason == .damaged {
                skipped(name, error)
            } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue  // a prune removed it after the listing
            }
        }
        return nil
    }

    // MARK: Manifests and indexes

    package func manifest(_ component: String, of set: BackupSet) throws -> Manifest {
        guard let part = set.components[component] else {
            let reason = set.failed[component].map { ": its backup failed: \($0)" } ?? ""
            throw RepositoryError(
                .noSuchComponent, object: component, "set \(set.name) has no such component\(reason)",
                hint: "it has: \(set.components.keys.sorted().joined(separator: ", "))")
        }
        return try manifest(component, part.manifest, sha256: part.sha256)
    }

    /// Reads the manifests of components, side by side.
    /// - Returns: for each component whose manifest is damaged, the reason.
    package func unreadableManifests(of components: Set<String>, in set: BackupSet) throws -> [String: String] {
        let found = try SideBySide.map(components.sorted()) { component -> (String, String)? in
            do { _ = try manifest(component, of: set) } catch let error as RepositoryError
                where error.reason == .damaged
            { return (component, error.detail) }
            return nil
        }
        return Dictionary(found.compactMap { $0 }) { first, _ in first }
    }

    package func manifest(_ component: String, _ name: Timestamp, sha256: Digest) throws -> Manifest {
        let key = Layout.manifest(component, name)
        return try fetchNamed(key, sha256: sha256, limit: DocumentLimits.longestManifest) { bytes in
            let plain = try encryption.open(bytes, of: key)
            let manifest = try SealedDocument.decode(Manifest.self, plain, name: key.text)
            guard manifest.component == component, manifest.name == name else {
                throw RepositoryError.damaged(key.text, "it is the manifest of another backup")
            }
            return manifest
        }
    }

    /// Returns a manifest that no set names, checked only against its seal.
    func manifest(_ component: String, _ name: Timestamp) throws -> Manifest {
        let key = Layout.manifest(component, name)
        do {
            return try Self.fetch(key, from: store, limit: DocumentLimits.longestManifest) { bytes in
                let plain = try encryption.open(bytes, of: key)
                let manifest = try SealedDocument.decode(Manifest.self, plain, name: key.text)
                guard manifest.component == component, manifest.name == name else {
                    throw RepositoryError.damaged(key.text, "it is the manifest of another backup")
                }
                return manifest
            }
        } catch let error as ObjectStoreError where error.reason == .notFound {
            throw RepositoryError.missing(key, error)
        }
    }

    package func index(_ component: String, _ use: Manifest.PackUse) throws -> PackIndex {
        let key = Layout.index(component, use.pack)
        let limit = DocumentLimits.longestIndex(members: use.members)
        return try fetchNamed(key, sha256: use.index, limit: limit) { bytes in
            let stored = try encryption.open(bytes, of: key)
            return try Self.decodeIndex(stored, component: component, use, key: key)
        }
    }

    /// Encodes the object of a set or a manifest: sealed, then encrypted where there are recipients.
    package func encode(_ document: some Encodable, as key: ObjectKey) throws -> [UInt8] {
        try encryption.seal(try SealedDocument.encode(document), as: key)
    }

    /// Encodes the object of an index: sealed, compressed, then encrypted where there are recipients.
    package func encode(_ index: PackIndex) throws -> [UInt8] {
        try encryption.seal(Self.encodeIndex(index), as: Layout.index(index.component, index.pack))
    }

    /// Encodes an index that is not encrypted: sealed, then compressed.
    package static func encodeIndex(_ index: PackIndex) -> [UInt8] {
        var gzip = GzipEncoder()
        var stored: [UInt8] = []
        var plain = index.text
        SealedDocument.seal(&plain)
        // Members of at most one mebibyte each; together they are one gzip stream.
        for start in stride(from: 0, to: plain.count, by: GzipEncoder.maximumMember) {
            let end = min(start + GzipEncoder.maximumMember, plain.count)
            gzip.encode(plain.span.bytes.extracting(start..<end), into: &stored)
        }
        return stored
    }

    private static func decodeIndex(
        _ bytes: [UInt8], component: String, _ use: Manifest.PackUse, key: ObjectKey
    ) throws -> PackIndex {
        let plain: [UInt8]
        do {
            plain = try GzipStream.decode(bytes, limit: DocumentLimits.longestIndex(members: use.members))
        } catch {
            throw RepositoryError.damaged(key.text, "\(error)")
        }
        let index = try SealedDocument.decode(
            PackIndex.self, plain, name: key.text,
            mostValues: DocumentLimits.mostIndexValues(members: use.members))
        guard index.component == component, index.pack == use.pack, index.gzip.allSatisfy({ $0.count == 2 }) else {
            throw RepositoryError.damaged(key.text, "it is the index of another pack")
        }
        return index
    }

    /// Reads an object whose hash is known.
    private func fetchNamed<Value>(
        _ key: ObjectKey, sha256: Digest, limit: Int, _ decode: ([UInt8]) throws -> Value
    ) throws -> Value {
        if let bytes = cache?.document(sha256, limit: limit) { return try decode(bytes) }
        do {
            let bytes = try Self.fetch(key, from: store, memory: memory, limit: limit) { bytes in
                guard Digest(of: bytes) == sha256 else {
                    throw RepositoryError.damaged(key.text, "its SHA-256 does not match the recorded one")
                }
                return bytes
            }
            cache?.keep(bytes, sha256)
            return try decode(bytes)  // not in the loop: another read of the same bytes would give the same document
        } catch let error as ObjectStoreError where error.reason == .notFound {
            throw RepositoryError.missing(key, error)
        }
    }

    /// Fetches again while the received data are damaged or truncated.
    private static func fetch<Value>(
        _ key: ObjectKey, from store: any ObjectStore, memory: DocumentMemory? = nil,
        limit: Int = DocumentLimits.longestDocument, _ decode: ([UInt8]) throws -> Value
    ) throws -> Value {
        if let known = memory?[key] { return try decode(known) }
        func decoded(_ bytes: [UInt8]) throws -> Value {
            let value = try decode(bytes)
            memory?.keep(bytes, as: key)
            return value
        }
        return try store.readDocument(key, limit: limit, decode: decoded)
    }
}

enum Retries {
    /// The number of reads after which received data count as the stored data. A path that damages one transfer in
    /// twenty damages all of four once in 160,000.
    static let ofDamagedReads = 4
}
