internal import Archiving
package import Cryptography
package import ObjectStorage

/// A repository in an object store: opens it, and reads its documents, each proved by the hash that names it.
///
/// Calls block. A document is fetched again when it does not match its hash, since a transfer can damage what the
/// store still holds whole.
package struct Repository: Sendable {
    package let store: any ObjectStore
    package let description: RepositoryDescription
    package var encryption = PackEncryption()
    package var signing = SetSigning()
    /// Which of the sets a reader takes.
    package var scope = SetScope()
    /// Nil: nothing is locked.
    package var lock: ObjectLock?
    /// How the objects of sets are written: packs, indexes, manifests, signatures, sets.
    var writing = PutOptions(.ifAbsent)

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
                hint: "`dr init` makes one; if there should be one, check the address and the prefix")
        }
    }

    /// Makes a repository where there is none.
    /// - Returns: the repository, and whether it is new.
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
            // A full store may say so before it says that the key is taken.
            guard try store.head(Layout.description) != nil else { throw error }
            return (try Repository(opening: store), false)
        }
        // Where the store has no room for it, a later prune tries again.
        do { try SpaceReserve(store: store).fill() } catch let error as ObjectStoreError
            where error.reason == .noSpace
        {}
        return (try Repository(opening: store), true)
    }

    // MARK: Sets

    /// The names of all sets, oldest first. A name takes 16 bytes; ten years of hourly ones fit in 1.4 MB.
    /// - Parameter known: a set that should be there. A listing may lag behind: one that lacks it is completed.
    package func setNames(including known: Timestamp? = nil) throws -> [Timestamp] {
        var names: [Timestamp] = []
        try store.list(prefix: Layout.setPrefix, after: nil) { object in
            if let text = Layout.name(of: object.key, suffix: ".json"), let name = Timestamp(text) {
                names.append(name)
            }
            return .proceed
        }
        if let known, !names.contains(known), try store.head(Layout.set(known)) != nil {
            names.append(known)
            names.sort()
        }
        return names
    }

    /// SHA-256 of a set's document as it is stored.
    package func digest(ofSet name: Timestamp) throws -> Digest {
        Digest(of: try store.read(Layout.set(name), limit: 256 << 20))
    }

    /// - Parameter void: runs that prunes have given up, where the caller has listed them; else they are asked for.
    package func set(_ name: Timestamp, void: Set<String>? = nil) throws -> BackupSet {
        let key = Layout.set(name)
        do {
            let set = try Self.fetch(key, from: store) { bytes in
                let set = try SealedDocument.decode(BackupSet.self, bytes, name: key.text)
                guard set.name == name, set.repository == description.id else {
                    throw RepositoryError.damaged(key.text, "it holds set \(set.name) of repository \(set.repository)")
                }
                try signing.check(set, bytes, in: store)
                return set
            }
            guard try !(void?.contains(set.run) ?? (store.head(VoidMark.key(set.run)) != nil)) else {
                throw RepositoryError(
                    .noSuchSet, object: key.text, "its run was given up before the set was written, so it is none",
                    hint: "`dr prune` removes it")
            }
            return set
        } catch let error as ObjectStoreError where error.reason == .notFound {
            throw RepositoryError(
                .noSuchSet, object: key.text, "there is no such set", hint: "`dr list` shows what there is")
        }
    }

    /// The newest set that can be read, going back over damaged ones.
    /// - Parameter skipped: is told of each set that was passed over.
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
                continue  // pruned since it was listed
            }
        }
        return nil
    }

    // MARK: Manifests and indexes

    package func manifest(_ component: String, of set: BackupSet) throws -> Manifest {
        guard let part = set.components[component] else {
            let reason = set.failed[component].map { ": it failed then: \($0)" } ?? ""
            throw RepositoryError(
                .noSuchComponent, object: component, "set \(set.name) has no such component\(reason)",
                hint: "it has: \(set.components.keys.sorted().joined(separator: ", "))")
        }
        return try manifest(component, part.manifest, sha256: part.sha256)
    }

    package func manifest(_ component: String, _ name: Timestamp, sha256: Digest) throws -> Manifest {
        let key = Layout.manifest(component, name)
        return try fetchNamed(key, sha256: sha256) { bytes in
            let manifest = try SealedDocument.decode(Manifest.self, bytes, name: key.text)
            guard manifest.component == component, manifest.name == name else {
                throw RepositoryError.damaged(key.text, "it is the manifest of another backup")
            }
            return manifest
        }
    }

    /// A manifest that no set names, proved by its seal alone.
    func manifest(_ component: String, _ name: Timestamp) throws -> Manifest {
        let key = Layout.manifest(component, name)
        do {
            return try Self.fetch(key, from: store) { bytes in
                let manifest = try SealedDocument.decode(Manifest.self, bytes, name: key.text)
                guard manifest.component == component, manifest.name == name else {
                    throw RepositoryError.damaged(key.text, "it is the manifest of another backup")
                }
                return manifest
            }
        } catch let error as ObjectStoreError where error.reason == .notFound {
            throw RepositoryError.damaged(key.text, "it is missing")
        }
    }

    package func index(_ component: String, _ use: Manifest.PackUse) throws -> PackIndex {
        let key = Layout.index(component, use.pack)
        return try fetchNamed(key, sha256: use.index) { bytes in
            try Self.decodeIndex(bytes, component: component, pack: use.pack, key: key)
        }
    }

    /// The object of an index: sealed, then compressed.
    package static func encodeIndex(_ index: PackIndex) -> [UInt8] {
        var gzip = GzipEncoder()
        var stored: [UInt8] = []
        var plain = index.text
        SealedDocument.seal(&plain)
        // Members of at most a mebibyte each; together one gzip stream.
        for start in stride(from: 0, to: plain.count, by: GzipEncoder.maximumMember) {
            let end = min(start + GzipEncoder.maximumMember, plain.count)
            gzip.encode(plain.span.bytes.extracting(start..<end), into: &stored)
        }
        return stored
    }

    private static func decodeIndex(
        _ bytes: [UInt8], component: String, pack: String, key: ObjectKey
    ) throws -> PackIndex {
        let plain: [UInt8]
        do {
            plain = try GzipStream.decode(bytes, limit: 256 << 20)
        } catch {
            throw RepositoryError.damaged(key.text, "\(error)")
        }
        let index = try SealedDocument.decode(PackIndex.self, plain, name: key.text)
        guard index.component == component, index.pack == pack, index.gzip.allSatisfy({ $0.count == 2 }) else {
            throw RepositoryError.damaged(key.text, "it is the index of another pack")
        }
        return index
    }

    /// Reads an object whose hash is known.
    private func fetchNamed<Value>(
        _ key: ObjectKey, sha256: Digest, _ decode: ([UInt8]) throws -> Value
    ) throws -> Value {
        do {
            return try Self.fetch(key, from: store) { bytes in
                guard Digest(of: bytes) == sha256 else {
                    throw RepositoryError.damaged(key.text, "its SHA-256 is not the one that was recorded")
                }
                return try decode(bytes)
            }
        } catch let error as ObjectStoreError where error.reason == .notFound {
            throw RepositoryError.damaged(key.text, "it is missing")
        }
    }

    /// Fetches again while what arrives is damaged or cut short.
    private static func fetch<Value>(
        _ key: ObjectKey, from store: any ObjectStore, _ decode: ([UInt8]) throws -> Value
    ) throws -> Value {
        for _ in 1..<Retries.ofDamagedReads {
            do {
                return try decode(try store.read(key, limit: 256 << 20))
            } catch let error as RepositoryError where error.reason == .damaged {
                continue
            } catch let error as ObjectStoreError where error.reason == .truncated {
                continue
            }
        }
        return try decode(try store.read(key, limit: 256 << 20))
    }
}

enum Retries {
    /// How often an object is read before what arrives counts as what is stored. A path that damages one transfer in
    /// twenty damages all of four once in 160,000.
    static let ofDamagedReads = 4
}
