internal import Cryptography
internal import ObjectStorage
internal import Platform

/// Reads every byte of a pack: verifies the object's hash, each gzip member's checksum, each file's hash, and the
/// contents with the domain's checks. Calls block.
struct PackProof {
    let repository: Repository
    let progress: WorkProgress
    /// The domain's checks, by kind of source.
    let restorers: [String: any ComponentRestorer]

    struct Outcome {
        /// The failures; empty if there are none.
        var failures: [String] = []
        var bytesRead = 0
        /// Bytes of the object, as its index records.
        var size = 0
        /// Files whose contents were hashed.
        var filesRead = 0
        /// True if the contents were not decoded: they are encrypted, and there is no key.
        var isSealed = false

        /// The first failure, with the number of others.
        var reason: String? {
            failures.first.map { failures.count == 1 ? $0 : "\($0), and \(failures.count - 1) more" }
        }
    }

    /// - Returns: the result, and the key of the pack's object.
    /// - Throws: `RepositoryError` `.damaged` if the index cannot be read; `ObjectStoreError`; `CancellationError`.
    func prove(_ use: Manifest.PackUse, of component: String, kind: String) throws -> (Outcome, ObjectKey) {
        let index = try repository.index(component, use)
        var outcome = Outcome()
        outcome.size = index.object.size
        let isEncrypted = index.object.envelope != nil
        if isEncrypted {
            if let failure = try readEnvelope(index, &outcome) { outcome.failures.append(failure) }
            outcome.isSealed = try PackReader(index, in: repository).isSealed
            guard !outcome.isSealed, outcome.failures.isEmpty else { return (outcome, index.key) }
        }
        // In an unencrypted pack the reader itself fetches damaged parts again; an envelope is opened as a whole.
        for _ in 0..<(isEncrypted ? Retries.ofDamagedReads : 1) {
            try readContents(index, of: restorers[kind], &outcome)
            if outcome.failures.isEmpty { break }
        }
        return (outcome, index.key)
    }

    /// Checks the gzip stream and its files.
    private func readContents(
        _ index: PackIndex, of domain: (any ComponentRestorer)?, _ outcome: inout Outcome
    ) throws {
        var reader = try PackReader(index, in: repository)
        let object = StreamHash(), found = Found()
        reader.opened = { object.update($0) }
        reader.transferred = { count in
            found.bytes += count
            progress.update {
                $0.bytes += count
                $0.transferred += count
            }
        }
        let pieces = try index.members.compactMap { member -> PackReader.Piece? in
            guard let offset = member.offset, let size = member.size, let digest = member.sha256 else { return nil }
            guard offset >= 0, size > 0, offset.addingClamped(size) <= reader.plainSize else {
                throw RepositoryError.damaged(index.key.text, "its index contains a range outside the object")
            }
            let content = StreamHash()
            let inspector = domain?.inspector(of: member.record?.name ?? "")
            var missing = size
            return PackReader.Piece(plain: offset..<offset + size) { bytes in
                try Task.checkCancellation()
                content.update(bytes)
                inspector?.write(bytes)
                missing -= bytes.byteCount
                guard missing == 0 else { return }
                found.files += 1
                if content.digest() != digest {
                    found.failures.append(
                        "the content of '\(member.record?.name.printable ?? "?")' does not match its SHA-256")
                }
                found.failures += inspector?.finish().map { "'\($0.path.printable)': \($0.reason)" } ?? []
            } fail: { _ in
            }
        }
        try reader.readAll(pieces) { found.failures.append($0) }
        if found.failures.isEmpty, index.object.envelope == nil, object.digest() != index.object.sha256 {
            found.failures.append(Self.wrongHash)
        }
        outcome.failures = found.failures
        outcome.bytesRead += found.bytes
        outcome.filesRead += found.files
    }

    private static let wrongHash = "its SHA-256 does not match the recorded one"

    /// Hashes an encrypted pack as it is stored, which does not need a key.
    private func readEnvelope(_ index: PackIndex, _ outcome: inout Outcome) throws -> String? {
        var failure: String?
        for _ in 0..<Retries.ofDamagedReads {
            let object = StreamHash()
            var bytes = 0
            defer { outcome.bytesRead += bytes }
            do {
                try repository.store.get(index.key, range: 0..<index.object.size) { piece in
                    try Task.checkCancellation()
                    object.update(piece)
                    bytes += piece.byteCount
                    progress.update { $0.bytes += piece.byteCount }
                }
                if object.digest() == index.object.sha256 { return nil }
                failure = Self.wrongHash
            } catch let error as ObjectStoreError where [.truncated, .notFound, .invalidRange].contains(error.reason) {
                failure = error.detail
            }
        }
        return failure
    }

    /// The findings for the pieces of one reading, all on one thread.
    private final class Found {
        var failures: [String] = []
        var bytes = 0, files = 0
    }
}
