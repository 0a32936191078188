internal import Cryptography
internal import ObjectStorage

/// Writes manifests and sets of a copy, and uses those that an earlier run has written if they say the same. Calls block.
struct RekeyWriter {
    let target: Repository
    let signer: SetSigning

    /// A set in the copy.
    struct Written {
        var name: Timestamp
        var number: Int
        /// The SHA-256 of its document as it is stored.
        var digest: Digest
    }

    /// - Parameter index: returns the SHA-256 of the index of a pack in the copy.
    /// - Returns: the SHA-256 of the manifest as it is stored in the copy.
    func put(_ manifest: Manifest, index: (String) throws -> Digest) throws -> Digest {
        var copy = manifest
        for number in copy.packs.indices { copy.packs[number].index = try index(copy.packs[number].pack) }
        let key = Layout.manifest(copy.component, copy.name)
        if try target.store.head(key) != nil {
            let digest = Digest(of: try target.store.readDocument(key, limit: DocumentLimits.longestManifest))
            guard try target.manifest(copy.component, copy.name, sha256: digest) == copy else {
                throw RepositoryError.damaged(key.text, "the copy has another manifest of that name")
            }
            return digest
        }
        let document = try target.encode(copy, as: key)
        _ = try target.store.put(key, document, options: target.writing)
        return Digest(of: document)
    }

    /// A set that an earlier run has written keeps its place in the chain: sets between may have been pruned since then.
    func put(_ set: BackupSet, at now: Timestamp) throws -> Written {
        let key = Layout.set(set.name)
        if try target.store.head(key) != nil {
            let (found, digest) = try target.document(ofSet: set.name)
            var expected = set
            (expected.previous, expected.previousDigest) = (found.previous, found.previousDigest)
            expected.number = found.number
            guard found == expected else {
                throw RepositoryError(
                    .alreadyExists, object: key.text, "the copy has another set of that name",
                    hint: "copy to another, empty address")
            }
            return Written(name: set.name, number: found.number ?? 0, digest: digest)
        }
        let document = try target.encode(set, as: key)
        // A killed run leaves a signature without its set.
        if signer.signer != nil, try target.store.head(Layout.signature(of: set)) != nil,
            let refused = try target.store.delete([Layout.signature(of: set)]).first
        {
            throw refused
        }
        try signer.sign(set, document, in: target)
        _ = try target.store.put(key, document, options: target.writing)
        _ = try OutcomeMark.settle(set.run, as: .committed, at: now, in: Marks(target))
        return Written(name: set.name, number: set.number ?? 0, digest: Digest(of: document))
    }
}

/// The marks that are still true of a copied set: pins, drills, and recorded queries. A verification is not among them: it
/// read other objects.
struct RekeyMarks {
    let source: Repository
    let target: Repository
    let sets: Set<Timestamp>
    let now: Timestamp

    /// - Returns: the number of marks in the copy.
    func copy() throws -> Int {
        let (from, to) = (Marks(source), Marks(target))
        var count = 0
        func put(_ mark: some Mark, of name: String) throws {
            // The same id in each run, so that a second one adds nothing.
            let id = String(Digest(of: Array("\(source.description.id) \(name)".utf8)).hex.prefix(32))
            do { try to.put(mark, id: id) } catch let error as ObjectStoreError where error.reason == .alreadyExists {}
            count += 1
        }
        let present = try SetMarks(to)
        for (set, pin) in try pins() {
            count += 1
            guard present[set].pinned != pin else { continue }
            try to.put(PinnedMark(at: now, set: set, until: pin.until, reason: pin.reason))
        }
        try from.forEach(DrilledMark.self, unreadable: { _ in }) { object, mark in
            if sets.contains(mark.set) { try put(mark, of: object.key.text) }
        }
        try from.forEach(RecordedMark.self, unreadable: { _ in }) { object, mark in
            if sets.contains(mark.set) { try put(mark, of: object.key.text) }
        }
        return count
    }

    /// The pins that hold, by set.
    func pins() throws -> [Timestamp: SetMarks.Pin] {
        let facts = try SetMarks(Marks(source))
        if let lost = facts.lostPins.first { throw lost }
        return Dictionary(
            uniqueKeysWithValues: sets.compactMap { set in
                facts[set].pinned.flatMap { $0.holds(at: now) ? (set, $0) : nil }
            })
    }
}
