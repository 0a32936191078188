internal import Cryptography
internal import ObjectStorage
internal import Platform

/// Copies one pack to another repository: opens it, verifies the SHA-256 of every content in it, and encrypts it to the
/// other recipients. The gzip stream stays as it is, so the index changes only in its `object`. Calls block.
///
/// Memory: one stored and one plain gzip member, a mebibyte each, and the index.
struct PackCopy {
    let source: Repository
    let target: Repository
    let progress: WorkProgress

    struct Outcome: Sendable {
        /// The SHA-256 of the index in the other repository, as it is stored.
        var index: Digest
        /// True if the pack was there already.
        var isSkipped: Bool
        /// Bytes of the pack as it is stored there.
        var bytes: Int
        /// Contents whose SHA-256 was verified.
        var contents: Int
    }

    /// - Throws: `RepositoryError` `.damaged` if the pack cannot be read whole.
    func copy(_ use: Manifest.PackUse, of component: String) throws -> Outcome {
        let index = try source.index(component, use)
        if let present = try present(index) { return present }
        for attempt in 1... {
            do {
                let (copy, contents) = try write(index)
                let document = try target.encode(copy)
                _ = try target.store.put(
                    Layout.index(component, use.pack), document, options: target.writing)
                return Outcome(
                    index: Digest(of: document), isSkipped: false, bytes: copy.object.size, contents: contents)
            } catch let error as RepositoryError where error.reason == .damaged && attempt < Retries.ofDamagedReads {
                continue
            }
        }
        throw RepositoryError.damaged(index.key.text, "it cannot be read")
    }

    /// Returns the pack that an earlier run has copied, if its index is that of this pack and its bytes are those of its
    /// index.
    private func present(_ index: PackIndex) throws -> Outcome? {
        let key = Layout.index(index.component, index.pack)
        guard try target.store.head(key) != nil else { return nil }
        let document = try target.store.readDocument(key, limit: DocumentLimits.longestIndexOfOneFile)
        let digest = Digest(of: document)
        let use = Manifest.PackUse(pack: index.pack, index: digest, members: index.members.count)
        let copy = try target.index(index.component, use)
        var expected = index
        expected.object = copy.object
        guard copy == expected, copy.isEncrypted != target.encryption.recipients.isEmpty else {
            throw RepositoryError.damaged(key.text, "it is not the copy of the index in the other repository")
        }
        let hash = StreamHash()
        try target.store.get(copy.key, range: nil) { piece in
            try Task.checkCancellation()
            hash.update(piece)
            progress.update { $0.transferred += piece.byteCount }
        }
        guard hash.digest() == copy.object.sha256 else {
            throw RepositoryError.damaged(copy.key.text, "its SHA-256 does not match the recorded one")
        }
        progress.update { $0.bytes += index.object.size }
        return Outcome(index: digest, isSkipped: true, bytes: copy.object.size, contents: 0)
    }

    private func write(_ index: PackIndex) throws -> (PackIndex, contents: Int) {
        let recipients = target.encryption.recipients
        let key = Layout.pack(index.component, index.pack, isEncrypted: !recipients.isEmpty)
        try removeRest(key)
        let upload = try target.store.upload(key, target.writing)
        let output = Output(upload)
        do {
            let encryptor = recipients.isEmpty ? nil : try CMSEncryptor(to: recipients) { try output.write($0) }
            let contents = try read(index) { bytes in
                if let encryptor { try encryptor.write(bytes) } else { try output.write(bytes) }
            }
            try encryptor?.finish()
            var copy = index
            copy.object = try output.finish(isEncrypted: encryptor != nil)
            return (copy, contents)
        } catch {
            upload.cancel()
            throw error
        }
    }

    /// A killed run leaves a pack without an index, which nothing refers to.
    private func removeRest(_ key: ObjectKey) throws {
        guard try target.store.head(key) != nil else { return }
        if let refused = try target.store.delete([key]).first { throw refused }
    }

    /// Passes on the gzip stream, member by member, and verifies the contents in it.
    /// - Returns: the number of contents.
    private func read(_ index: PackIndex, _ body: @escaping (RawSpan) throws -> Void) throws -> Int {
        var reader = try PackReader(index, in: source)
        let state = ReadState()
        reader.transferred = { count in
            progress.update {
                $0.bytes += count
                $0.transferred += count
            }
        }
        reader.opened = { bytes in
            guard state.failure == nil else { return }
            do { try body(bytes) } catch { state.failure = error }
        }
        let pieces = try index.members.compactMap { member -> PackReader.Piece? in
            guard let offset = member.offset, let size = member.size, let digest = member.sha256 else { return nil }
            guard offset >= 0, size > 0, offset.addingClamped(size) <= reader.plainSize else {
                throw RepositoryError.damaged(index.key.text, "its index contains a range outside the object")
            }
            let content = StreamHash()
            var missing = size
            return PackReader.Piece(plain: offset..<offset + size) { bytes in
                try Task.checkCancellation()
                if let failure = state.failure { throw failure }
                content.update(bytes)
                missing -= bytes.byteCount
                guard missing == 0 else { return }
                state.contents += 1
                guard content.digest() == digest else {
                    throw RepositoryError.damaged(
                        index.key.text,
                        "the content of '\(member.record?.name.printable ?? "?")' does not match its SHA-256")
                }
            } fail: { _ in
            }
        }
        try reader.readAll(pieces) { reason in
            state.failure = state.failure ?? RepositoryError.damaged(index.key.text, reason)
        }
        if let failure = state.failure { throw failure }
        let expected = index.members.count { $0.offset != nil && $0.size != nil && $0.sha256 != nil }
        guard state.contents == expected else {
            throw RepositoryError.damaged(index.key.text, "it ends before its last content")
        }
        return state.contents
    }

    /// The state of one reading, all on one thread.
    private final class ReadState {
        var failure: (any Error)?
        var contents = 0
    }

    /// An upload that hashes and counts its bytes.
    private final class Output {
        private let upload: any ObjectUpload
        private let hash = StreamHash()
        private var size = 0

        init(_ upload: any ObjectUpload) { self.upload = upload }

        func write(_ bytes: RawSpan) throws {
            hash.update(bytes)
            size += bytes.byteCount
            try upload.write(bytes)
        }

        func finish(isEncrypted: Bool) throws -> PackIndex.StoredObject {
            let info = try upload.finish()
            guard info.size == size, let digest = hash.digest() else {
                throw RepositoryError.damaged(info.key.text, "the store holds \(info.size) bytes of \(size) sent")
            }
            return PackIndex.StoredObject(
                size: size, sha256: digest, envelope: isEncrypted ? "cms" : nil)
        }
    }
}
